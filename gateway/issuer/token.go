package issuer

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/session"
)

const (
	grantAuthorizationCode = "authorization_code"
	formType               = "application/x-www-form-urlencoded"
	maxForm                = 8 << 10 // bytes; the product's has about 300
)

// tokenAnswer is RFC 6749, Section 5.1, with OpenID Connect's ID token. There is never a refresh token.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	IDToken     string `json:"id_token"`
	Scope       string `json:"scope"`
}

// token trades a code for an ID token (G24). It is for the client's server: no CORS header is ever sent.
func (i *Issuer) token(g *gin.Context) {
	g.Header("Cache-Control", "no-store")
	g.Header("Pragma", "no-cache") // Section 5.1
	answer, err := i.exchange(g)
	if err != nil {
		i.fail(g, err)
		return
	}
	g.JSON(http.StatusOK, answer)
}

// exchange counts what is refused and audits the codes among it, up to the limit: whoever floods us must not flood the
// audit log too.
func (i *Issuer) exchange(g *gin.Context) (tokenAnswer, error) {
	ctx, address := g.Request.Context(), g.ClientIP()
	answer, err := i.trade(g.Request, address)
	code, ofCode := errors.AsType[*refusedCode](err)
	if _, ofRequest := errors.AsType[*refusedToken](err); !ofCode && !ofRequest {
		return answer, err
	}
	if limited := i.countRefused(ctx, address); limited != nil {
		return tokenAnswer{}, limited
	}
	if ofCode {
		i.record(ctx, session.Session{}, address, audit.Event{Act: audit.CodeRefused, Reason: code.reason})
	}
	return tokenAnswer{}, err
}

// trade has the client prove itself before anything else is looked at.
func (i *Issuer) trade(r *http.Request, address string) (tokenAnswer, error) {
	form, err := readForm(r)
	if err != nil {
		return tokenAnswer{}, err
	}
	if err := i.cfg.Client.authenticate(r, form); err != nil {
		return tokenAnswer{}, err
	}
	switch {
	case form["grant_type"] == "":
		return tokenAnswer{}, refuseToken(errInvalidRequest, "no grant_type")
	case form["grant_type"] != grantAuthorizationCode:
		return tokenAnswer{}, refuseToken(errUnsupportedGrant, "another grant_type than authorization_code")
	case form["code"] == "" || form["redirect_uri"] == "":
		return tokenAnswer{}, refuseToken(errInvalidRequest, "no code or no redirect_uri")
	}
	return i.redeem(r.Context(), form, address)
}

// redeem gives what a code is good for, if the session that it was issued for lives and may still enter. What can fail by
// itself comes before the code is spent, so that it works when it is asked again; only the last look at the session comes
// after.
func (i *Issuer) redeem(ctx context.Context, form map[string]string, address string) (tokenAnswer, error) {
	key := keyOf(form["code"])
	grant, err := i.look(ctx, key, form["redirect_uri"], form["code_verifier"])
	if err != nil {
		return tokenAnswer{}, err
	}
	s, err := i.holder(ctx, grant.Session)
	if err != nil {
		return tokenAnswer{}, err
	}
	idToken, jti, kid, err := i.sign(ctx, grant, s, address)
	if err != nil {
		return tokenAnswer{}, err
	}
	token, err := i.spend(ctx, key, s)
	if err != nil {
		return tokenAnswer{}, err
	}
	// A sign-out may have come while all this was made. Nobody could end what the client makes of the ID token, so that none
	// goes out (D21), and nobody has learnt the access token yet.
	if _, err := i.holder(ctx, grant.Session); err != nil {
		return tokenAnswer{}, errors.Join(err, i.access.Delete(ctx, keyOf(token)))
	}
	i.record(ctx, s, address, audit.Event{
		Act: audit.IDTokenIssued, Attrs: []slog.Attr{slog.String("jti", jti), slog.String("kid", kid)},
	})
	return tokenAnswer{
		AccessToken: token, TokenType: "Bearer", ExpiresIn: int(i.within(s, accessLife).Seconds()), IDToken: idToken, Scope: grant.scopeText(),
	}, nil
}

// sign makes the ID token of a grant.
func (i *Issuer) sign(ctx context.Context, g grant, s session.Session, address string) (token, jti, kid string, err error) {
	about, err := i.person(ctx, s, address)
	if err != nil {
		return "", "", "", err
	}
	claims, err := i.idToken(about, g, s)
	if err != nil {
		return "", "", "", err
	}
	token, kid, err = i.cfg.Keys.Sign(claims)
	jti, _ = claims["jti"].(string)
	return token, jti, kid, err
}

// person asks the site what is told of whoever is signed in.
func (i *Issuer) person(ctx context.Context, s session.Session, address string) (statement, error) {
	claims, err := i.cfg.Claims(ctx, s, address)
	if err != nil {
		return nil, err
	}
	return about(claims)
}

// readForm takes the parameters from the body alone: in the address they would stand in other servers' logs.
func readForm(r *http.Request) (map[string]string, error) {
	if r.URL.RawQuery != "" {
		return nil, refuseToken(errInvalidRequest, "parameters in the address")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return nil, refuseToken(errInvalidRequest, "the content type is not "+formType)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, refuseToken(errInvalidRequest, "the body is too long, or ends early")
	}
	form, err := single(string(body))
	if err != nil {
		return nil, refuseToken(errInvalidRequest, err.Error())
	}
	return form, nil
}
