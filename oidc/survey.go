package oidc

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Survey is what a provider tells of itself before anything is configured.
type Survey struct {
	Metadata
	// Preset is the product that the provider is, as far as its addresses tell.
	Preset Preset
}

// SurveyProvider reads the discovery document and the keys of an issuer, with every check that a configured provider's
// have to pass. Env.Provider may be empty. Whatever way of proving itself the provider wants of a client is fine here.
func SurveyProvider(ctx context.Context, issuer string, env Env) (Survey, error) {
	if env.Provider == "" {
		env.Provider = "survey"
	}
	rp, err := New(Config{
		Issuer: issuer, Algorithms: algorithms,
		Client: ClientConfig{ID: "survey", Secret: "no call takes it", Auth: AuthPost},
	}, env)
	if err != nil {
		return Survey{}, err
	}
	if err := rp.Discover(ctx); err != nil {
		return Survey{}, err
	}
	metadata, _ := rp.Metadata()
	return Survey{Metadata: metadata, Preset: PresetOf(metadata)}, nil
}

// TakesSecret says whether a client may prove itself by a secret.
func (s Survey) TakesSecret() bool {
	methods := s.TokenEndpointAuth
	return methods == nil || slices.Contains(methods, "client_secret_basic") || slices.Contains(methods, "client_secret_post")
}

// SigningAlgorithms are what `algorithms` has to be, or none where its default will do.
func (s Survey) SigningAlgorithms() []string {
	if s.IDTokenAlgorithms == nil || slices.Contains(s.IDTokenAlgorithms, standard().Algorithms[0]) {
		return nil
	}
	return intersect(algorithms, s.IDTokenAlgorithms)
}

// FurtherScopes are what `scopes` has to have beside its default at a provider without a preset, which knows its own: what
// brings refresh tokens and groups, where the document names it.
func (s Survey) FurtherScopes() []string {
	if s.Preset != "" {
		return nil
	}
	return intersect([]string{"groups", offlineAccess}, s.Scopes)
}

// Presets are all there are.
func Presets() []Preset { return slices.Clone(presets) }

// Scopes are what is asked for where the configuration says nothing.
func (p Preset) Scopes() []string { return p.defaults().Scopes }

// The addresses by which products are told apart.
var (
	oktaAuthorize = regexp.MustCompile(`/oauth2(/[^/]+)?/v1/authorize$`)
	oktaHost      = regexp.MustCompile(`\.(okta|oktapreview|okta-emea)\.com$`)
)

// PresetOf tells a product by its addresses, or by the issuer alone where nothing else is known of the provider. It is
// empty for one that keeps to the standard.
func PresetOf(m Metadata) Preset {
	issuer, err := url.Parse(m.Issuer)
	if err != nil {
		return ""
	}
	host := issuer.Hostname()
	authorize, keys := pathOf(m.AuthorizationEndpoint), pathOf(m.JWKSURI)
	below := strings.TrimSuffix(issuer.Path, "/")
	switch {
	case strings.HasPrefix(host, "login.microsoftonline."):
		return PresetEntra
	case m.Issuer == "https://accounts.google.com":
		return PresetGoogle
	case oktaHost.MatchString(host), oktaAuthorize.MatchString(authorize):
		return PresetOkta
	case host == "gitlab.com", authorize == below+"/oauth/authorize" && keys == below+"/oauth/discovery/keys":
		return PresetGitLab
	case strings.Contains(issuer.Path, "/application/o/"):
		return PresetAuthentik
	case isKeycloak(issuer.Path, authorize):
		return PresetKeycloak
	case authorize == below+"/api/oidc/authorization" && keys == below+"/jwks.json":
		return PresetAuthelia
	case authorize == below+"/auth" && keys == below+"/keys" && pathOf(m.TokenEndpoint) == below+"/token":
		return PresetDex
	}
	return ""
}

// isKeycloak goes by the endpoint where it is known: others have realms too.
func isKeycloak(issuer, authorize string) bool {
	if authorize == "" {
		return strings.Contains(issuer, "/realms/")
	}
	return strings.HasSuffix(authorize, "/protocol/openid-connect/auth")
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}
