package web

import (
	"fmt"
	"net/http"
	"net/mail"
	"net/url"

	"github.com/gin-gonic/gin"
)

// builtin are the pages that every part of the gateway may need.
type builtin struct{ failure, signedOut, goOn, done *Template }

func (p *Pages) parseBuiltin() (builtin, error) {
	var b builtin
	for file, into := range map[string]**Template{
		"template/error.html":      &b.failure,
		"template/signed-out.html": &b.signedOut,
		"template/go-on.html":      &b.goOn,
		"template/done.html":       &b.done,
	} {
		t, err := p.Parse(files, file)
		if err != nil {
			return builtin{}, err
		}
		*into = t
	}
	return b, nil
}

// Action is one thing a person can do next: a link, or a form that posts.
type Action struct {
	Label string // message key
	Href  string // path on our origin; empty reloads the page itself
	Post  bool   // for acts that change something
	Hook  string // value of data-chatgate, which themes and tests rely on: login, logout, continue
	// Fields are sent with a form that posts.
	Fields map[string]string
}

// Failure is what the error page says. Title and Detail are for the person, in whatever language they come.
type Failure struct {
	Title          string
	Detail         string
	Reference      string // the request id, by which an operator finds the cause in the log
	Actions        []Action
	FrameAncestors []string // as in Page, for a failure that is shown inside a frame
}

// Fail answers with the error page.
func (p *Pages) Fail(c *gin.Context, status int, f Failure) error {
	return p.Render(c, status, Page{
		Template:       p.builtin.failure,
		FrameAncestors: f.FrameAncestors,
		Data:           f,
	})
}

// SignedOut says what a sign-out reached and what it did not (D20).
type SignedOut struct {
	// ProviderOpen says that the sign-in at the provider goes on: it has no logout address, or could not be reached.
	ProviderOpen bool
	// Lingering are the chats whose own login may live on until it ends by itself.
	Lingering []string
}

// SignedOut answers with the page that ends a sign-out.
func (p *Pages) SignedOut(c *gin.Context, s SignedOut) error {
	return p.Render(c, http.StatusOK, Page{Template: p.builtin.signedOut, Data: s})
}

// GoOn answers 200 with a page that takes the browser to an absolute address by itself, and has a link for browsers
// that do not. A form answered with a redirect off our origin would be stopped by form-action 'self' (D30, B-23).
func (p *Pages) GoOn(c *gin.Context, to string) error {
	return p.goOn(c, to, false)
}

// GoOnForOpener is GoOn in a window that a page of a chat's has opened and waits for.
func (p *Pages) GoOnForOpener(c *gin.Context, to string) error { return p.goOn(c, to, true) }

func (p *Pages) goOn(c *gin.Context, to string, keepOpener bool) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("go on: the target is not an absolute web address") // not named: it may hold a state
	}
	return p.Render(c, http.StatusOK, Page{Template: p.builtin.goOn, Data: struct{ URL, Host string }{to, u.Host}, KeepOpener: keepOpener})
}

// Done answers with the last page of a sign-in window, which closes itself where the browser lets it.
func (p *Pages) Done(c *gin.Context) error {
	return p.Render(c, http.StatusOK, Page{Template: p.builtin.done, Scripts: []string{"close.js"}})
}

// contact is where the error page sends a person for help.
type contact struct{ Text, Href string }

func parseContact(s string) (contact, error) {
	if s == "" {
		return contact{}, nil
	}
	if address, err := mail.ParseAddress(s); err == nil && address.Address == s {
		return contact{Text: s, Href: "mailto:" + s}, nil
	}
	if u, err := url.Parse(s); err == nil && u.Scheme == "https" && u.Host != "" {
		return contact{Text: s, Href: s}, nil
	}
	return contact{}, fmt.Errorf("must be an e-mail address or an https address, got %q", s)
}
