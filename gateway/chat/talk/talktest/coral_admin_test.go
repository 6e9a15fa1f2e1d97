package talktest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

// adminOf is the token of an administrator of its own.
func adminOf(t *testing.T, coral *talktest.Coral, role string) string {
	t.Helper()
	user, err := coral.AddUser(talktest.User{Username: "boss", Email: "boss@example.org", Role: role})
	if err != nil {
		t.Fatal(err)
	}
	token, err := coral.OwnToken(user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// ask sends one text and returns the status and the answer.
func ask(t *testing.T, coral *talktest.Coral, token, query string, variables any) (int, string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	res := call(coral, http.MethodPost, coralURL+"/api/graphql", token, string(body), "Content-Type", "application/json")
	return res.StatusCode, bodyOf(t, res)
}

const readOIDC = `query Q { settings { auth { sessionDuration integrations { oidc {
	enabled name clientID issuer callbackURL targetFilter { admin stream } } } } } }`

const update = `mutation M($input: UpdateSettingsInput!) { updateSettings(input: $input) { settings { auth { sessionDuration } } } }`

func patch(auth map[string]any) map[string]any {
	return map[string]any{"input": map[string]any{"clientMutationId": "1", "settings": map[string]any{"auth": auth}}}
}

func TestCoralShowsAndTakesSettings(t *testing.T) { // T-C4
	coral := newCoral(t, talktest.CoralConfig{})
	admin := adminOf(t, coral, talktest.RoleAdmin)
	_, got := ask(t, coral, admin, readOIDC, nil)
	want := `{"data":{"settings":{"auth":{"integrations":{"oidc":{"callbackURL":"https://comments.example.org/api/auth/oidc/callback",` +
		`"clientID":null,"enabled":false,"issuer":null,"name":null,"targetFilter":{"admin":true,"stream":true}}},"sessionDuration":7776000}}}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the settings of a new Coral (-want +got):\n%s", diff)
	}
	before := coral.Settings()
	status, answer := ask(t, coral, admin, update, patch(map[string]any{
		"sessionDuration": 3600, "integrations": map[string]any{"oidc": map[string]any{"enabled": true, "issuer": issuer}},
	}))
	if status != http.StatusOK || !strings.Contains(answer, `"sessionDuration":3600`) {
		t.Fatalf("updateSettings = %d %s", status, answer)
	}
	if _, got := ask(t, coral, admin, readOIDC, nil); !strings.Contains(got, `"enabled":true,"issuer":"`+issuer+`","name":null`) {
		t.Errorf("after a part was set: %s", got)
	}
	ask(t, coral, admin, update, patch(map[string]any{
		"sessionDuration": 7776000, "integrations": map[string]any{"oidc": map[string]any{"enabled": false, "issuer": nil}},
	}))
	if diff := cmp.Diff(before, coral.Settings()); diff != "" {
		t.Errorf("the settings that were put back (-before +after):\n%s", diff)
	}
}

func TestCoralRefusesAdministration(t *testing.T) {
	good := patch(map[string]any{"sessionDuration": 60})
	for _, tt := range []struct {
		name, version, role, query string
		variables                  any
		status                     int
		code                       string
	}{
		{name: "a text of somebody who is no administrator", role: talktest.RoleModerator, query: readOIDC,
			status: 400, code: "RAW_QUERY_NOT_AUTHORIZED"},
		{name: "a field that is not there", query: `{ settings { auth { secret } } }`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a text that ends too early", query: `{ settings { auth {`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "secrets of a release with one key", version: "5.2.0",
			query:  `{ settings { auth { integrations { sso { signingSecrets { kid } } } } } }`,
			status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "sites of a release without", version: "5.6.0", query: `{ sites { edges { node { name } } } }`,
			status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "settings without the session's duration", query: update, variables: patch(map[string]any{}),
			status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "no mutation id", query: update, variables: map[string]any{"input": map[string]any{}},
			status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		{name: "a setting of another type", query: update, status: 400, code: "GRAPHQL_VALIDATION_FAILED", variables: patch(map[string]any{
			"sessionDuration": 60, "integrations": map[string]any{"sso": map[string]any{"enabled": "true"}}})},
		{name: "a secret of one's own", query: update, status: 400, code: "GRAPHQL_VALIDATION_FAILED", variables: patch(map[string]any{
			"sessionDuration": 60, "integrations": map[string]any{"sso": map[string]any{"signingSecrets": []any{}}}})},
		{name: "a right text", query: update, variables: good, status: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{Version: tt.version})
			role := tt.role
			if role == "" {
				role = talktest.RoleAdmin
			}
			status, answer := ask(t, coral, adminOf(t, coral, role), tt.query, tt.variables)
			if status != tt.status || tt.code == "" == strings.Contains(answer, `"errors"`) || !strings.Contains(answer, tt.code) {
				t.Errorf("%d %s, want %d %s", status, answer, tt.status, tt.code)
			}
		})
	}
	coral := newCoral(t, talktest.CoralConfig{})
	if status, answer := ask(t, coral, "made.up.token", readOIDC, nil); status != 401 || !strings.Contains(answer, "TOKEN_INVALID") {
		t.Errorf("a made-up token: %d %s, want 401 TOKEN_INVALID", status, answer)
	}
}

func TestSavingSettingsEmptiesCoralsCacheOfKeys(t *testing.T) { // T-C2
	gateway := newProvider()
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), Transport: gateway})
	token := idToken(t, idClaims())
	for range 2 {
		if _, err := coral.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	ask(t, coral, adminOf(t, coral, talktest.RoleAdmin), update, patch(map[string]any{"sessionDuration": 60}))
	if _, err := coral.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if gateway.fetches != 2 {
		t.Errorf("the JWKS was fetched %d times, want once before and once after", gateway.fetches)
	}
}

func TestCoralRotatesItsSigningSecret(t *testing.T) { // T-C4
	now := newClock()
	coral := newCoral(t, talktest.CoralConfig{Now: now.Now, SSO: &talktest.SSOIntegration{Enabled: true, AllowRegistration: true}})
	admin := adminOf(t, coral, talktest.RoleAdmin)
	former := coral.SigningSecrets()[0]
	status, answer := ask(t, coral, admin, `mutation { rotateSSOSigningSecret(input: {clientMutationId: "1", inactiveIn: 60}) {
		settings { auth { integrations { sso { key signingSecrets { kid rotatedAt inactiveAt } } } } } } }`, nil)
	all := coral.SigningSecrets()
	if status != http.StatusOK || len(all) != 2 || !strings.Contains(answer, `"key":"`+all[1].Secret+`"`) {
		t.Fatalf("rotate = %d %s with %d secrets", status, answer, len(all))
	}
	if len(former.Secret) != 75 || len(former.KID) != 18 {
		t.Errorf("a secret has %d characters and its kid %d, want 75 and 18", len(former.Secret), len(former.KID))
	}
	now.Advance(time.Minute)
	if all[0].InactiveAt == nil || now.Now().Before(*all[0].InactiveAt) {
		t.Errorf("the former secret is good until %v, want a minute", all[0].InactiveAt)
	}
	ask(t, coral, admin, `mutation { deactivateSSOSigningSecret(input: {clientMutationId: "1", kid: "`+all[1].KID+`"}) { clientMutationId } }`, nil)
	ask(t, coral, admin, `mutation { deleteSSOSigningSecret(input: {clientMutationId: "1", kid: "`+former.KID+`"}) { clientMutationId } }`, nil)
	if left := coral.SigningSecrets(); len(left) != 1 || left[0].InactiveAt == nil {
		t.Errorf("left are %d secrets, want the deactivated one", len(left))
	}
}

func TestASiteLetsItsPagesIn(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{})
	preflight := func() int {
		return call(coral, http.MethodOptions, coralURL+"/api/graphql", "", "", "Origin", newsURL).StatusCode
	}
	if got := preflight(); got != http.StatusMethodNotAllowed {
		t.Errorf("preflight of a page that no site lists = %d, want 405", got)
	}
	admin := adminOf(t, coral, talktest.RoleAdmin)
	ask(t, coral, admin, `mutation M($o: [String!]) { createSite(input: {clientMutationId: "1", site: {name: "News", allowedOrigins: $o}}) {
		site { id } } }`, map[string]any{"o": []string{newsURL}})
	if got := preflight(); got != http.StatusNoContent {
		t.Errorf("preflight of a listed page = %d, want 204", got)
	}
	if _, got := ask(t, coral, admin, `{ sites(first: 20) { edges { node { name allowedOrigins } } } }`, nil); !strings.Contains(got, newsURL) {
		t.Errorf("the sites are %s, want the new one among them", got)
	}
}

func TestInstallingBindsTheHost(t *testing.T) { // T-C4
	coral := newCoral(t, talktest.CoralConfig{Fresh: true})
	login := `{"email":"boss@example.org","password":"correct horse"}`
	if res := call(coral, http.MethodPost, coralURL+"/api/auth/local", "", login); res.StatusCode != http.StatusNotFound {
		t.Errorf("a login before anyone has installed = %d, want 404", res.StatusCode)
	}
	const body = `{"tenant":{"organization":{"name":"News","url":"https://news.example.org","contactEmail":"a@example.org"},"locale":"en-US"},
		"site":{"name":"News","allowedOrigins":["https://news.example.org"]},
		"user":{"username":"boss","email":"boss@example.org","password":"correct horse"}}`
	for _, want := range []int{http.StatusNoContent, http.StatusBadRequest} {
		if res := call(coral, http.MethodPost, coralURL+"/api/install", "", body); res.StatusCode != want {
			t.Errorf("install = %d, want %d", res.StatusCode, want)
		}
	}
	res := call(coral, http.MethodPost, coralURL+"/api/auth/local", "", login)
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(bodyOf(t, res)), &answer); err != nil || answer.Token == "" {
		t.Fatalf("the login answers %d and no token: %v", res.StatusCode, err)
	}
	if status, got := ask(t, coral, answer.Token, readOIDC, nil); status != http.StatusOK {
		t.Errorf("the administrator reads %d %s", status, got)
	}
	if res := call(coral, http.MethodPost, "http://coral.svc:3000/api/auth/local", "", login); res.StatusCode != http.StatusNotFound {
		t.Errorf("a login by another host name = %d, want 404", res.StatusCode)
	}
	if res := call(coral, http.MethodPost, coralURL+"/api/auth/local", "", strings.Replace(login, "horse", "house", 1)); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a login with a wrong password = %d, want 401", res.StatusCode)
	}
}

func TestCoralDiscoversAProvider(t *testing.T) {
	transport := roundTrip(func(r *http.Request) string {
		if r.URL.String() != issuer+"/.well-known/openid-configuration" {
			return "{}"
		}
		return `{"issuer":"` + issuer + `","authorization_endpoint":"a","token_endpoint":"t","jwks_uri":"j"}`
	})
	coral := newCoral(t, talktest.CoralConfig{Transport: transport})
	_, got := ask(t, coral, adminOf(t, coral, talktest.RoleAdmin),
		`query($i: String!) { discoverOIDCConfiguration(issuer: $i) { issuer authorizationURL tokenURL jwksURI } }`, map[string]any{"i": issuer})
	want := `{"data":{"discoverOIDCConfiguration":{"authorizationURL":"a","issuer":"` + issuer + `","jwksURI":"j","tokenURL":"t"}}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the form is filled with (-want +got):\n%s", diff)
	}
}

func TestACoralThatDistrustsItsProxyCallsItselfByHTTP(t *testing.T) { // T-C2
	coral := newCoral(t, talktest.CoralConfig{DistrustsProxy: true, OIDC: oidcIntegration()})
	_, got := ask(t, coral, adminOf(t, coral, talktest.RoleAdmin), readOIDC, nil)
	if !strings.Contains(got, `"callbackURL":"http://comments.example.org/api/auth/oidc/callback"`) {
		t.Errorf("the settings are %s, want a callback by http", got)
	}
	res := call(coral, http.MethodGet, coralURL+"/api/auth/oidc?redirectTo=/", "", "")
	if to := res.Header.Get("Location"); !strings.Contains(to, "redirect_uri=http%3A%2F%2Fcomments.example.org") {
		t.Errorf("the login goes to %s, want a return address by http", to)
	}
}

// roundTrip answers every call with a body of its own.
type roundTrip func(*http.Request) string

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	return call(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(f(r))) }), r.Method, r.URL.String(), "", ""), nil
}
