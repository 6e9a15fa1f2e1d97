package session

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Settings is the `session` section of the configuration.
type Settings struct {
	Idle          time.Duration     `yaml:"idle" default:"8h" doc:"A session not used for this long ends."`
	Absolute      time.Duration     `yaml:"absolute" default:"24h" doc:"A session ends this long after its sign-in, however much it is used."`
	Recheck       time.Duration     `yaml:"recheck" default:"15m" doc:"How often the provider is asked whether a session may go on and what it now says of the person, where it gives refresh tokens; 0s never asks."`
	AccountChoice bool              `yaml:"accountChoice" default:"true" doc:"Lets people choose their account at the provider when they sign in again after signing out."`
	Places        map[string]string `yaml:"places" doc:"What the account page calls the networks that people sign in from, such as 10.20.0.0/16: the Oslo office."`
}

const shortest = time.Minute

// Check reports settings that contradict themselves.
func (s *Settings) Check(report func(key, problem string)) {
	if s.Idle < shortest {
		report("idle", "must be at least 1m")
	}
	if s.Absolute < s.Idle {
		report("absolute", "must not be shorter than idle")
	}
	if s.Recheck != 0 && s.Recheck < shortest {
		report("recheck", "must be at least 1m, or 0s to never ask")
	}
	for _, network := range slices.Sorted(maps.Keys(s.Places)) {
		prefix, err := netip.ParsePrefix(network)
		if err != nil || prefix.Masked() != prefix {
			report("places", fmt.Sprintf("must name networks such as 10.20.0.0/16, got %q", network))
		}
	}
}

// Place is what the settings call where an address is: the words of the smallest network that has it, empty for none.
func (s *Settings) Place(address string) (words string) {
	where, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	smallest := -1
	for network, called := range s.Places {
		prefix, err := netip.ParsePrefix(network)
		if err == nil && prefix.Contains(where.Unmap().WithZone("")) && prefix.Bits() > smallest {
			smallest, words = prefix.Bits(), called
		}
	}
	return words
}

// lasts is a chat's limit where it is one: no sign-in outlives its session.
func (s *Settings) lasts(limit time.Duration) time.Duration {
	if limit >= s.Absolute {
		return 0
	}
	return limit
}
