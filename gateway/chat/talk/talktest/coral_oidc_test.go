package talktest_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

// The cases follow the table of Coral's OIDC integration row by row; claims come first, keys and algorithms after.
func TestOIDCTokensByTheirClaims(t *testing.T) {
	tests := []struct {
		name   string
		claims claims
		want   string
	}{
		{"all claims are accepted", idClaims(), accepted},
		{"an issuer with a final slash is another issuer (G6)", idClaims().with("iss", issuer+"/"), tokenInvalid},
		{"any audience is accepted (G5)", idClaims().with("aud", "rocketchat"), accepted},
		{"an audience array does not fit (G19)", idClaims().with("aud", []string{clientID}), tokenInvalid},
		{"a missing audience does not fit", idClaims().without("aud"), tokenInvalid},
		{"a missing exp does not fit", idClaims().without("exp"), tokenInvalid},
		{"an exp in words does not fit", idClaims().with("exp", "tomorrow"), tokenInvalid},
		{"expired in this very second is expired", idClaims().with("exp", start.Unix()), tokenInvalid},
		{"expired by one second is expired", idClaims().with("exp", start.Unix()-1), tokenInvalid},
		{"one second left is enough", idClaims().with("exp", start.Unix()+1), accepted},
		{"an nbf five seconds ahead is refused (G7)", idClaims().with("nbf", start.Unix()+5), tokenInvalid},
		{"an nbf of now is accepted", idClaims().with("nbf", start.Unix()), accepted},
		{"an iat in the future is accepted", idClaims().with("iat", start.Unix()+3600), accepted},
		{"a missing nonce stops the process (G19)", idClaims().without("nonce"), stopped},
		{"an empty nonce does not fit the shape", idClaims().with("nonce", ""), tokenInvalid},
		{"no iat and no jti are accepted", idClaims().without("iat", "jti"), accepted},
		{"an empty email is refused (G10)", idClaims().with("email", ""), tokenInvalid},
		{"a null email is refused (G10)", idClaims().with("email", nil), tokenInvalid},
		{"an email at corp.local is refused (G21)", idClaims().with("email", "a@corp.local"), tokenInvalid},
		{"an email under .test is refused (G21)", idClaims().with("email", "a@example.test"), tokenInvalid},
		{"an email at a bare host is refused (G21)", idClaims().with("email", "a@localhost"), tokenInvalid},
		{"an email with a display name is refused", idClaims().with("email", "Ada <ada@example.org>"), tokenInvalid},
		{"an email in mixed case is accepted", idClaims().with("email", "Ada@Example.ORG"), accepted},
		{"email_verified as text is refused (G10)", idClaims().with("email_verified", "true"), tokenInvalid},
		{"an empty preferred_username is refused (G10)", idClaims().with("preferred_username", ""), tokenInvalid},
		{"a null picture is refused (G10)", idClaims().with("picture", nil), tokenInvalid},
		{"a missing subject does not fit", idClaims().without("sub"), tokenInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
			_, err := coral.Verify(t.Context(), idToken(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestOIDCTokensByTheirSignature(t *testing.T) {
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	none := sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid, idClaims())
	strangers := []jwk{
		{"kty": "EC", "crv": "P-256", "kid": "ec"},
		{"kty": "OKP", "crv": "Ed25519", "kid": "ed"},
		rsaJWK(kid, &rsaKey().PublicKey, nil),
	}

	tests := []struct {
		name  string
		token string
		keys  []jwk
		want  string
	}{
		{"RS256 with a published kid is accepted", idToken(t, idClaims()), nil, accepted},
		{"a token without kid is refused", sign(t, jwt.SigningMethodRS256, rsaKey(), "", idClaims()), nil, tokenInvalid},
		{"an unknown kid is refused", sign(t, jwt.SigningMethodRS256, rsaKey(), "other", idClaims()), nil, tokenInvalid},
		{
			"a key for encryption is not used", idToken(t, idClaims()),
			[]jwk{rsaJWK(kid, &rsaKey().PublicKey, jwk{"use": "enc"})}, tokenInvalid,
		},
		{
			"a key without use is used", idToken(t, idClaims()),
			[]jwk{{"kty": "RSA", "kid": kid, "n": rsaJWK(kid, &rsaKey().PublicKey, nil)["n"], "e": "AQAB"}}, accepted,
		},
		{"another key under a known kid is refused", sign(t, jwt.SigningMethodRS256, otherRSAKey(), kid, idClaims()), nil, tokenInvalid},
		{"RS512 is refused", sign(t, jwt.SigningMethodRS512, rsaKey(), kid, idClaims()), nil, tokenInvalid},
		{"PS256 is refused", sign(t, jwt.SigningMethodPS256, rsaKey(), kid, idClaims()), nil, tokenInvalid},
		{"ES256 is refused", sign(t, jwt.SigningMethodES256, ecKey, kid, idClaims()), nil, tokenInvalid},
		{"EdDSA is refused", sign(t, jwt.SigningMethodEdDSA, edKey, kid, idClaims()), nil, tokenInvalid},
		{"none is refused", none, nil, tokenInvalid},
		{"HS256 with the public PEM as secret is refused", sign(t, jwt.SigningMethodHS256, publicPEM, kid, idClaims()), nil, tokenInvalid},
		{"EC and Ed25519 keys beside an RSA key do no harm", idToken(t, idClaims()), strangers, accepted},
		{
			"RSA of 1024 bits is accepted", sign(t, jwt.SigningMethodRS256, weakRSAKey(), "weak", idClaims()),
			[]jwk{rsaJWK("weak", &weakRSAKey().PublicKey, nil)}, accepted,
		},
		{"text that is no token is refused", "not.a.token", nil, tokenInvalid},
		{
			"a bad signature is refused before the nonce is looked for",
			sign(t, jwt.SigningMethodRS256, otherRSAKey(), kid, idClaims().without("nonce")), nil, tokenInvalid,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider()
			if tt.keys != nil {
				p.keys = tt.keys
			}
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), Transport: p})
			_, err := coral.Verify(t.Context(), tt.token)
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestOIDCUserTakenFromTheClaims(t *testing.T) {
	full := talktest.User{Username: "ada", Email: "ada@example.org", EmailVerified: true, Role: talktest.RoleCommenter}
	change := func(f func(*talktest.User)) talktest.User { u := full; f(&u); return u }
	noName := change(func(u *talktest.User) { u.Username = "" })

	tests := []struct {
		name   string
		claims claims
		want   talktest.User
	}{
		{"all claims make a whole user", idClaims(), full},
		{
			"no email makes a user without one", idClaims().without("email", "email_verified"),
			change(func(u *talktest.User) { u.Email, u.EmailVerified = "", false }),
		},
		{
			"email_verified false is stored as such", idClaims().with("email_verified", false),
			change(func(u *talktest.User) { u.EmailVerified = false }),
		},
		{"an email is stored in lower case", idClaims().with("email", "ADA@Example.org"), full},
		{"no username leaves the name to be chosen", idClaims().without("preferred_username"), noName},
		{"a username with a hyphen does not fit (G20)", idClaims().with("preferred_username", "ada-l"), noName},
		{"a username with a space does not fit (G20)", idClaims().with("preferred_username", "ada l"), noName},
		{"a username of two characters does not fit (G20)", idClaims().with("preferred_username", "al"), noName},
		{"a username of 31 characters does not fit (G20)", idClaims().with("preferred_username", "abcdefghijklmnopqrstuvwxyz12345"), noName},
		{
			"Latin-1 letters fit", idClaims().with("preferred_username", "Zoë_ß.1"),
			change(func(u *talktest.User) { u.Username = "Zoë_ß.1" }),
		},
		{
			"nickname is used when preferred_username is absent", idClaims().without("preferred_username").with("nickname", "ada_nick"),
			change(func(u *talktest.User) { u.Username = "ada_nick" }),
		},
		{
			"nickname is not tried when preferred_username is bad", idClaims().with("preferred_username", "a-b").with("nickname", "ada_nick"),
			noName,
		},
		{
			"name comes last", idClaims().without("preferred_username").with("name", "Ada.Lovelace"),
			change(func(u *talktest.User) { u.Username = "Ada.Lovelace" }),
		},
		{"a role claim is ignored", idClaims().with("role", "ADMIN"), full},
		{"a user claim is ignored", idClaims().with("user", map[string]any{"role": "ADMIN"}), full},
		{
			"picture becomes the avatar", idClaims().with("picture", "https://example.org/a"),
			change(func(u *talktest.User) { u.Avatar = "https://example.org/a" }),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
			viewer, err := coral.Verify(t.Context(), idToken(t, tt.claims))
			if err != nil {
				t.Fatalf("Verify() = %v, want no error", err)
			}
			if viewer.ID == "" || viewer.ID == "u-ada" {
				t.Errorf("viewer.ID = %q, want an id of Coral's own", viewer.ID)
			}
			viewer.ID, viewer.Profiles = "", nil
			if diff := cmp.Diff(tt.want, viewer.User); diff != "" {
				t.Errorf("viewer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOIDCUsersAreFoundAgain(t *testing.T) {
	tests := []struct {
		name   string
		second claims
		want   string
		same   bool
	}{
		{
			"the same subject with another email and name is found and not updated (G22)",
			idClaims().with("email", "new@example.org").with("preferred_username", "new_name"), accepted, true,
		},
		{"the same subject with another audience is the same user", idClaims().with("aud", "another"), accepted, true},
		{"a new subject with another email is a new user", idClaims().with("sub", "u-bob").with("email", "bob@example.org"), accepted, false},
		{"a new subject with an email someone has is a duplicate", idClaims().with("sub", "u-eve"), "Forbidden DUPLICATE_EMAIL", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
			first, err := coral.Verify(t.Context(), idToken(t, idClaims()))
			if err != nil {
				t.Fatalf("first Verify() = %v, want no error", err)
			}
			second, err := coral.Verify(t.Context(), idToken(t, tt.second))
			if got := verdict(err); got != tt.want {
				t.Fatalf("second Verify() = %s, want %s", got, tt.want)
			}
			if same := cmp.Equal(first, second); same != tt.same {
				t.Errorf("same user = %v, want %v\nfirst  %+v\nsecond %+v", same, tt.same, first, second)
			}
		})
	}
}

func TestOIDCRegistrationOff(t *testing.T) {
	integration := oidcIntegration()
	integration.AllowRegistration = false
	coral := newCoral(t, talktest.CoralConfig{OIDC: integration})
	_, err := coral.AddUser(talktest.User{Username: "ada", Profiles: []talktest.Profile{
		{Type: talktest.ProfileOIDC, ID: "u-ada", Issuer: issuer, Audience: clientID},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		claims claims
		want   string
	}{
		{"a known user is let in", idClaims(), accepted},
		{"a known subject with another audience is unknown", idClaims().with("aud", "another"), "Internal Server Error INTERNAL_ERROR"},
		{"a stranger is an error", idClaims().with("sub", "u-bob"), "Internal Server Error INTERNAL_ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := coral.Verify(t.Context(), idToken(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOIDCIncompleteIntegration(t *testing.T) {
	settings := map[string]func(*talktest.OIDCIntegration){
		"client id":         func(i *talktest.OIDCIntegration) { i.ClientID = "" },
		"client secret":     func(i *talktest.OIDCIntegration) { i.ClientSecret = "" },
		"issuer":            func(i *talktest.OIDCIntegration) { i.Issuer = "" },
		"authorization URL": func(i *talktest.OIDCIntegration) { i.AuthorizationURL = "" },
		"token URL":         func(i *talktest.OIDCIntegration) { i.TokenURL = "" },
	}
	for name, empty := range settings {
		t.Run("without its "+name+" it refuses every token", func(t *testing.T) {
			integration := oidcIntegration()
			empty(integration)
			coral := newCoral(t, talktest.CoralConfig{OIDC: integration})
			_, err := coral.Verify(t.Context(), idToken(t, idClaims()))
			if got, want := verdict(err), "Bad Request INTEGRATION_DISABLED"; got != want {
				t.Errorf("Verify() = %s, want %s", got, want)
			}
		})
	}
}

func TestOIDCByRelease(t *testing.T) {
	tests := []struct {
		name    string
		version string
		claims  claims
		want    string
	}{
		{"5.0 needs an email", "5.0.0", idClaims().without("email"), tokenInvalid},
		{"5.1 does not", "5.1.0", idClaims().without("email"), accepted},
		{"6.0 takes a token without exp", "6.0.0", idClaims().without("exp"), accepted},
		{"6.1 does not", "6.1.0", idClaims().without("exp"), tokenInvalid},
		{"6.4.1 does not ask for a nonce", "6.4.1", idClaims().without("nonce"), accepted},
		{"6.4.2 stops without one", "6.4.2", idClaims().without("nonce"), stopped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{Version: tt.version, OIDC: oidcIntegration()})
			_, err := coral.Verify(t.Context(), idToken(t, tt.claims))
			if got := verdict(err); got != tt.want {
				t.Errorf("Verify() = %s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

// TestASubjectOfAnotherIssuerIsTheSameUser: an issuer that changes loses nobody, and two that give out the same subjects
// are one to Coral.
func TestASubjectOfAnotherIssuerIsTheSameUser(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	before, err := coral.Verify(t.Context(), idToken(t, idClaims()))
	if err != nil {
		t.Fatal(err)
	}
	const moved = issuer + "-moved"
	if err := coral.Set(map[string]any{"integrations": map[string]any{"oidc": map[string]any{"issuer": moved}}}); err != nil {
		t.Fatal(err)
	}
	after, err := coral.Verify(t.Context(), idToken(t, idClaims().with("iss", moved)))
	if err != nil || after.ID != before.ID || len(coral.Users()) != 1 {
		t.Errorf("Verify() = %q, %v, among %d users, want %q alone", after.ID, err, len(coral.Users()), before.ID)
	}
	if _, err := coral.Verify(t.Context(), idToken(t, idClaims())); verdict(err) != tokenInvalid {
		t.Errorf("Verify() of the former issuer's token = %v, want %s", err, tokenInvalid)
	}
}

func TestStoppedProcess(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	bad, good := idToken(t, idClaims().without("nonce")), idToken(t, idClaims())
	for _, token := range []string{good, bad, good} {
		_, _ = coral.Verify(t.Context(), token)
	}
	if _, err := coral.Verify(t.Context(), good); verdict(err) != stopped {
		t.Fatalf("Verify() after a stop = %v, want %s", err, stopped)
	}
	coral.Restart()
	if _, err := coral.Verify(t.Context(), good); err != nil {
		t.Errorf("Verify() after a restart = %v, want no error", err)
	}
	if got := len(coral.Users()); got != 1 {
		t.Errorf("users after a restart = %d, want 1", got)
	}
}
