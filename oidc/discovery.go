package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

const wellKnown = "/.well-known/openid-configuration"

// Metadata is the part of the discovery document that chatgate uses (OpenID Connect Discovery 1.0, Section 3; RFC
// 8414; the logout specifications). Endpoints have been checked and stand as the document gives them.
type Metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	IDTokenAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TokenEndpointAuth     []string `json:"token_endpoint_auth_methods_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	Scopes                []string `json:"scopes_supported"`
	CallbackIssuer        bool     `json:"authorization_response_iss_parameter_supported"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"`
	BackchannelLogoutSID  bool     `json:"backchannel_logout_session_supported"`
	FrontchannelLogout    bool     `json:"frontchannel_logout_supported"`
	FrontchannelLogoutSID bool     `json:"frontchannel_logout_session_supported"`
}

// provider is one discovery document, ready for use.
type provider struct {
	Metadata
	oauth      oauth2.Config // without a redirect URL, which comes with each attempt
	userinfo   string        // as we call it; empty when the provider has none
	revocation string        // likewise
	algorithms []string      // configured and advertised
	keys       *keySet
}

// documentURL is where the document is fetched: at the issuer, or at discoveryURL, whose path defaults to the
// issuer's and may name the document itself.
func documentURL(issuer *url.URL, discoveryURL string) (*url.URL, error) {
	base := *issuer
	if discoveryURL != "" {
		u, err := url.Parse(discoveryURL)
		if err != nil {
			return nil, fmt.Errorf("discoveryURL: %w", err)
		}
		base.Scheme, base.Host = u.Scheme, u.Host
		if strings.Trim(u.Path, "/") != "" {
			base.Path, base.RawPath = u.Path, u.RawPath
		}
	}
	if strings.HasSuffix(base.Path, wellKnown) {
		return &base, nil
	}
	return base.JoinPath(wellKnown), nil
}

// discover reads the document and the keys, and only then replaces what was known.
func (rp *RelyingParty) discover(ctx context.Context) error {
	body, err := rp.get(calling(ctx, CallDiscovery), rp.addresses.discovery.String())
	if err != nil {
		return &providerError{"fetch discovery document", err}
	}
	var m Metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return &providerError{"read discovery document", err}
	}
	p, err := rp.newProvider(m)
	if err != nil {
		return &providerError{"check discovery document", err}
	}
	if err := p.keys.refresh(ctx); err != nil {
		return err
	}
	rp.adopt(ctx, p)
	return nil
}

func (rp *RelyingParty) adopt(ctx context.Context, p *provider) {
	if rp.current.Swap(p) != nil {
		return
	}
	rp.env.Log.InfoContext(ctx, "provider discovered", "issuer", p.Issuer)
	if p.CodeChallengeMethods != nil && !slices.Contains(p.CodeChallengeMethods, "S256") {
		rp.env.Log.WarnContext(ctx, "provider does not advertise PKCE with S256", "issuer", p.Issuer) // S22
	}
}

func (rp *RelyingParty) newProvider(m Metadata) (*provider, error) {
	if m.Issuer != rp.cfg.Issuer { // OpenID Connect Discovery 1.0, Section 4.3; a trailing slash counts (S42)
		return nil, fmt.Errorf("issuer is %q, configured is %q", m.Issuer, rp.cfg.Issuer)
	}
	if err := rp.addresses.checkEndpoints(m); err != nil {
		return nil, err
	}
	style, err := rp.authStyle(m.TokenEndpointAuth)
	if err != nil {
		return nil, err
	}
	algorithms := rp.cfg.Algorithms
	if m.IDTokenAlgorithms != nil {
		algorithms = intersect(rp.cfg.Algorithms, m.IDTokenAlgorithms)
	}
	if len(algorithms) == 0 {
		return nil, fmt.Errorf("ID tokens are signed with %q, configured algorithms are %q", m.IDTokenAlgorithms, rp.cfg.Algorithms)
	}
	return &provider{
		Metadata: m,
		oauth: oauth2.Config{
			ClientID:     rp.cfg.Client.ID,
			ClientSecret: rp.cfg.Client.Secret.Reveal(),
			Scopes:       rp.cfg.Scopes,
			Endpoint: oauth2.Endpoint{
				AuthURL:   m.AuthorizationEndpoint,
				TokenURL:  rp.addresses.called(m.TokenEndpoint),
				AuthStyle: style,
			},
		},
		userinfo:   rp.addresses.called(m.UserinfoEndpoint),
		revocation: rp.addresses.called(m.RevocationEndpoint),
		algorithms: algorithms,
		keys:       rp.keySet(rp.addresses.called(m.JWKSURI)),
	}, nil
}

