package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"chatgate/gateway/session"
)

const (
	// seenSessions is how many sessions are looked at; they stand for the others.
	seenSessions = 500
	// manyPeople are so many that they hardly all sit behind one door.
	manyPeople = 10
)

var errSeenEnough = errors.New("enough sessions were looked at")

// examineOrigins looks at where sign-ins came from. A company behind one address is normal (D31); many people behind a
// private one most likely stand behind a proxy that is not trusted.
func (t *Tools) examineOrigins(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	addresses, people, seen := map[string]bool{}, map[string]bool{}, 0
	err := t.app.parts.sessions.All(ctx, func(k session.Known) error {
		if seen++; seen > seenSessions {
			return errSeenEnough
		}
		addresses[k.From.Address] = true
		people[k.Identity.Provider+"\x00"+k.Identity.Subject] = true
		return nil
	})
	if err != nil && !errors.Is(err, errSeenEnough) {
		return nil // that the store does not answer, or does not open, is told of the store
	}
	return []Finding{judgeOrigins(addresses, len(people))}
}

func judgeOrigins(addresses map[string]bool, people int) Finding {
	f := Finding{About: "gateway", Name: "where people come from", Level: Well}
	if len(addresses) != 1 || people < manyPeople {
		f.Text = "nobody is signed in"
		if people > 0 {
			f.Text = "sessions of " + Count(people, "person", "people") + " from " + Count(len(addresses), "address", "addresses")
		}
		return f
	}
	for text := range addresses {
		address, err := netip.ParseAddr(text)
		if err == nil && isPrivate(address) {
			f.Level, f.Text = Warning, fmt.Sprintf("all of %d people seem to come from %s, which is inside", people, text)
			f.Fix = "if that is your proxy, add its network to trustedProxies, and see that it sends X-Forwarded-For"
			return f
		}
		f.Text = fmt.Sprintf("all of %d people come from %s, as from one company; if that is a proxy of yours, add it to trustedProxies", people, text)
	}
	return f
}
