package talktest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

const (
	graphqlURL  = coralURL + "/api/graphql"
	authURL     = coralURL + "/api/auth"
	viewerQuery = `{"id":"viewer"}`
)

// viewerName asks the API who a token's bearer is; "" is Coral's null.
func viewerName(t *testing.T, coral http.Handler, token string) string {
	t.Helper()
	res := call(coral, http.MethodPost, graphqlURL, token, viewerQuery)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("viewer query = %d %s, want 200", res.StatusCode, bodyOf(t, res))
	}
	var body struct {
		Data struct {
			Viewer *struct {
				Username string `json:"username"`
			} `json:"viewer"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(bodyOf(t, res)), &body); err != nil {
		t.Fatal(err)
	}
	if body.Data.Viewer == nil {
		return ""
	}
	return body.Data.Viewer.Username
}

func TestBearerIsTakenFromHeaderBasicAndQueryOnly(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	token := idToken(t, idClaims())
	basic, err := http.NewRequest(http.MethodPost, graphqlURL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	basic.SetBasicAuth("anyone", token)
	tests := []struct {
		name   string
		target string
		header []string
		want   bool
	}{
		{"the Authorization header counts", graphqlURL, []string{"Authorization", "Bearer " + token}, true},
		{"the password of Basic authentication counts", graphqlURL, []string{"Authorization", basic.Header.Get("Authorization")}, true},
		{"the query counts", graphqlURL + "?accessToken=" + token, nil, true},
		{"a cookie does not", graphqlURL, []string{"Cookie", "authorization=" + token}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := call(coral, http.MethodPost, tt.target, "", viewerQuery, tt.header...)
			if got := strings.Contains(bodyOf(t, res), `"username":"ada"`); got != tt.want {
				t.Errorf("signed in = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestRefusedTokenAnswer(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	res := call(coral, http.MethodPost, graphqlURL, "no-token", viewerQuery)
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("status = %d, want 401", res.StatusCode)
	}
	want := `{"error":{"code":"TOKEN_INVALID","message":"Specified token is invalid."}}`
	if diff := cmp.Diff(want, bodyOf(t, res)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestStoppedProcessAnswers503Alone(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
	fatal := call(coral, http.MethodPost, graphqlURL, idToken(t, idClaims().without("nonce")), viewerQuery)
	after := call(coral, http.MethodGet, coralURL+"/assets/js/embed.js", "", "")
	for name, res := range map[string]*http.Response{"the fatal request": fatal, "a file afterwards": after} {
		body := bodyOf(t, res)
		if res.StatusCode != http.StatusServiceUnavailable || !strings.HasPrefix(body, "Coral's process has stopped: ") ||
			!strings.Contains(body, `"nonce" is required`) {
			t.Errorf("%s = %d %q, want 503 and the reason", name, res.StatusCode, body)
		}
	}
	coral.Restart()
	if got := call(coral, http.MethodGet, coralURL+"/assets/js/embed.js", "", "").StatusCode; got != http.StatusOK {
		t.Errorf("a file after a restart = %d, want 200", got)
	}
}

func TestSignOut(t *testing.T) {
	tests := []struct {
		name  string
		token func(*testing.T) string
		want  string
	}{
		{"an SSO token with jti and exp is revoked", func(t *testing.T) string { return ssoToken(t, ssoClaims()) }, ""},
		{"an SSO token without jti lives on", func(t *testing.T) string { return ssoToken(t, ssoClaims().without("jti")) }, "Ada Lovelace"},
		{"an SSO token without exp lives on", func(t *testing.T) string { return ssoToken(t, ssoClaims().without("exp")) }, "Ada Lovelace"},
		{"an ID token lives on until exp (G22)", func(t *testing.T) string { return idToken(t, idClaims()) }, "ada"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), SSO: ssoIntegration()})
			token := tt.token(t)
			if viewerName(t, coral, token) == "" {
				t.Fatal("the token is refused before the sign-out")
			}
			if got := call(coral, http.MethodDelete, authURL, token, "").StatusCode; got != http.StatusNoContent {
				t.Errorf("DELETE /api/auth = %d, want 204", got)
			}
			if got := viewerName(t, coral, token); got != tt.want {
				t.Errorf("viewer afterwards = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSignOutAuthenticatesFirst(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{SSO: ssoIntegration()})
	forged := sign(t, jwt.SigningMethodHS256, []byte("guess"), ssoKID, ssoClaims())
	if got := call(coral, http.MethodDelete, authURL, forged, "").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("DELETE /api/auth with a forged token = %d, want 401", got)
	}
	if got := viewerName(t, coral, ssoToken(t, ssoClaims())); got != "Ada Lovelace" {
		t.Errorf("viewer afterwards = %q, want Ada Lovelace", got)
	}
}

func TestCORS(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{AllowedOrigins: []string{newsURL}})
	tests := []struct {
		name       string
		method     string
		target     string
		origin     string
		wantStatus int
		wantOrigin string
	}{
		{"a preflight from a listed origin is 204", http.MethodOptions, graphqlURL, newsURL, http.StatusNoContent, newsURL},
		{"a preflight for the sign-out too", http.MethodOptions, authURL, newsURL, http.StatusNoContent, newsURL},
		{"a preflight from another origin is 405 without headers", http.MethodOptions, graphqlURL, "https://evil.example", http.StatusMethodNotAllowed, ""},
		{"a preflight without an origin is 405", http.MethodOptions, graphqlURL, "", http.StatusMethodNotAllowed, ""},
		{"an answer to a listed origin may be read", http.MethodPost, graphqlURL, newsURL, http.StatusOK, newsURL},
		{"an answer to another origin may not", http.MethodPost, graphqlURL, "https://evil.example", http.StatusOK, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := call(coral, tt.method, tt.target, "", viewerQuery, "Origin", tt.origin)
			if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != tt.wantStatus || got != tt.wantOrigin {
				t.Errorf("= %d, allowed origin %q, want %d, %q", res.StatusCode, got, tt.wantStatus, tt.wantOrigin)
			}
			if got := res.Header.Get("Vary"); got != "Origin" {
				t.Errorf("Vary = %q, want Origin", got)
			}
			if got := res.Header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("Access-Control-Allow-Credentials = %q, want none: Coral takes no cookie", got)
			}
		})
	}
}

func TestGraphQL(t *testing.T) {
	const comment = `{"id":"createComment","variables":{"body":"  Lovely.  "}}`
	named, nameless := idClaims(), idClaims().without("preferred_username")
	tests := []struct {
		name   string
		claims claims
		body   string
		want   string
	}{
		{"a comment appears under the author's name", named, comment, `"author":"ada","body":"Lovely."`},
		{"an empty comment is refused", named, `{"id":"createComment","variables":{"body":" "}}`, "COMMENT_BODY_TOO_SHORT"},
		{
			"a very long comment is refused", named,
			`{"id":"createComment","variables":{"body":"` + strings.Repeat("x", 2001) + `"}}`, "COMMENT_BODY_EXCEEDS_MAX_LENGTH",
		},
		{"nobody may not comment", nil, comment, "USER_NOT_ENTITLED"},
		{"a person without a name is asked for one first", nameless, comment, "USERNAME_NOT_SET"},
		{"a person without a name may choose one", nameless, `{"id":"setUsername","variables":{"username":"ada.l"}}`, `"username":"ada.l"`},
		{"a chosen name must fit", nameless, `{"id":"setUsername","variables":{"username":"a b"}}`, "USERNAME_CONTAINS_INVALID_CHARACTERS"},
		{"a name is chosen once", named, `{"id":"setUsername","variables":{"username":"ada.l"}}`, "USERNAME_ALREADY_SET"},
		{"nobody may not choose a name", nil, `{"id":"setUsername","variables":{"username":"ada.l"}}`, "USER_NOT_ENTITLED"},
		{"a missing username is null", nameless, viewerQuery, `"username":null`},
		{"nobody is a null viewer", nil, viewerQuery, `"viewer":null`},
		{"an unknown persisted query is refused", named, `{"id":"dropTables"}`, "PERSISTED_QUERY_NOT_FOUND"},
		{"a free-form query is for administrators", named, `{"query":"{ viewer { id } }"}`, "RAW_QUERY_NOT_AUTHORIZED"},
		{"a body that is not JSON is refused", named, `viewer`, "BAD_USER_INPUT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			coral := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration()})
			token := ""
			if tt.claims != nil {
				token = idToken(t, tt.claims)
			}
			if got := bodyOf(t, call(coral, http.MethodPost, graphqlURL, token, tt.body)); !strings.Contains(got, tt.want) {
				t.Errorf("answer = %s, want it to contain %s", got, tt.want)
			}
		})
	}
}

func TestFreeFormQueries(t *testing.T) {
	open := newCoral(t, talktest.CoralConfig{OIDC: oidcIntegration(), ReducedSecurityMode: true})
	anyone := call(open, http.MethodPost, graphqlURL, idToken(t, idClaims()), `{"query":"{ viewer { username } }"}`)
	if got := bodyOf(t, anyone); !strings.Contains(got, `"username":"ada"`) {
		t.Errorf("answer in reduced security mode = %s, want the viewer", got)
	}

	coral := newCoral(t, talktest.CoralConfig{})
	admin, err := coral.AddUser(talktest.User{Username: "boss", Email: "boss@example.org", Role: talktest.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	token, err := coral.OwnToken(admin.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := bodyOf(t, call(coral, http.MethodPost, graphqlURL, token, `{"query":"{ viewer { role } }"}`)); !strings.Contains(got, `"role":"ADMIN"`) {
		t.Errorf("answer to an administrator = %s, want the viewer", got)
	}
}

func TestCoralFilesAreForEveryOrigin(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{})
	for _, path := range []string{"/assets/js/embed.js", "/assets/css/embed.css", "/assets/js/page.js", "/assets/css/page.css", "/"} {
		res := call(coral, http.MethodGet, coralURL+path, "", "")
		if res.StatusCode != http.StatusOK || res.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("GET %s = %d, policy %q, want 200, cross-origin", path, res.StatusCode, res.Header.Get("Cross-Origin-Resource-Policy"))
		}
	}
}
