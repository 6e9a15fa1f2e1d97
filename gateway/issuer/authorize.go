package issuer

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/gateway/web"
	"chatgate/store"
)

// authorize sends whoever is signed in back to the client with a code, and everybody else to sign in first. There is
// nothing to be asked here: the sign-in is the gateway's, and the client is the site's own (G23).
func (i *Issuer) authorize(g *gin.Context) error {
	if !inWindow(g.Request) {
		return problem.InvalidRequest("Signing in needs a window of its own.", nil)
	}
	ctx := g.Request.Context()
	r, err := i.asked(ctx, g.Request.URL.RawQuery)
	if err != nil {
		return i.refuseRequest(err)
	}
	// Without a chat no child cookie counts: those belong to frames, and must not open a window (D27).
	s, err := i.cfg.Sessions.Read(ctx, g.Writer, g.Request, "")
	switch {
	case errors.Is(err, session.ErrNone), err == nil && !(r.fresh(s, i.cfg.Now()) && i.counts(s)):
		return i.signIn(g, r)
	case err != nil:
		return problem.StoreUnavailable(err)
	}
	return i.goOn(g, r, s)
}

// counts says whether a sign-in is young enough for the site. Where it is not, the sign-in page sees that too, and goes to the
// provider although there is a session.
func (i *Issuer) counts(s session.Session) bool {
	return i.cfg.Now().Before(i.cfg.Sessions.EndsFor(s, i.cfg.Site))
}

// inWindow says whether a person opens the address in a window, as far as the browser tells: a frame, an image and a
// script are refused, which could use up codes and see nothing (S125).
func inWindow(r *http.Request) bool {
	dest, mode := r.Header.Get("Sec-Fetch-Dest"), r.Header.Get("Sec-Fetch-Mode")
	return (dest == "" || dest == "document") && (mode == "" || mode == "navigate")
}

// goOn sends the browser back to the client with a code.
func (i *Issuer) goOn(g *gin.Context, r request, s session.Session) error {
	ctx, address := g.Request.Context(), g.ClientIP()
	if err := i.allow(ctx, i.cfg.Rules.CodeSession, s.Key, s, address); err != nil {
		return err
	}
	// Whom the rules leave out, or of whom the client would not take what there is to tell, gets no code (G27).
	if _, err := i.cfg.Claims(ctx, s, address); err != nil {
		return i.refusePerson(g, r, err)
	}
	code, err := i.issueCode(ctx, r, s)
	if err != nil {
		return told(err)
	}
	i.record(ctx, s, address, audit.Event{Act: audit.CodeIssued})
	g.Header("Cache-Control", "no-store")
	g.Header("Referrer-Policy", "no-referrer")
	g.Redirect(http.StatusSeeOther, r.answer(code, i.cfg.Issuer))
	return nil
}

// signIn sends the browser to sign in and back here. A client that allows no question gets no answer either: the person
// is told instead, since Coral has no page for login_required (G27).
func (i *Issuer) signIn(g *gin.Context, r request) error {
	way, err := i.signInAddress(g, r, r.ask())
	if err != nil {
		return err
	}
	if r.silent {
		return problem.SessionRequired(decision.Because(decision.PromptNone, errors.New("prompt=none without a session that will do"))).WithActions(
			web.Action{Label: "action.sign_in", Href: way, Hook: "login"})
	}
	g.Header("Cache-Control", "no-store")
	g.Redirect(http.StatusSeeOther, way)
	return nil
}

const (
	// longestReturn is what /login takes as a return address, in bytes (S15).
	longestReturn = 2 << 10
	// keptFor is how long a request waits that is longer: a sign-in may take as long.
	keptFor = 15 * time.Minute
	// keptParameter is an address's only one where the request waits.
	keptParameter = "kept"
)

// signInAddress is our own sign-in page, which leads back to this request.
func (i *Issuer) signInAddress(g *gin.Context, r request, prompt string) (string, error) {
	r = r.afterSignIn()
	back, query := "/"+i.cfg.Site+authorizePath+"?", r.query(i.cfg.Client.ID).Encode()
	if len(back)+len(query) > longestReturn {
		id, err := i.keep(g.Request.Context(), query, g.ClientIP())
		if err != nil {
			return "", err
		}
		query = url.Values{keptParameter: {id}}.Encode()
	}
	login := url.Values{"return_to": {back + query}}
	for name, value := range map[string]string{"prompt": prompt, "provider": i.cfg.Provider} {
		if value != "" {
			login.Set(name, value)
		}
	}
	return "/login?" + login.Encode(), nil
}

// keep lets a request wait that is too long for an address. Nobody may be signed in who could be counted, so their
// address is, as for the sign-in that follows.
func (i *Issuer) keep(ctx context.Context, query, address string) (id string, err error) {
	if err := i.allow(ctx, i.cfg.Rules.LoginStartAddress, limit.AddressText(address), session.Session{}, address); err != nil {
		return "", err
	}
	id = newSecret()
	return id, told(i.kept.Put(ctx, keyOf(id), query, keptFor))
}

// asked reads what the client wants, from the query or from where it waits.
func (i *Issuer) asked(ctx context.Context, rawQuery string) (request, error) {
	if query, err := single(rawQuery); err == nil && query[keptParameter] != "" {
		rawQuery, err = i.kept.Get(ctx, keyOf(query[keptParameter]))
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
			return request{}, refuse(malformed, "the request that waited is gone")
		}
		if err != nil {
			return request{}, err
		}
	}
	return i.cfg.Client.parseRequest(rawQuery)
}

// refuseRequest words what is wrong with a request for the person, who cannot help it, and for the operator's log.
func (i *Issuer) refuseRequest(err error) error {
	if refused, ok := errors.AsType[*refusedRequest](err); ok {
		return problem.SignInRequestRefused(i.cfg.Title, refused.reason, err)
	}
	if errors.Is(err, errRedirectURI) {
		return problem.RedirectURIRefused(i.cfg.Title, i.cfg.Client.RedirectURIs[0], err)
	}
	return told(err)
}

// refusePerson offers to sign in as somebody else, where that may help.
func (i *Issuer) refusePerson(g *gin.Context, r request, err error) error {
	known, ok := errors.AsType[*problem.Error](err)
	if !ok || known.Status != http.StatusForbidden {
		return told(err)
	}
	way, wayErr := i.signInAddress(g, r, promptSelectAccount)
	if wayErr != nil {
		return wayErr
	}
	return known.WithActions(web.Action{Label: "frame.another", Href: way, Hook: "login"})
}
