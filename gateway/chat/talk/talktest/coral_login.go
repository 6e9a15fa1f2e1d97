package talktest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
)

// Coral names these "oauth2:state" and "oidc:nonce"; Go's cookie jar takes no colon.
const (
	stateCookie  = "oauth2_state"
	nonceCookie  = "oidc_nonce"
	callbackPath = "/api/auth/oidc/callback"
)

// beginLogin starts Coral's own login at the provider: the code flow without PKCE.
func (c *Coral) beginLogin(w http.ResponseWriter, r *http.Request) {
	target := r.URL.Query().Get("redirectTo")
	if !c.oidc.enabled() || !c.oidc.integration().complete() || !localPath(target) {
		refuse(w, errors.New("the login cannot start"))
		return
	}
	authorize, err := url.Parse(c.oidc.integration().AuthorizationURL)
	if err != nil {
		refuse(w, err)
		return
	}
	state, nonce := shortSecret(), shortSecret()
	c.setCookie(w, stateCookie, state+"|"+target)
	c.setCookie(w, nonceCookie, nonce)
	query := authorize.Query()
	query.Set("response_type", "code")
	query.Set("scope", "openid email profile")
	query.Set("client_id", c.oidc.integration().ClientID)
	query.Set("redirect_uri", c.redirectURI(r))
	query.Set("state", state)
	query.Set("nonce", nonce)
	authorize.RawQuery = query.Encode()
	http.Redirect(w, r, authorize.String(), http.StatusFound)
}

// finishLogin trades the code for an ID token and that for a token of Coral's own, handed to the page in the fragment.
// Coral has no error page: a provider's error and a foreign state are a bare 500 (G27).
func (c *Coral) finishLogin(w http.ResponseWriter, r *http.Request) {
	target, nonce, err := c.loginUnderWay(r)
	if err != nil {
		refuse(w, err)
		return
	}
	token, err := c.exchange(r.Context(), r.URL.Query().Get("code"), c.redirectURI(r))
	if err != nil {
		refuse(w, err)
		return
	}
	viewer, err := c.acceptIDToken(r.Context(), token, nonce)
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Status == http.StatusForbidden {
		redirectFragment(w, target, "error="+url.PathEscape("INTERNAL_ERROR: "+refusal.Code))
		return
	}
	if err != nil {
		refuse(w, err)
		return
	}
	own, err := c.OwnToken(viewer.ID)
	if err != nil {
		refuse(w, err)
		return
	}
	c.clearCookie(w, stateCookie)
	c.clearCookie(w, nonceCookie)
	redirectFragment(w, target, "accessToken="+own)
}

// loginUnderWay reads what beginLogin left in this browser. The state must come back byte for byte (G23).
func (c *Coral) loginUnderWay(r *http.Request) (target, nonce string, err error) {
	query := r.URL.Query()
	if code := query.Get("error"); code != "" {
		return "", "", fmt.Errorf("the provider answered %q", code)
	}
	kept, err := readCookie(r, stateCookie)
	if err != nil {
		return "", "", err
	}
	state, target, _ := strings.Cut(kept, "|")
	if state == "" || state != query.Get("state") {
		return "", "", errors.New("the state does not match")
	}
	nonce, err = readCookie(r, nonceCookie)
	return target, nonce, err
}

// exchange sends the client's credentials in the form, never in a header (G24).
func (c *Coral) exchange(ctx context.Context, code, redirectURI string) (string, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI},
		"client_id": {c.oidc.integration().ClientID}, "client_secret": {c.oidc.integration().ClientSecret},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.oidc.integration().TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("exchange the code: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("exchange the code: %w", err)
	}
	defer res.Body.Close()
	var body struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, jwksMaxBytes)).Decode(&body); err != nil {
		return "", fmt.Errorf("read the token answer: %w", err)
	}
	if res.StatusCode != http.StatusOK || body.IDToken == "" {
		return "", fmt.Errorf("exchange the code: answered %s without an id_token", res.Status)
	}
	return body.IDToken, nil
}

// acceptIDToken judges an ID token that did not have to pass the shape check of a pushed one. That is why an array as
// "aud", or an address Coral cannot read, ends the process here and is a mere 401 there (G25).
func (c *Coral) acceptIDToken(ctx context.Context, token, nonce string) (Viewer, error) {
	claims, err := c.oidc.signed(ctx, token)
	if err != nil {
		return Viewer{}, err
	}
	if err := c.oidc.strict(claims); err != nil {
		return Viewer{}, err
	}
	if err := c.spendNonce(claims, nonce); err != nil {
		return Viewer{}, err
	}
	return c.oidc.findOrCreate(claims)
}

// spendNonce takes a nonce once. Coral remembers it in Redis for "exp" minus now, and Redis takes whole seconds only.
func (c *Coral) spendNonce(claims map[string]any, nonce string) error {
	if nonce == "" || claims["nonce"] != nonce {
		return errors.New("the nonce does not match")
	}
	if exp, ok := claims["exp"].(float64); !ok || exp != math.Trunc(exp) {
		return errors.New("redis: value is not an integer or out of range")
	}
	until, _ := seconds(claims, "exp")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Before(c.nonces[nonce]) {
		return errors.New("the nonce was used before")
	}
	c.nonces[nonce] = until
	return nil
}

// redirectURI is made from the Host the browser asked for, as Coral does.
func (c *Coral) redirectURI(r *http.Request) string {
	scheme, _, _ := strings.Cut(c.ownOrigin(), "://")
	return scheme + "://" + r.Host + callbackPath
}

func (c *Coral) setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: url.QueryEscape(value), Path: "/api/auth/oidc", MaxAge: 15 * 60, HttpOnly: true,
		Secure: strings.HasPrefix(c.cfg.URL, "https:"), SameSite: http.SameSiteLaxMode,
	})
}

func (c *Coral) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/api/auth/oidc", MaxAge: -1, HttpOnly: true})
}

func readCookie(r *http.Request, name string) (string, error) {
	cookie, err := r.Cookie(name)
	if err != nil {
		return "", fmt.Errorf("read cookie %s: %w", name, err)
	}
	return url.QueryUnescape(cookie.Value)
}

func redirectFragment(w http.ResponseWriter, target, fragment string) {
	w.Header().Set("Location", target+"#"+fragment)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
}

// localPath refuses addresses of other servers, "//host" and "/\host" included.
func localPath(target string) bool {
	return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !strings.ContainsAny(target, "\\#")
}

// shortSecret is 16 characters of standard base64, "+" and "/" included, to try a provider that returns them unescaped.
func shortSecret() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(b[:])
}
