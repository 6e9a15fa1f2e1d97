package account

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/oidc"
)

//go:embed page
var files embed.FS

// Config says what a Desk is made of; all but Place and Now is required.
type Config struct {
	Sessions *session.Manager
	// End ends one session with all that it opened.
	End func(ctx context.Context, s session.Session) error
	// Chats are those that are configured, in the order in which they are shown.
	Chats []Chat
	// Providers are where people sign in, by their keys.
	Providers map[string]Provider
	// Place is what the network of an address is called in this house; nil, or an empty answer, shows the address alone.
	Place  func(address string) string
	Limits *limit.Limiter
	Audit  *audit.Log
	Pages  *web.Pages
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Chat is one chat as its people know it.
type Chat struct {
	Name, Title string
	// URL is where it is opened.
	URL string
	// Lingers says that a page of it may stay signed in for a while after a sign-out (D20).
	Lingers bool
	// Refuses gives the code of the reason why the rules leave somebody out, and "" for whom they let in (D7). A code has
	// its words in the message reason.<code>.
	Refuses func(oidc.Identity) (reason string)
}

// Provider is where a person has signed in.
type Provider struct {
	Title string
	// SignsOut says whether a sign-out here can go on to the provider; it may become known only while the gateway runs.
	SignsOut func() bool
}

// pageSession is how often one session may ask for its page, whose cost is up to one command of the store for each row.
// This process counts alone: what it protects is the store.
var pageSession = limit.Rule{Name: "account_page_session", Max: 120, Per: time.Minute}

// perSession is how many other browsers one session may be signed out of in a while: more than anybody has in hand, and
// few enough that a stolen session does not work through handles.
var perSession = limit.Rule{Name: "account_end_session", Max: 30, Per: time.Minute}

// Desk answers for the account page. It is safe for concurrent use.
type Desk struct {
	cfg              Config
	pages            *limit.Local
	signedIn, signIn *web.Template
}

// New parses the pages and registers their stylesheet.
func New(cfg Config) (*Desk, error) {
	if cfg.Sessions == nil || cfg.End == nil || cfg.Limits == nil || cfg.Audit == nil || cfg.Pages == nil {
		return nil, errors.New("account: sessions, their end, limits, audit and pages are needed")
	}
	if cfg.Place == nil {
		cfg.Place = func(string) string { return "" }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.Pages.AddAssets(files, "page/*.css"); err != nil {
		return nil, err
	}
	pages, err := limit.NewLocal(pageSession, cfg.Now)
	if err != nil {
		return nil, err
	}
	d := &Desk{cfg: cfg, pages: pages}
	for file, into := range map[string]**web.Template{"page/account.html": &d.signedIn, "page/sign-in.html": &d.signIn} {
		parsed, err := cfg.Pages.Parse(files, file)
		if err != nil {
			return nil, err
		}
		*into = parsed
	}
	return d, nil
}

// Page answers GET /: the account page, or to somebody who is not signed in the way in.
func (d *Desk) Page(c *gin.Context) error {
	ctx := c.Request.Context()
	current, err := d.cfg.Sessions.Read(ctx, c.Writer, c.Request, "")
	if errors.Is(err, session.ErrNone) {
		return d.cfg.Pages.Render(c, http.StatusOK, web.Page{Template: d.signIn})
	}
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	if over := d.pages.Count(current.Key); over > 0 {
		return problem.TooManyRequests(over, &limit.Exceeded{Rule: pageSession.Name, RetryAfter: over})
	}
	known, more, err := d.cfg.Sessions.Newest(ctx, current, mostShown)
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	states, err := d.cfg.Sessions.ChatStates(ctx, current)
	if err != nil {
		return problem.StoreUnavailable(err)
	}
	shown := d.view(current, known, more, states, c.ClientIP())
	shown.Ended = takeEnded(c)
	return d.cfg.Pages.Render(c, http.StatusOK, web.Page{Template: d.signedIn, Styles: []string{"account.css"}, Data: shown})
}

// End answers POST /account/end, whose form names a session of the same person: that one ends (S72). A handle of anybody
// else's, and one of none, is answered alike and ends nothing. Its caller has made sure that the form is one of ours
// (S105, S151).
func (d *Desk) End(c *gin.Context) error {
	ctx := c.Request.Context()
	current, err := d.cfg.Sessions.Read(ctx, c.Writer, c.Request, "")
	if err != nil {
		return d.cfg.Sessions.Problem(err)
	}
	if err := d.allow(ctx, current, c.ClientIP()); err != nil {
		return err
	}
	if err := c.Request.ParseForm(); err != nil {
		return problem.InvalidRequest("This form cannot be read.", err)
	}
	if len(c.Request.PostForm["session"]) != 1 {
		return problem.InvalidRequest("This form names no session, or several.", nil)
	}
	ending, found, err := d.own(ctx, current, c.PostForm("session"))
	switch {
	case err != nil:
		return problem.StoreUnavailable(err)
	case found && ending.Key == current.Key:
		c.Redirect(http.StatusSeeOther, "/logout") // which goes on to the provider
		return nil
	case found:
		if err := d.end(ctx, ending, c.ClientIP()); err != nil {
			return problem.StoreUnavailable(err)
		}
		noteEnded(c)
	}
	c.Redirect(http.StatusSeeOther, "/")
	return nil
}

// own finds a session by its handle among those of the person who is signed in.
func (d *Desk) own(ctx context.Context, current session.Session, handle string) (s session.Session, found bool, err error) {
	known, err := d.cfg.Sessions.OfSubject(ctx, current.Identity.Provider, current.Identity.Subject)
	if err != nil {
		return s, false, err
	}
	for _, k := range known {
		if handleOf(k.Session) == handle {
			return k.Session, true, nil
		}
	}
	return s, false, nil
}

// handleOf is what the page's forms call a session by.
func handleOf(s session.Session) string { return s.Label() }

func (d *Desk) end(ctx context.Context, ending session.Session, address string) error {
	if err := d.cfg.End(ctx, ending); err != nil {
		return err
	}
	d.cfg.Audit.Record(ctx, audit.Event{
		Act: audit.SessionRevoked, Reason: audit.AccountPage, Provider: ending.Identity.Provider, Subject: ending.Identity.Subject,
		Session: ending.Label(), Address: address,
	})
	return nil
}

// allow counts an ending against the session that asks for it; the first refusal of a window is audited.
func (d *Desk) allow(ctx context.Context, current session.Session, address string) error {
	err := d.cfg.Limits.Allow(ctx, perSession, current.Key)
	if err == nil {
		return nil
	}
	exceeded, ok := errors.AsType[*limit.Exceeded](err)
	if !ok {
		return problem.StoreUnavailable(err)
	}
	if exceeded.First {
		d.cfg.Audit.Record(ctx, audit.Event{
			Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule), Provider: current.Identity.Provider,
			Subject: current.Identity.Subject, Session: current.Label(), Address: address,
		})
	}
	return problem.TooManyRequests(exceeded.RetryAfter, err)
}