// keySet keeps the present keys, and their limit on refetches, while their address stays the same.
func (rp *RelyingParty) keySet(address string) *keySet {
	if p := rp.current.Load(); p != nil && p.keys.address == address {
		return p.keys
	}
	return &keySet{address: address, get: rp.get, now: rp.env.Now}
}

// authStyle never lets x/oauth2 probe: a probe sends the code twice (S25). A provider that advertises nothing takes
// client_secret_basic (OpenID Connect Discovery 1.0, Section 3).
func (rp *RelyingParty) authStyle(advertised []string) (oauth2.AuthStyle, error) {
	auth := rp.cfg.Client.Auth
	switch {
	case auth == AuthKey:
		return oauth2.AuthStyleInParams, nil // the client's id; the assertion is added on the way
	case auth == AuthBasic:
		return oauth2.AuthStyleInHeader, nil
	case auth == AuthPost:
		return oauth2.AuthStyleInParams, nil
	case advertised == nil || slices.Contains(advertised, "client_secret_basic"):
		return oauth2.AuthStyleInHeader, nil
	case slices.Contains(advertised, "client_secret_post"):
		return oauth2.AuthStyleInParams, nil
	}
	return 0, fmt.Errorf("token endpoint takes %q, and neither client_secret_basic nor client_secret_post", advertised)
}

func intersect(a, b []string) []string {
	var both []string
	for _, s := range a {
		if slices.Contains(b, s) {
			both = append(both, s)
		}
	}
	return both
}

func (a addresses) checkEndpoints(m Metadata) error {
	for _, endpoint := range []struct {
		name, address string
		required      bool
	}{
		{"authorization_endpoint", m.AuthorizationEndpoint, true},
		{"token_endpoint", m.TokenEndpoint, true},
		{"jwks_uri", m.JWKSURI, true},
		{"userinfo_endpoint", m.UserinfoEndpoint, false},
		{"end_session_endpoint", m.EndSessionEndpoint, false},
		{"revocation_endpoint", m.RevocationEndpoint, false},
	} {
		if endpoint.address == "" && !endpoint.required {
			continue
		}
		if err := a.checkEndpoint(endpoint.address); err != nil {
			return fmt.Errorf("%s: %w", endpoint.name, err)
		}
	}
	return nil
}

// checkEndpoint trusts the origins the operator wrote down. Elsewhere a document may neither lower the scheme nor
// point into this machine or its link (S130); private networks are where many providers live.
func (a addresses) checkEndpoint(address string) error {
	u, err := url.Parse(address)
	if err != nil || !isEndpoint(u) {
		return fmt.Errorf("must be an absolute URL without fragment, got %q", address)
	}
	switch o := origin(u); {
	case o == origin(a.issuer), o == origin(a.discovery):
		return nil
	case u.Scheme != "https" && !(a.development && isLoopback(u.Hostname())):
		return fmt.Errorf("must be https, got %q", address)
	case isInside(u.Hostname()) && !a.development:
		return errors.New("must not point into this machine")
	}
	return nil
}

// called is an endpoint as we call it: what lies at the issuer's origin is called at discoveryURL's.
func (a addresses) called(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" || origin(u) != origin(a.issuer) {
		return address
	}
	u.Scheme, u.Host = a.discovery.Scheme, a.discovery.Host
	return u.String()
}
