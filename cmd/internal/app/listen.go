package app

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Listen is where the gateway listens.
type Listen struct {
	Public string        `yaml:"public" default:":8080" doc:"For browsers, the provider and the chats."`
	Admin  string        `yaml:"admin" default:"127.0.0.1:9090" doc:"For probes and metrics: this machine alone, unless another address is named, which must be one that the public does not reach."`
	Drain  time.Duration `yaml:"drain" default:"5s" min:"0s" max:"5m" doc:"How long /readyz says draining before the listeners close."`
	Pprof  bool          `yaml:"pprof" doc:"Serves Go's profiles at /debug/pprof/ on the admin listener, for whoever reaches it. For a search for what takes time or memory, and off otherwise."`
	TLS    *ListenTLS    `yaml:"tls" doc:"Has the public listener speak HTTPS by itself; without it something in front of the gateway must. The admin listener stays plain HTTP."`
}

// Check reports addresses that nothing can listen at. Whether this machine has them shows when it starts.
func (l *Listen) Check(report func(key, problem string)) {
	for key, address := range map[string]string{"public": l.Public, "admin": l.Admin} {
		_, port, err := net.SplitHostPort(address)
		if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
			report(key, fmt.Sprintf("must be host:port or :port, with a port up to 65535, got %q", address))
		}
	}
	if l.Admin == l.Public {
		report("admin", "must not be where listen.public is: what it tells is not for everybody")
	}
}

// Network is a range of addresses, written as 10.0.0.0/8.
type Network netip.Prefix

// UnmarshalText refuses what is no range, and says how a single address is written as one.
func (n *Network) UnmarshalText(text []byte) error {
	prefix, err := netip.ParsePrefix(string(text))
	if err == nil && prefix.Bits() == 0 {
		return fmt.Errorf("must not be everybody, got %q: anyone could then claim any address", text) // S115
	}
	if err == nil {
		*n = Network(prefix)
		return nil
	}
	if address, err := netip.ParseAddr(string(text)); err == nil && address.Zone() == "" {
		return fmt.Errorf("must be a network, got %q: write it as %s", text, netip.PrefixFrom(address, address.BitLen()))
	}
	return fmt.Errorf("must be a network such as 10.0.0.0/8, got %q", text)
}

func (n Network) String() string { return netip.Prefix(n).String() }

func (c *Config) trustedProxies() []netip.Prefix {
	prefixes := make([]netip.Prefix, len(c.TrustedProxies))
	for i, network := range c.TrustedProxies {
		prefixes[i] = netip.Prefix(network)
	}
	return prefixes
}
