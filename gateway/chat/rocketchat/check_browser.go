package rocketchat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"chatgate/gateway/chat"
)

// examineBrowserSide asks for what a browser at the chat will ask for, by the address that it will use: that this
// gateway answers there, and that whatever stands in front of it leaves its headers alone.
func (c *connector) examineBrowserSide(ctx context.Context) []chat.Finding {
	return []chat.Finding{c.examineTokenRoute(ctx), c.examinePreflight(ctx), c.examineFrame(ctx)}
}

// seen is an answer as a browser sees it.
type seen struct {
	status int
	header http.Header
	body   []byte
}

// browse makes one request without following a redirect.
func (c *connector) browse(ctx context.Context, method, address string, header http.Header) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.API.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return seen{}, fmt.Errorf("make request: %w", withoutURL(err))
	}
	r.Header = header
	client := http.Client{
		Transport:     c.env.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w, err := client.Do(r)
	if err != nil {
		return seen{}, withoutURL(err)
	}
	defer func() { _ = w.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer))
	if err != nil {
		return seen{}, fmt.Errorf("read answer: %w", err)
	}
	return seen{status: w.StatusCode, header: w.Header, body: body}, nil
}

func unanswered(name, address string, err error) chat.Finding {
	return chat.Finding{Name: name, Text: fmt.Sprintf("%s does not answer: %v", address, err),
		Fix: "see whether the gateway runs, and whether baseURL, DNS and the proxy lead to it"}
}

// What to do about an answer that is not the gateway's, or not as the gateway gave it.
const (
	letThrough = "whatever stands in front of the gateway must let it through"
	leaveAlone = "the proxy in front of the gateway must leave it alone"
	leadHere   = "baseURL must lead to it"
)

// examineTokenRoute expects what somebody who is not signed in gets: 401, a reason by which the gateway is known, and
// headers by which the chat's page may read both.
func (c *connector) examineTokenRoute(ctx context.Context) chat.Finding {
	const name = "token address"
	address := c.env.BaseURL + "/" + c.env.Name + "/token"
	got, err := c.browse(ctx, http.MethodGet, address, http.Header{"Origin": {string(c.cfg.URL)}})
	if err != nil {
		return unanswered(name, address, err)
	}
	var told struct{ Code string }
	switch _ = json.Unmarshal(got.body, &told); {
	case got.status >= 300 && got.status < 400:
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s answers with a redirect (%d)", address, got.status), Fix: letThrough}
	case got.status == http.StatusForbidden && told.Code != "":
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s refuses the origin %s: the gateway there runs with another configuration", address, c.cfg.URL),
			Fix: "restart it with this one"}
	case got.status != http.StatusUnauthorized || told.Code == "":
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s answers with %d and not as this gateway does", address, got.status), Fix: leadHere}
	}
	if wrong := c.foreignHeaders(got.header); wrong != "" {
		return chat.Finding{Name: name, Text: address + ": " + wrong, Fix: leaveAlone}
	}
	return chat.Finding{Name: name, OK: true, Text: address + " answers the chat's page"}
}

// examinePreflight asks what the clients of 6.0 to 7.7 ask first, and what proxies like to answer by themselves.
func (c *connector) examinePreflight(ctx context.Context) chat.Finding {
	const name = "preflight"
	address := c.env.BaseURL + "/" + c.env.Name + "/token"
	got, err := c.browse(ctx, http.MethodOptions, address, http.Header{
		"Origin": {string(c.cfg.URL)}, "Access-Control-Request-Method": {http.MethodPost}, "Access-Control-Request-Headers": {"content-type"},
	})
	switch {
	case err != nil:
		return unanswered(name, address, err)
	case got.status != http.StatusNoContent:
		return chat.Finding{Name: name, Text: fmt.Sprintf("OPTIONS %s answers with %d", address, got.status),
			Fix: "the proxy in front of the gateway must let OPTIONS through"}
	}
	if wrong := c.foreignHeaders(got.header); wrong != "" {
		return chat.Finding{Name: name, Text: "OPTIONS " + address + ": " + wrong, Fix: leaveAlone}
	}
	return chat.Finding{Name: name, OK: true, Text: "OPTIONS is let through"}
}

