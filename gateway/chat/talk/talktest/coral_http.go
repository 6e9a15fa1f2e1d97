package talktest

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// routes is Coral's HTTP face. The two API addresses answer other origins' scripts, the files are for everyone.
func (c *Coral) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/graphql", c.cors(method(http.MethodPost, c.ofTenant(c.graphql))))
	mux.Handle("/api/auth", c.cors(method(http.MethodDelete, c.signOut)))
	mux.Handle("/api/auth/local", c.cors(method(http.MethodPost, c.ofTenant(c.localLogin))))
	mux.HandleFunc("GET /api/version", c.version)
	mux.HandleFunc("POST /api/install", c.install)
	mux.HandleFunc("GET /api/auth/oidc", c.beginLogin)
	mux.HandleFunc("GET "+callbackPath, c.finishLogin)
	c.routePages(mux)
	return mux
}

// ServeHTTP answers 503 alone once the process has stopped.
func (c *Coral) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := c.Stopped(); err != nil {
		c.allowOrigin(w, r)
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	c.handler.ServeHTTP(w, r)
}

// version tells everybody which release this is, whatever host they ask by.
func (c *Coral) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": c.release.String(), "revision": "stand-in"})
}

func method(name string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != name {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h(w, r)
	})
}

// cors answers a preflight from a listed origin with 204. From any other it falls through to the method check, whose
// 405 carries no header.
func (c *Coral) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listed := c.allowOrigin(w, r)
		if listed && r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", "POST, DELETE")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *Coral) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(c.state.Load().origins(), origin) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

// bearer reads the places Coral takes a token from: the Authorization header, the password of Basic authentication,
// and the query. Cookies are not among them.
func bearer(r *http.Request) string {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return token
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	return r.URL.Query().Get("accessToken")
}

// viewer authenticates a request. A request without a token is nobody's; a bad token is an error.
func (c *Coral) viewer(r *http.Request) (Viewer, error) {
	token := bearer(r)
	if token == "" {
		return Viewer{}, nil
	}
	return c.Verify(r.Context(), token)
}

// signOut authenticates first, so nobody can revoke another's jti with a made-up token. For an ID token it answers
// 204 and changes nothing: Coral does not look at "jti" there, and the token works until "exp" (G22).
func (c *Coral) signOut(w http.ResponseWriter, r *http.Request) {
	if _, err := c.viewer(r); err != nil {
		refuse(w, err)
		return
	}
	if _, claims, err := decode(bearer(r)); err == nil {
		c.revoke(claims)
	}
	w.WriteHeader(http.StatusNoContent)
}

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	URL     string `json:"url,omitempty"`
}

// refuse answers as Coral's error handler does: the code is for programs, the reason stays in the server's log.
func refuse(w http.ResponseWriter, err error) {
	var stopped *ProcessStopped
	if errors.As(err, &stopped) {
		http.Error(w, stopped.Error(), http.StatusServiceUnavailable)
		return
	}
	refusal := &Refusal{Status: http.StatusInternalServerError, Code: CodeInternalError}
	errors.As(err, &refusal)
	writeJSON(w, refusal.Status, errorBody{Error: errorDetail{
		Code: refusal.Code, Message: messages[refusal.Code], URL: refusal.URL,
	}})
}

var messages = map[string]string{
	CodeTokenInvalid:        "Specified token is invalid.",
	CodeDuplicateEmail:      "Specified email address is already in use.",
	CodeDuplicateUser:       "The user already exists.",
	CodeUsernameNotProvided: "A username is needed before you can comment.",
	CodeIntegrationDisabled: "Specified integration is disabled.",
	CodeInternalError:       "Internal Error",
	CodeAuthentication:      "An authentication error occurred.",
	codeTenantNotFound:      "No tenant answers to this host.",
	codeAlreadyInstalled:    "The tenant is installed already.",
	codeBadCredentials:      "The credentials are not valid.",
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// The status is out: a client that has gone away is nobody's error.
	_ = json.NewEncoder(w).Encode(body)
}

// asset serves one embedded file, to pages of any origin.
func asset(files embed.FS, name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeFileFS(w, r, files, name)
	})
}
