package oidctest

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	cookieName      = "example_idp_session"
	codeLifetime    = time.Minute
	sessionLifetime = 10 * time.Hour
)

// authorize is the authorization endpoint (OpenID Connect Core 1.0, Section 3.1.2). Requests that may come from
// anybody but a registered client end here, on a page.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	client, problem := p.checkClient(query)
	if problem != "" {
		p.problemPage(w, problem)
		return
	}
	if code := requestError(query); code != "" {
		p.goBack(w, r, query, url.Values{"error": {code}})
		return
	}
	s, signedIn := p.session(r)
	prompts := strings.Fields(query.Get("prompt"))
	asks := slices.Contains(prompts, "login") || slices.Contains(prompts, "select_account")
	switch {
	case signedIn && !asks && !p.tooOld(s, query.Get("max_age")):
		p.goBack(w, r, query, url.Values{"code": {p.newCode(client, s, query)}})
	case slices.Contains(prompts, "none"):
		p.goBack(w, r, query, url.Values{"error": {"login_required"}})
	default:
		p.signInPage(w, http.StatusOK, query, query.Get("login_hint"), "")
	}
}

// checkClient returns a problem that must not be told to the redirect URL.
func (p *Provider) checkClient(query url.Values) (Client, string) {
	client, known := p.client(query.Get("client_id"))
	switch {
	case !known:
		return client, "This application is not registered here."
	case !slices.Contains(client.RedirectURIs, query.Get("redirect_uri")):
		return client, "The address to return to is not registered for this application."
	}
	return client, ""
}

// requestError is the code for a request that a client got wrong; unknown scopes are ignored.
func requestError(query url.Values) string {
	switch {
	case query.Get("response_type") != "code":
		return "unsupported_response_type"
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		return "invalid_scope"
	case query.Get("code_challenge") != "" && query.Get("code_challenge_method") != "S256":
		return "invalid_request"
	}
	return ""
}

func (p *Provider) tooOld(s session, maxAge string) bool {
	seconds, err := strconv.Atoi(maxAge)
	return err == nil && p.cfg.Now().Sub(s.authTime) > time.Duration(seconds)*time.Second
}

// signIn takes the form. It carries the authorization request, which is checked again.
func (p *Provider) signIn(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.PostFormValue("request"))
	if err != nil {
		p.problemPage(w, "The form is damaged.")
		return
	}
	client, problem := p.checkClient(query)
	if problem != "" || requestError(query) != "" {
		p.problemPage(w, "Go back to the application and sign in from there. "+problem)
		return
	}
	if r.PostFormValue("cancel") != "" {
		p.goBack(w, r, query, url.Values{"error": {"access_denied"}})
		return
	}
	username := r.PostFormValue("username")
	user, known := p.user(username)
	if !known || subtle.ConstantTimeCompare([]byte(user.Password), []byte(r.PostFormValue("password"))) != 1 {
		p.signInPage(w, http.StatusUnauthorized, query, username, "That user name and password do not match.")
		return
	}
	s := p.startSession(w, r, user)
	p.goBack(w, r, query, url.Values{"code": {p.newCode(client, s, query)}})
}

func (p *Provider) session(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return session{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.sessions[cookie.Value]
	return s, ok && p.cfg.Now().Sub(s.authTime) < sessionLifetime
}

// startSession renews the browser's session. The same person signing in again keeps the sid.
func (p *Provider) startSession(w http.ResponseWriter, r *http.Request, user User) session {
	s := session{sid: rand.Text(), username: user.Username, authTime: p.cfg.Now()}
	if former, ok := p.session(r); ok && former.username == user.Username {
		s.sid = former.sid
	}
	value := rand.Text()
	p.mu.Lock()
	p.sessions[value] = s
	p.mu.Unlock()
	http.SetCookie(w, p.cookie(value, 0))
	return s
}

func (p *Provider) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: strings.HasPrefix(p.cfg.Issuer, "https:"), SameSite: http.SameSiteLaxMode,
	}
}

// goBack sends the browser to the client with state and iss (RFC 9207).
func (p *Provider) goBack(w http.ResponseWriter, r *http.Request, query, answer url.Values) {
	if state := query.Get("state"); state != "" {
		answer.Set("state", state)
	}
	answer.Set("iss", p.cfg.Issuer)
	if edit := p.faultsNow().Callback; edit != nil {
		edit(answer)
	}
	target, err := url.Parse(query.Get("redirect_uri"))
	if err != nil {
		p.problemPage(w, "The address to return to is not an address.")
		return
	}
	parameters := target.Query()
	for name, values := range answer {
		parameters[name] = values
	}
	target.RawQuery = parameters.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}
