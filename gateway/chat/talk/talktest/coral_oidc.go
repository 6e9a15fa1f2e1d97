package talktest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

// OIDCIntegration is Coral's "OpenID Connect" setting. Any empty address or credential counts as switched off, for
// pushed tokens too.
type OIDCIntegration struct {
	Enabled           bool         `json:"enabled"`
	AllowRegistration bool         `json:"allowRegistration"`
	TargetFilter      TargetFilter `json:"targetFilter"`
	Name              string       `json:"name"` // a label of the stand-in's when empty in a CoralConfig
	ClientID          string       `json:"clientID"`
	ClientSecret      string       `json:"clientSecret"`
	Issuer            string       `json:"issuer"`
	JWKSURI           string       `json:"jwksURI"`
	AuthorizationURL  string       `json:"authorizationURL"`
	TokenURL          string       `json:"tokenURL"`
}

// TargetFilter says where Coral itself offers a way to sign in. Tokens that pages bring are taken all the same.
type TargetFilter struct {
	Admin  bool `json:"admin"`
	Stream bool `json:"stream"`
}

func (i *OIDCIntegration) complete() bool {
	return i.Name != "" && i.ClientID != "" && i.ClientSecret != "" && i.Issuer != "" && i.JWKSURI != "" &&
		i.AuthorizationURL != "" && i.TokenURL != ""
}

// oidcVerifier accepts ID tokens of one issuer, signed RS256 by a key of its JWKS. It does not compare "aud" and does
// not look at "jti": whatever else that issuer signs with those keys is a login here (G5).
type oidcVerifier struct {
	coral *Coral
	keys  *keySet
}

func (v *oidcVerifier) integration() *OIDCIntegration { return &v.coral.state.Load().oidc }

// enabled does not ask for completeness, so an incomplete integration still takes the tokens it then refuses.
func (v *oidcVerifier) enabled() bool {
	return v.integration().Enabled && v.integration().JWKSURI != ""
}

func (v *oidcVerifier) misfit(claims map[string]any) string {
	fields := []field{
		must(stringField("sub")),
		must(stringField("iss")),
		must(stringField("aud")),
		numberField("exp").requiredIf(v.coral.release.since(6, 1, 0)),
		emailField("email").requiredIf(!v.coral.release.since(5, 1, 0)),
		boolField("email_verified"),
		stringField("picture"), stringField("name"), stringField("nickname"), stringField("preferred_username"),
		stringField("nonce"),
	}
	if reason := misfit("", claims, fields); reason != "" {
		return "OIDC: " + reason
	}
	return ""
}

func (v *oidcVerifier) verify(ctx context.Context, token string) (Viewer, error) {
	claims, err := v.signed(ctx, token)
	if err != nil {
		return Viewer{}, err
	}
	if err := v.strict(claims); err != nil {
		return Viewer{}, err
	}
	return v.findOrCreate(claims)
}

// signed checks what any holder of the JWKS can: key, algorithm, times, and the issuer byte for byte (G6).
func (v *oidcVerifier) signed(ctx context.Context, token string) (map[string]any, error) {
	if !v.integration().complete() {
		return nil, &Refusal{Status: http.StatusBadRequest, Code: CodeIntegrationDisabled, Reason: "the OIDC integration lacks a setting"}
	}
	header, _, err := decode(token)
	if err != nil {
		return nil, tokenInvalid(err)
	}
	kid := text(header, "kid")
	if kid == "" {
		return nil, tokenInvalid(errors.New("no kid in id_token"))
	}
	key, err := v.keys.find(ctx, kid)
	if err != nil {
		return nil, tokenInvalid(err)
	}
	claims, err := verify(token, "RS256", key, v.coral.now())
	if err != nil {
		return nil, tokenInvalid(err)
	}
	if claims["iss"] != v.integration().Issuer {
		return nil, tokenInvalid(errors.New("jwt issuer invalid"))
	}
	return claims, nil
}

// strict is the second look at the claims that Coral takes since 6.4.2. It happens inside a callback of the JWT
// library, where nothing catches what it throws: a miss here ends the process, not the request. A pushed token has
// passed the shape check before, so only "nonce" can be missing; Coral's own login comes here straight.
func (v *oidcVerifier) strict(claims map[string]any) error {
	if !v.coral.release.since(6, 4, 2) {
		return nil
	}
	reason := v.misfit(claims)
	if reason == "" {
		reason = misfit("", claims, []field{must(stringField("nonce"))})
	}
	if reason == "" {
		return nil
	}
	return v.coral.stop("uncaught exception while validating the id_token: " + reason)
}

// findOrCreate finds a user by this very profile, or, where new users are allowed, by the subject alone whatever the
// issuer and audience were. Nobody who is found is updated, ever (G22).
func (v *oidcVerifier) findOrCreate(claims map[string]any) (Viewer, error) {
	v.coral.mu.Lock()
	defer v.coral.mu.Unlock()
	wanted := Profile{Type: ProfileOIDC, ID: text(claims, "sub"), Issuer: text(claims, "iss"), Audience: text(claims, "aud")}
	if u := v.coral.users.byProfile(func(p Profile) bool { return p == wanted }); u != nil {
		return viewerOf(u), nil
	}
	if !v.integration().AllowRegistration {
		return Viewer{}, &Refusal{Status: http.StatusInternalServerError, Code: CodeInternalError, Reason: "registration is disabled"}
	}
	if u := v.coral.users.byProfile(func(p Profile) bool { return p.Type == wanted.Type && p.ID == wanted.ID }); u != nil {
		return viewerOf(u), nil
	}
	verified, _ := claims["email_verified"].(bool)
	u, err := v.coral.users.add(User{
		Username: oidcUsername(claims), Role: RoleCommenter, Avatar: text(claims, "picture"),
		Email: strings.ToLower(text(claims, "email")), EmailVerified: verified,
		Profiles: []Profile{wanted},
	})
	if err != nil {
		return Viewer{}, err
	}
	return viewerOf(u), nil
}

// oidcUsername takes the first claim that is there, and nothing at all when that one does not fit (G20).
func oidcUsername(claims map[string]any) string {
	for _, name := range []string{"preferred_username", "nickname", "name"} {
		if s := text(claims, name); s != "" {
			if !fitsUsername(s) {
				return ""
			}
			return s
		}
	}
	return ""
}

// fitsUsername is Coral's rule for names that people choose: 3 to 30 letters (Latin-1 included), digits, "_" and ".".
func fitsUsername(s string) bool {
	if n := utf8.RuneCountInString(s); n < 3 || n > 30 {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return !usernameRune(r) }) < 0
}

func usernameRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
		return true
	default:
		return r >= 'À' && r <= 'ÿ' && r != '×' && r != '÷'
	}
}
