package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"chatgate/gateway/session"
)

// examineGateway looks at the gateway itself as browsers find it, by its public address.
func (t *Tools) examineGateway(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	found := []Finding{t.examineCookie(ctx), t.examineAdmin(ctx), t.examineTrusted()}
	if t.app.cfg.Development {
		found = append(found, gatewayFinding("development", Warning, "http and self-made names are allowed on loopback",
			"take development: true away where people sign in"))
	}
	return found
}

func gatewayFinding(name string, level Level, text, fix string) Finding {
	return Finding{About: "gateway", Name: name, Level: level, Text: text, Fix: fix}
}

// unknownProvider is the key of no provider: a sign-in there ends before anything is kept.
const unknownProvider = "-"

// examineCookie has the gateway delete a session cookie that leads nowhere, which it does with the attributes of a living
// one, and looks at what of them arrives here through whatever stands in front of it (S57, B-29).
func (t *Tools) examineCookie(ctx context.Context) Finding {
	const name = "session cookie"
	address := string(t.app.cfg.BaseURL) + "/login?provider=" + unknownProvider
	stray := session.Stray()
	got, err := browse(ctx, t.app.parts.transport, address, http.Header{"Cookie": {stray.String()}})
	if err != nil {
		return gatewayFinding(name, Failure, fmt.Sprintf("%s does not answer: %v", address, err),
			"see whether the gateway runs, and whether baseURL, DNS and the proxy lead to it")
	}
	if got.status >= http.StatusInternalServerError {
		return gatewayFinding(name, Failure, fmt.Sprintf("%s answers with %d", address, got.status),
			"see the store above, the gateway's log, and what stands in front of it")
	}
	for _, cookie := range cookiesOf(got.header) {
		if cookie.Name == stray.Name {
			return t.judgeCookie(name, cookie)
		}
	}
	return gatewayFinding(name, Failure, fmt.Sprintf("%s answers with %d and sets no cookie", address, got.status),
		"baseURL must lead to the gateway, and whatever stands in front of it must let Set-Cookie through")
}

func cookiesOf(h http.Header) []*http.Cookie { return (&http.Response{Header: h}).Cookies() }

// judgeCookie compares a cookie's attributes with those it left with. Without Secure, or with a Domain or another Path,
// browsers drop a cookie of this name altogether.
func (t *Tools) judgeCookie(name string, c *http.Cookie) Finding {
	want, word := http.SameSiteLaxMode, "Lax"
	if t.app.cfg.crossSite() {
		want, word = http.SameSiteNoneMode, "None"
	}
	var wrong []string
	for _, attribute := range []struct {
		ok   bool
		text string
	}{
		{c.Secure, "Secure is missing"},
		{c.HttpOnly, "HttpOnly is missing"},
		{c.Path == "/", fmt.Sprintf("Path is %q and must be /", c.Path)},
		{c.Domain == "", fmt.Sprintf("Domain is %q and must not be there", c.Domain)},
		{c.SameSite == want, "SameSite must be " + word},
	} {
		if !attribute.ok {
			wrong = append(wrong, attribute.text)
		}
	}
	if len(wrong) > 0 {
		return gatewayFinding(name, Failure, "arrives changed: "+strings.Join(wrong, ", "),
			"whatever stands in front of the gateway must leave Set-Cookie alone; restart the gateway if its configuration is older than this one")
	}
	return gatewayFinding(name, Well, "arrives with Secure, HttpOnly and SameSite="+word, "")
}

// examineAdmin asks the public address for what only the admin listener tells. Of an address that does not answer, or not
// with an answer of the gateway's, nothing can be told.
func (t *Tools) examineAdmin(ctx context.Context) Finding {
	const name = "admin listener"
	untold := ""
	for _, path := range []string{"/metrics", "/readyz", "/debug/pprof/"} {
		address := string(t.app.cfg.BaseURL) + path
		got, err := browse(ctx, t.app.parts.transport, address, nil)
		switch {
		case err != nil:
			untold = fmt.Sprintf("%s does not answer: %v", address, err)
		case tellsOfInside(got.body):
			return gatewayFinding(name, Failure, address+" tells everybody what listen.admin tells",
				"whatever stands in front of the gateway must lead to listen.public alone")
		case got.status >= http.StatusInternalServerError:
			untold = fmt.Sprintf("%s answers with %d", address, got.status)
		}
	}
	if untold != "" {
		return gatewayFinding(name, Warning, "whether baseURL leads to it cannot be told: "+untold, "run this again when the gateway answers there")
	}
	return gatewayFinding(name, Well, "is not reached by baseURL", "")
}

// tellsOfInside recognises what the admin listener answers: metrics, its state, and the list of profiles.
func tellsOfInside(body []byte) bool {
	return slices.ContainsFunc([]string{"chatgate_", `"checks":`, "<title>/debug/pprof/</title>"}, func(mark string) bool {
		return bytes.Contains(body, []byte(mark))
	})
}

// Networks of trusted proxies that are wider than these are hardly anybody's own (S115).
const widest4, widest6 = 8, 16

// examineTrusted looks at whose word is taken for where people come from (D31, S115).
func (t *Tools) examineTrusted() Finding {
	const name = "trustedProxies"
	trusted := t.app.cfg.trustedProxies()
	var wide []string
	for _, network := range trusted {
		if network.Bits() < leastBits(network) {
			wide = append(wide, network.String())
		}
	}
	switch {
	case len(wide) > 0:
		return gatewayFinding(name, Warning, strings.Join(wide, ", ")+" takes in most of the internet, so that people choose the address by which they are limited and audited",
			"name the networks of the proxies alone")
	case len(trusted) > 0:
		return gatewayFinding(name, Well, "forwarded headers are believed from "+joined(trusted), "")
	case strings.HasPrefix(string(t.app.cfg.BaseURL), "https://") && t.app.cfg.Listen.TLS == nil:
		return gatewayFinding(name, Warning, "is empty, while something in front of the gateway must be speaking https for it: everybody seems to come from that one address, "+
			"which limits, audit lines and the account page then tell", "name the network of the proxy, such as 10.0.0.0/8")
	}
	return gatewayFinding(name, Well, "is empty: no forwarded header is believed", "")
}

func leastBits(network netip.Prefix) int {
	if network.Addr().Is4() {
		return widest4
	}
	return widest6
}

func joined[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = item.String()
	}
	return strings.Join(texts, ", ")
}
