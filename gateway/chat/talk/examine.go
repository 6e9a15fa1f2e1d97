package talk

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

var (
	_ chat.Checker  = (*connector)(nil)
	_ chat.Examiner = (*connector)(nil)
)

// Check looks at whether the product answers and tells the same time (G17). It costs one call.
func (c *connector) Check(ctx context.Context) []chat.Finding {
	found, _ := c.look(ctx)
	return found
}

// Examine looks at everything that Check does, and at what an operator has to know before people do: whether Coral lets
// the embedding pages in, whether the gateway answers where browsers and the product will look for it, and what in the
// section leads to trouble that people have reported, as far as it can be seen without making an account.
func (c *connector) Examine(ctx context.Context) []chat.Finding { return c.ExamineAs(ctx, "") }

// ExamineAs is Examine with the eyes of one of Coral's administrators, who sees its settings too.
func (c *connector) ExamineAs(ctx context.Context, token store.Secret) []chat.Finding {
	found, reached := c.look(ctx)
	if reached && c.cfg.Profile != Talk4 {
		found = append(found, c.examineOrigins(ctx))
		if token != "" {
			found = append(found, c.examineSettings(ctx, administration{c: c, token: token})...)
		}
	}
	found = append(found, c.examinePublicSide(ctx)...)
	return slices.Concat(found, c.examineSection(), c.tellSection())
}

// look asks the product for something that everybody may ask.
func (c *connector) look(ctx context.Context) (found []chat.Finding, reached bool) {
	method, path := http.MethodOptions, "/api/graphql"
	if c.cfg.Profile == Talk4 {
		method, path = http.MethodGet, talk4Logout
	}
	f := chat.Finding{Name: "reachable"}
	r, err := c.atProduct(ctx, method, path, nil)
	if err != nil {
		f.Text = err.Error()
		return []chat.Finding{f}, false
	}
	got, err := c.send(ctx, r)
	switch {
	case err != nil:
		f.Text = fmt.Sprintf("%s does not answer: %v", c.apiURL(), err)
		f.Fix = "see url and api.url"
	case got.status >= 300 && got.status < 400:
		f.Text = fmt.Sprintf("%s answers with a redirect (%d)", c.apiURL(), got.status)
		f.Fix = "api.url must be the address that answers itself"
	case got.status >= 500 || got.status == http.StatusNotFound:
		f.Text = fmt.Sprintf("%s answers with %d", c.apiURL(), got.status)
		f.Fix = "see whether it is " + c.product() + ", and whether that is well"
	default:
		f.OK, f.Text = true, c.product()+" answers at "+c.apiURL()
	}
	if err != nil {
		return []chat.Finding{f}, false
	}
	return append([]chat.Finding{f}, c.examineClock(got.header)...), f.OK
}

func (c *connector) apiURL() string {
	if c.cfg.API.URL != "" {
		return c.cfg.API.URL
	}
	return string(c.cfg.URL)
}

func (c *connector) product() string {
	if c.cfg.Profile == Talk4 {
		return "Talk 4"
	}
	return "Coral"
}

// clocksApart is how far the product's clock may be off (G17). Neither product allows for any difference: a token lives
// from the first second, and its changes arrive by the second of its issue.
const clocksApart = 5 * time.Second

// examineClock compares the clocks by the Date of an answer. An answer without one says nothing.
func (c *connector) examineClock(h http.Header) []chat.Finding {
	told, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return nil
	}
	ahead := told.Sub(c.env.Now()).Round(time.Second)
	if ahead.Abs() > clocksApart {
		return []chat.Finding{{Name: "clock", Minor: true, Text: fmt.Sprintf(
			"%s's clock is %s ahead of the gateway's: it refuses tokens that have not begun or are over by its own clock",
			c.product(), ahead), Fix: "have both ask a time server"}}
	}
	return []chat.Finding{{Name: "clock", OK: true, Text: "within 5s of the gateway's"}}
}

// examineOrigins asks as a browser at each embedding page does before it calls Coral (T-C4).
func (c *connector) examineOrigins(ctx context.Context) chat.Finding {
	const name = "embedding pages"
	var missing []string
	for _, origin := range slices.Sorted(maps.Keys(c.cfg.EmbedOrigins)) {
		listed, err := c.preflight(ctx, origin)
		if err != nil {
			return chat.Finding{Name: name, Minor: true, Text: "could not be looked at: " + err.Error()}
		}
		if !listed {
			missing = append(missing, string(origin))
		}
	}
	if text := lockedOut(missing); text != "" {
		return chat.Finding{Name: name, Text: text}
	}
	return chat.Finding{Name: name, OK: true, Text: "let in by Coral"}
}

func (c *connector) preflight(ctx context.Context, origin chat.Origin) (listed bool, err error) {
	r, err := c.atProduct(ctx, http.MethodOptions, "/api/graphql", nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Origin", string(origin))
	r.Header.Set("Access-Control-Request-Method", http.MethodPost)
	r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
	got, err := c.send(ctx, r)
	return err == nil && slices.Contains([]string{string(origin), "*"}, got.header.Get("Access-Control-Allow-Origin")), err
}

// examineSection says what in the section is legal and leads to trouble.
func (c *connector) examineSection() []chat.Finding {
	var found []chat.Finding
	for _, a := range c.cfg.advice() {
		found = append(found, chat.Finding{Name: a.setting, Minor: true, Text: a.text})
	}
	return found
}
