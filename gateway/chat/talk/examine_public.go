package talk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"chatgate/gateway/chat"
)

// examinePublicSide asks for what browsers and the product will ask for, by the address that they will use: that this
// gateway answers there, and that whatever stands in front of it leaves the answers alone.
func (c *connector) examinePublicSide(ctx context.Context) []chat.Finding {
	var found []chat.Finding
	if c.published() {
		found = append(found, c.examineJWKS(ctx))
	}
	if c.login != nil {
		found = append(found, c.examineDiscovery(ctx))
	}
	for _, origin := range c.Access().Token {
		if f := c.examineTokenRoute(ctx, origin); !f.OK {
			return append(found, f)
		}
	}
	return append(found, chat.Finding{Name: "token address", OK: true, Text: c.site("/token") + " answers the embedding pages"})
}

// site is the public address of one of the site's paths.
func (c *connector) site(path string) string { return c.env.BaseURL + "/" + c.env.Name + path }

// browse asks the gateway as somebody outside does.
func (c *connector) browse(ctx context.Context, address string, header http.Header) (seen, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return seen{}, err
	}
	r.Header = header
	return c.send(ctx, r)
}

func unanswered(name, address string, err error) chat.Finding {
	return chat.Finding{Name: name, Text: fmt.Sprintf("%s does not answer: %v", address, err),
		Fix: "see whether the gateway runs, and whether baseURL, DNS and the proxy lead to it"}
}

// wrongAnswer says what an answer of another status than the wanted one tells.
func wrongAnswer(name, address string, status int) chat.Finding {
	if status >= 300 && status < 400 {
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s answers with a redirect (%d)", address, status),
			Fix: "whatever stands in front of the gateway must let it through"}
	}
	return chat.Finding{Name: name, Text: fmt.Sprintf("%s answers with %d and not as this gateway does", address, status),
		Fix: "baseURL must lead to it"}
}

// leaveAlone is what to do about an answer that is not as the gateway gave it.
const leaveAlone = "the proxy in front of the gateway must leave it alone"

// examineJWKS expects keys that the product can use: RSA keys with a key id, for anyone (G2).
func (c *connector) examineJWKS(ctx context.Context) chat.Finding {
	const name = "keys address"
	address := c.site("/jwks.json")
	got, err := c.browse(ctx, address, http.Header{})
	if err != nil {
		return unanswered(name, address, err)
	}
	if got.status != http.StatusOK {
		return wrongAnswer(name, address, got.status)
	}
	var set struct{ Keys []struct{ KTY, KID string } }
	if err := json.Unmarshal(got.body, &set); err != nil || len(set.Keys) == 0 || set.Keys[0].KTY != "RSA" || set.Keys[0].KID == "" {
		return chat.Finding{Name: name, Text: address + " has no RSA keys", Fix: "see what stands in front of the gateway and answers in its place"}
	}
	return chat.Finding{Name: name, OK: true, Text: fmt.Sprintf("%s has its keys (%d)", address, len(set.Keys))}
}

// examineDiscovery expects the issuer that tokens name, to the byte (G6).
func (c *connector) examineDiscovery(ctx context.Context) chat.Finding {
	const name = "discovery"
	address := c.site("/.well-known/openid-configuration")
	got, err := c.browse(ctx, address, http.Header{})
	if err != nil {
		return unanswered(name, address, err)
	}
	if got.status != http.StatusOK {
		return wrongAnswer(name, address, got.status)
	}
	var document struct{ Issuer string }
	if err := json.Unmarshal(got.body, &document); err != nil || document.Issuer != c.cfg.Issuer {
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s names the issuer %q and not %s: the gateway there runs with another configuration",
			address, onOneLine(document.Issuer), c.cfg.Issuer), Fix: "restart it with this one"}
	}
	return chat.Finding{Name: name, OK: true, Text: address + " names the issuer of the tokens"}
}

// examineTokenRoute expects what somebody who is not signed in gets, with headers by which the page may read it (G29).
func (c *connector) examineTokenRoute(ctx context.Context, origin chat.Origin) chat.Finding {
	const name = "token address"
	address := c.site("/token")
	got, err := c.browse(ctx, address, http.Header{"Origin": {string(origin)}})
	if err != nil {
		return unanswered(name, address, err)
	}
	var told struct{ Code string }
	_ = json.Unmarshal(got.body, &told) // what is no problem has no code
	origins := got.header.Values("Access-Control-Allow-Origin")
	switch {
	case got.status == http.StatusForbidden && told.Code != "":
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s refuses the origin %s: the gateway there runs with another configuration", address, origin),
			Fix: "restart it with this one"}
	case got.status != http.StatusUnauthorized || told.Code == "":
		return wrongAnswer(name, address, got.status)
	case len(origins) != 1 || origins[0] != string(origin):
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s: Access-Control-Allow-Origin is %q and must be %s, once", address, origins, origin), Fix: leaveAlone}
	case got.header.Get("Access-Control-Allow-Credentials") != "true":
		return chat.Finding{Name: name, Text: address + ": Access-Control-Allow-Credentials is missing", Fix: leaveAlone}
	}
	return chat.Finding{Name: name, OK: true, Text: address + " answers " + string(origin)}
}
