package talk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
)

// adminLife is how long a token is good for that opens Coral's administration (T-D12). Coral's page
// takes it at once; it is as short as a token may be (G7), because an address bar had it.
const adminLife = shortestLife

const resultAdmin = "admin"

// adminPage is the way into Coral's administration, which has no form for single sign-on. A token goes out only to who
// asks for it: the address typed, bookmarked or followed from a page of ours, or a press of our button. A link elsewhere
// ends at that button, and so does the way back from a sign-in, which looks the same to us.
type adminPage struct{ ask *web.Template }

func newAdminPage(pages *web.Pages) (*adminPage, error) {
	ask, err := pages.Parse(webFiles, "web/admin.html")
	if err != nil {
		return nil, err
	}
	return &adminPage{ask: ask}, nil
}

func (c *connector) mountAdmin(r gin.IRouter) {
	r.GET("/admin", c.env.Problems.Page(c.showAdmin))
	r.POST("/admin", c.env.Problems.Page(c.openAdmin))
}

// showAdmin opens the administration, or asks first.
func (c *connector) showAdmin(g *gin.Context) error {
	guardAdmin(g)
	if dest := g.GetHeader("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		return problem.InvalidRequest("Opening the administration needs a window of its own.", nil)
	}
	who, a, err := c.adminCaller(g)
	if errors.Is(err, session.ErrNone) {
		g.Redirect(http.StatusSeeOther, "/login?"+url.Values{"return_to": {"/" + c.env.Name + "/admin"}}.Encode())
		return nil
	}
	if err != nil {
		return err
	}
	if !ownWish(g.Request) {
		return c.env.Pages.Render(g, http.StatusOK, web.Page{Template: c.admin.ask, Data: c.askAdmin()})
	}
	to, err := c.adminAddress(g.Request.Context(), who, a)
	if err != nil {
		return err
	}
	g.Redirect(http.StatusSeeOther, to)
	return nil
}

// openAdmin is the button. Its answer leaves our origin, and so is a page that goes on (D30).
func (c *connector) openAdmin(g *gin.Context) error {
	guardAdmin(g)
	if !chat.FromOwnPage(g.Request, c.env.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	who, a, err := c.adminCaller(g)
	if err != nil {
		return err
	}
	to, err := c.adminAddress(g.Request.Context(), who, a)
	if err != nil {
		return err
	}
	return c.env.Pages.GoOn(g, to)
}

// guardAdmin keeps the address with the token out of caches and of what Coral's page is told about where it was opened.
func guardAdmin(g *gin.Context) {
	g.Header("Cache-Control", "no-store")
	g.Header("Referrer-Policy", "no-referrer")
}

// ownWish says whether the person at the browser asked for this, as far as the browser vouches for it: no other site is on
// the way here, and no browser loads ahead what may never be looked at.
func ownWish(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "none" || site == "same-origin") && r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Purpose") == ""
}

// adminView is what the page asks about.
type adminView struct {
	Title   string
	Actions []web.Action
}

func (c *connector) askAdmin() adminView {
	return adminView{Title: c.env.Title, Actions: []web.Action{
		{Label: "action.continue", Href: "/" + c.env.Name + "/admin", Post: true, Hook: "continue"},
	}}
}

// adminCaller is who asks for the administration, and may have it. Its error is told already. A child session is none: it
// belongs to a frame, and must not open a window (D27).
func (c *connector) adminCaller(g *gin.Context) (chat.Caller, account, error) {
	ctx := g.Request.Context()
	who, err := c.callers.Find(g)
	if err == nil && who.Session.Child {
		err = session.ErrNone
	}
	if err == nil {
		err = c.env.Enter(ctx, &c.cfg.Access, who)
	}
	if err != nil {
		return chat.Caller{}, account{}, c.refuse(ctx, who, err)
	}
	a, err := c.account(ctx, who.Session.Identity)
	if err == nil {
		err = c.mayAdminister(ctx, who, a)
	}
	if err != nil {
		return chat.Caller{}, account{}, c.refuse(ctx, who, err)
	}
	return who, a, nil
}

// roleMissing is why somebody is not shown to the administration, as a stable code.
const roleMissing = "role_missing"

// staff are the roles that Coral's administration opens to.
var staff = []Role{Staff, Moderator, Admin}

// mayAdminister leaves out people whose token would show them an empty page. Who is staff of a Coral by OpenID Connect is
// known to that Coral alone (G22).
func (c *connector) mayAdminister(ctx context.Context, who chat.Caller, a account) error {
	if c.cfg.Profile != CoralSSO || slices.Contains(staff, a.Role) {
		return nil
	}
	c.env.Record(ctx, who, audit.Event{Act: audit.ChatTokenRefused, Reason: roleMissing})
	return problem.AccessDenied(c.env.Title, problem.Reason{
		Code: roleMissing, Phrase: "its administration is for people with a role there, and none of your groups gives you one",
	}, decision.Because(decision.RuleRefused, fmt.Errorf("administration for somebody with the role %q", a.Role), "reason", roleMissing))
}

// adminAddress is Coral's administration with a token of its own, which every sign-out finds. Its error is told already.
func (c *connector) adminAddress(ctx context.Context, who chat.Caller, a account) (string, error) {
	t, err := c.signAdmin(ctx, who, a)
	if err != nil {
		return "", c.refuse(ctx, who, err)
	}
	c.env.Metrics.Token(c.env.Name, resultAdmin)
	c.env.Record(ctx, who, audit.Event{Act: audit.TalkTokenSigned, Attrs: []slog.Attr{
		slog.String("jti", t.ID), slog.String("kid", t.KID), slog.Bool("administration", true),
	}})
	return string(c.cfg.URL) + "/admin#accessToken=" + t.Token.Reveal(), nil
}

func (c *connector) signAdmin(ctx context.Context, who chat.Caller, a account) (signed, error) {
	if err := c.env.Allow(ctx, c.env.Rules.TalkTokenSession, who.Session.Key, who); err != nil {
		return signed{}, err
	}
	basis, err := c.basis(who.Session.Identity)
	if err != nil {
		return signed{}, err
	}
	return c.signApart(ctx, who, a, c.stamp(who.Session, basis, adminLife))
}

// signApart signs a token that the session does not keep, so that no page is given it, and gives it to nobody when the
// session has ended meanwhile, or the person may not have it any more (D21, S54).
func (c *connector) signApart(ctx context.Context, who chat.Caller, a account, st stamp) (signed, error) {
	s := who.Session
	t, err := c.make(ctx, s, a, st)
	if err != nil {
		return signed{}, err
	}
	now, err := c.env.Sessions.ByKey(ctx, s.Key, c.env.Name)
	if err == nil {
		err = c.stillTrue(ctx, who, now)
	}
	if err != nil {
		return signed{}, errors.Join(err, c.takeBack(ctx, s, t))
	}
	return t, nil
}