// foreignHeaders says what is wrong with the headers that let the chat's page read an answer (R2).
func (c *connector) foreignHeaders(h http.Header) string {
	if origins := h.Values("Access-Control-Allow-Origin"); len(origins) != 1 || origins[0] != string(c.cfg.URL) {
		return fmt.Sprintf("Access-Control-Allow-Origin is %q and must be %s, once", origins, c.cfg.URL)
	}
	if h.Get("Access-Control-Allow-Credentials") != "true" {
		return "Access-Control-Allow-Credentials is missing"
	}
	return ""
}

// examineFrame expects the page that Rocket.Chat shows in its login frame, for its pages and for those around it.
func (c *connector) examineFrame(ctx context.Context) chat.Finding {
	const name = "frame address"
	address := c.env.BaseURL + "/" + c.env.Name + "/frame"
	got, err := c.browse(ctx, http.MethodGet, address, http.Header{})
	if err != nil {
		return unanswered(name, address, err)
	}
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s answers with %d %s, not with a page",
			address, got.status, got.header.Get("Content-Type")), Fix: leadHere}
	}
	if _, set := got.header["X-Frame-Options"]; set {
		return chat.Finding{Name: name, Text: address + " comes with X-Frame-Options", Fix: "the proxy in front of the gateway must not add it"}
	}
	origins := append([]string{string(c.cfg.URL)}, c.embedders(func(chat.EmbedRights) bool { return true })...)
	if kept := notFraming(got.header, c.env.BaseURL, origins); len(kept) > 0 {
		return chat.Finding{Name: name, Text: fmt.Sprintf("%s may not be framed by %s", address, strings.Join(kept, ", ")),
			Fix: "the proxy in front of the gateway must leave Content-Security-Policy alone"}
	}
	return chat.Finding{Name: name, OK: true, Text: address + " may be framed by the chat"}
}

// anyPage stands for pages that nobody has listed (RFC 6761, Section 6.4: it is nobody's name).
const anyPage = "https://any-page.invalid"

// examineFraming looks at whether the chat's own pages may be framed by the pages that embed it. A policy of
// frame-ancestors, which only a proxy can add, wins over the header that Rocket.Chat sends.
func (c *connector) examineFraming(ctx context.Context) chat.Finding {
	const name = "framing the chat"
	origins := c.embedders(func(chat.EmbedRights) bool { return true })
	got, err := c.browse(ctx, http.MethodGet, string(c.cfg.URL)+"/", http.Header{})
	if err != nil {
		return chat.Finding{Name: name, Minor: true, Text: fmt.Sprintf("%s does not answer from here: %v", c.cfg.URL, err)}
	}
	policy := "Content-Security-Policy: frame-ancestors " + strings.Join(append([]string{"'self'"}, origins...), " ")
	send := "have the proxy in front of Rocket.Chat send " + policy
	switch kept := notFraming(got.header, string(c.cfg.URL), origins); {
	case len(ancestors(got.header)) > 0 && len(kept) > 0:
		return chat.Finding{Name: name, Minor: true, Text: fmt.Sprintf("%s may not be framed by %s, which is in embedOrigins", c.cfg.URL, strings.Join(kept, ", ")), Fix: send}
	case len(ancestors(got.header)) > 0 && len(notFraming(got.header, string(c.cfg.URL), []string{anyPage})) == 0:
		return chat.Finding{Name: name, Minor: true, Text: fmt.Sprintf("the policy of %s lets any page frame the chat", c.cfg.URL), Fix: send}
	case len(ancestors(got.header)) > 0:
		return chat.Finding{Name: name, OK: true, Text: "allowed to the embedding pages"}
	case got.header.Get("X-Frame-Options") != "":
		return chat.Finding{Name: name, Minor: true, Text: "Rocket.Chat sends X-Frame-Options: " + got.header.Get("X-Frame-Options"),
			Fix: send + ", and turn " + restrictAccess + " off"}
	}
	return chat.Finding{Name: name, Minor: true, Text: "any page may frame the chat", Fix: send}
}
