package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/keyring"
)

// metadata is OpenID Connect Discovery 1.0, Section 3. What it does not name is not offered; request_uri alone has to be
// denied, since a provider that says nothing takes it.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	ClientAuth            []string `json:"token_endpoint_auth_methods_supported"`
	Scopes                []string `json:"scopes_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	RequestURI            bool     `json:"request_uri_parameter_supported"`
	NamesItself           bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
}

// describe renders the discovery document once: nothing in it ever changes.
func (i *Issuer) describe() (keyring.Document, error) {
	body, err := json.Marshal(metadata{
		Issuer:                i.cfg.Issuer,
		AuthorizationEndpoint: i.url(authorizePath),
		TokenEndpoint:         i.url(tokenPath),
		UserinfoEndpoint:      i.url(userinfoPath),
		JWKSURI:               i.url("/.well-known/jwks.json"),
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{grantAuthorizationCode},
		SubjectTypes:          []string{"public"},
		Algorithms:            []string{"RS256"},
		ClientAuth:            []string{"client_secret_post", "client_secret_basic"},
		Scopes:                scopes,
		Prompts:               []string{promptNone, promptLogin, promptSelectAccount, promptConsent},
		ChallengeMethods:      []string{challengeS256},
		NamesItself:           true,
	})
	if err != nil {
		return keyring.Document{}, fmt.Errorf("issuer: encode the discovery document: %w", err)
	}
	sum := sha256.Sum256(body)
	return keyring.Document{Body: body, ETag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}, nil
}

// serveDiscovery answers like the JWK set that the document leads to: to anyone, for five minutes.
func (i *Issuer) serveDiscovery(g *gin.Context) { keyring.Serve(g.Writer, g.Request, i.discovery) }
