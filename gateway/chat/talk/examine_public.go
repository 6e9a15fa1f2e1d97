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

func unanswered(address string, err error) string {
	return fmt.Sprintf("%s does not answer (%v): is the gateway running, and do baseURL, DNS and the proxy lead to it?", address, err)
}

// wrongAnswer says what an answer of another status than the wanted one tells.
func wrongAnswer(address string, status int) string {
	if status >= 300 && status < 400 {
		return fmt.Sprintf("%s answers with a redirect (%d): whatever stands in front of the gateway must let it through", address, status)
	}
	return fmt.Sprintf("%s answers with %d and not as this gateway does: baseURL must lead to it", address, status)
}

// examineJWKS expects keys that the product can use: RSA keys with a key id, for anyone (G2).
func (c *connector) examineJWKS(ctx context.Context) chat.Finding {
	const name = "keys address"
	address := c.site("/jwks.json")
	got, err := c.browse(ctx, address, http.Header{})
	if err != nil {
		return chat.Finding{Name: name, Text: unanswered(address, err)}
	}
	if got.status != http.StatusOK {
		return chat.Finding{Name: name, Text: wrongAnswer(address, got.status)}
	}
	var set struct{ Keys []struct{ KTY, KID string } }
	if err := json.Unmarshal(got.body, &set); err != nil || len(set.Keys) == 0 || set.Keys[0].KTY != "RSA" || set.Keys[0].KID == "" {
		return chat.Finding{Name: name, Text: address + " has no RSA keys: something in front of the gateway answers in its place"}
	}
	return chat.Finding{Name: name, OK: true, Text: fmt.Sprintf("%s has %d keys", address, len(set.Keys))}
}

// examineDiscovery expects the issuer that tokens name, to the byte (G6).
func (c *connector) examineDiscovery(ctx context.Context) chat.Finding {
	const name = "discovery"
	address := c.site("/.well-known/openid-configuration")
	got, err := c.browse(ctx, address, http.Header{})
	if err != nil {
		return chat.Finding{Name: name, Text: unanswered(address, err)}
	}
	if got.status != http.StatusOK {
		return chat.Finding{Name: name, Text: wrongAnswer(address, got.status)}
	}
	var document struct{ Issuer string }
	if err := json.Unmarshal(got.body, &document); err != nil || document.Issuer != c.cfg.Issuer {
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s names the issuer %q and not %s: the gateway there runs with another configuration",
			address, onOneLine(document.Issuer), c.cfg.Issuer)}
	}
	return chat.Finding{Name: name, OK: true, Text: address + " names the issuer of the tokens"}
}

// examineTokenRoute expects what somebody who is not signed in gets, with headers by which the page may read it (G29).
func (c *connector) examineTokenRoute(ctx context.Context, origin chat.Origin) chat.Finding {
	f := chat.Finding{Name: "token address"}
	address := c.site("/token")
	got, err := c.browse(ctx, address, http.Header{"Origin": {string(origin)}})
	if err != nil {
		f.Text = unanswered(address, err)
		return f
	}
	var told struct{ Code string }
	_ = json.Unmarshal(got.body, &told) // what is no problem has no code
	origins := got.header.Values("Access-Control-Allow-Origin")
	switch {
	case got.status == http.StatusForbidden && told.Code != "":
		f.Text = fmt.Sprintf("%s refuses the origin %s: the gateway there runs with another configuration, so restart it with this one", address, origin)
	case got.status != http.StatusUnauthorized || told.Code == "":
		f.Text = wrongAnswer(address, got.status)
	case len(origins) != 1 || origins[0] != string(origin):
		f.Text = fmt.Sprintf("%s: Access-Control-Allow-Origin is %q and must be %s, once: the proxy in front of the gateway must leave it alone", address, origins, origin)
	case got.header.Get("Access-Control-Allow-Credentials") != "true":
		f.Text = address + ": Access-Control-Allow-Credentials is missing: the proxy in front of the gateway must leave it alone"
	default:
		f.OK = true
	}
	return f
}
