package limit

import "net/netip"

const (
	// noAddress is the key of peers without an address, such as those of a Unix socket (S117).
	noAddress = "none"
	// subscriber is the prefix a provider hands to one IPv6 customer at least (RFC 6177, Section 2).
	subscriber = 64
)

// AddressText is Address for an address as a request has it; what is no address has the key of a peer without one.
func AddressText(text string) string {
	addr, _ := netip.ParseAddr(text)
	return Address(addr)
}

// Address is the canonical key of an address, so that one client has one key however it is written (S124): an IPv4
// address mapped into IPv6 is the IPv4 address, the zone is dropped, and an IPv6 address stands for its /64, whose
// 2^64 addresses are one customer's to choose from.
func Address(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return noAddress
	}
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(subscriber)
	if err != nil {
		return noAddress // unreachable: a valid IPv6 address has a /64
	}
	return prefix.String()
}
