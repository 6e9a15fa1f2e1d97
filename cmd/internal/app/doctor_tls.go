package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"chatgate/gateway/chat"
)

// soonOver is how long before its end a certificate is worth a word: those that renew themselves have done it by then.
const soonOver = 14 * day

// examineCertificates looks at the certificates of every https address that browsers or the gateway call: until when they
// are good, and whether they are trusted here.
func (t *Tools) examineCertificates(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	var found []Finding
	places := t.app.cfg.places()
	for _, origin := range slices.Sorted(maps.Keys(places)) {
		if f, told := t.examineCertificate(ctx, origin); told {
			f.About = places[origin]
			found = append(found, f)
		}
	}
	return found
}

// places are the origins of the installation's https addresses, each with the part that it belongs to.
func (c *Config) places() map[string]string {
	places := map[string]string{}
	add := func(part, address string) {
		if u, err := url.Parse(address); err == nil && u.Scheme == "https" {
			origin := u.Scheme + "://" + u.Host
			if _, known := places[origin]; !known {
				places[origin] = part
			}
		}
	}
	add("gateway", string(c.BaseURL))
	for _, key := range slices.Sorted(maps.Keys(c.Providers)) {
		add("provider "+key, c.Providers[key].Issuer)
		add("provider "+key, c.Providers[key].DiscoveryURL)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Chats)) {
		add("chat "+name, string(c.Chats[name].Addresses()["url"]))
		add("chat "+name, calledAt(c.Chats[name]))
	}
	return places
}

// calledAt is where the gateway calls a chat.
func calledAt(section chat.Config) string {
	return cmp.Or(section.APIAddress(), string(section.Addresses()["url"]))
}

// examineCertificate asks for the address. What does not answer for another reason is told of where that matters.
func (t *Tools) examineCertificate(ctx context.Context, origin string) (f Finding, told bool) {
	f.Name = "certificate"
	got, err := browse(ctx, t.app.parts.transport, origin+"/", nil)
	if refusal, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		f.Level, f.Text = Failure, fmt.Sprintf("%s: %v", origin, refusal.Err)
		f.Fix = "renew it, or have this machine trust its issuer (SSL_CERT_DIR)"
		return f, true
	}
	if err != nil || got.tls == nil || len(got.tls.PeerCertificates) == 0 {
		return f, false
	}
	f.Level, f.Text, f.Fix = judgeCertificates(origin, got.tls, t.app.parts.now())
	return f, true
}

// judgeCertificates goes by the one of the chain that is over first: without it nobody trusts the others.
func judgeCertificates(origin string, state *tls.ConnectionState, now time.Time) (level Level, text, fix string) {
	first := state.PeerCertificates[0]
	for _, certificate := range state.PeerCertificates[1:] {
		if certificate.NotAfter.Before(first.NotAfter) {
			first = certificate
		}
	}
	left := first.NotAfter.Sub(now)
	text = fmt.Sprintf("%s: good until %s", origin, Moment(first.NotAfter))
	switch {
	case left <= 0:
		return Failure, fmt.Sprintf("%s: expired on %s", origin, Moment(first.NotAfter)), "renew it"
	case left < soonOver:
		return Warning, text + ", " + Count(int(left/day), "day", "days") + " from now", "renew it, and see why that does not happen by itself"
	}
	return Well, text, ""
}
