package limit_test

import (
	"net/netip"
	"testing"

	"chatgate/gateway/limit"
)

// S117, S124: one client has one key.
func TestAddressIsCanonical(t *testing.T) {
	for _, tc := range []struct{ name, addr, want string }{
		{"IPv4 is itself", "192.0.2.7", "192.0.2.7"},
		{"IPv4 mapped into IPv6 is the IPv4 address", "::ffff:192.0.2.7", "192.0.2.7"},
		{"IPv4 mapped, written in hex and with a zone", "::ffff:c000:207%eth0", "192.0.2.7"},
		{"IPv6 stands for its /64", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"its neighbour has the same key", "2001:DB8:1:2:ffff::1", "2001:db8:1:2::/64"},
		{"another /64 has another key", "2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"a zone is dropped", "fe80::1%eth0", "fe80::/64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := limit.Address(netip.MustParseAddr(tc.addr)); got != tc.want {
				t.Errorf("Address(%q) = %q, want %q", tc.addr, got, tc.want)
			}
			if got := limit.AddressText(tc.addr); got != tc.want {
				t.Errorf("AddressText(%q) = %q, want %q", tc.addr, got, tc.want)
			}
		})
	}
	if got := limit.Address(netip.Addr{}); got != "none" {
		t.Errorf("Address of a Unix socket's peer = %q, want %q", got, "none")
	}
	for _, text := range []string{"", "@", "somewhere", "192.0.2.7:80"} {
		if got := limit.AddressText(text); got != "none" {
			t.Errorf("AddressText(%q) = %q, want %q", text, got, "none")
		}
	}
}
