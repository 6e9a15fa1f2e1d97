package talktest

import (
	"errors"
	"net/http"
	"strings"
)

// routes is the part of Talk 4's HTTP face that its client uses to sign in and out.
func (t *Talk4) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/auth", t.currentUser)
	mux.HandleFunc("DELETE /api/v1/auth", t.logout)
	t.routePages(mux)
	return mux
}

func (t *Talk4) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.handler.ServeHTTP(w, r) }

// bearer takes the first token it meets: a stale cookie beats a fresh header.
func (t *Talk4) bearer(r *http.Request) string {
	for _, name := range t.cfg.CookieNames {
		if cookie, err := r.Cookie(name); err == nil && cookie.Value != "" {
			return cookie.Value
		}
	}
	if token := r.URL.Query().Get("access_token"); token != "" {
		return token
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

// viewer authenticates a request. Without a token, or with a bad one, it goes on as nobody's.
func (t *Talk4) viewer(r *http.Request) (Viewer, error) {
	token := t.bearer(r)
	if token == "" {
		return Viewer{}, nil
	}
	viewer, err := t.Verify(r.Context(), token)
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Code == CodeAnonymous {
		return Viewer{}, nil
	}
	return viewer, err
}

type talk4Auth struct {
	User talk4Person `json:"user"`
}

type talk4Person struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// currentUser is the first thing Talk's client asks.
func (t *Talk4) currentUser(w http.ResponseWriter, r *http.Request) {
	viewer, err := t.viewer(r)
	switch {
	case err != nil:
		refuse(w, err)
	case viewer.Anonymous():
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, http.StatusOK, talk4Auth{User: talk4Person{ID: viewer.ID, Username: viewer.Username}})
	}
}

// logout needs a user, and revokes the token that named them.
func (t *Talk4) logout(w http.ResponseWriter, r *http.Request) {
	viewer, err := t.viewer(r)
	if err == nil && viewer.Anonymous() {
		err = &Refusal{Status: http.StatusUnauthorized, Code: CodeAuthentication, Reason: "no user is signed in"}
	}
	if err == nil {
		err = t.revokeToken(t.bearer(r))
	}
	if err != nil {
		refuse(w, err)
		return
	}
	if !t.cfg.KeepCookieOnLogout {
		http.SetCookie(w, &http.Cookie{Name: t.cfg.CookieNames[0], Path: "/", MaxAge: -1})
	}
	w.WriteHeader(http.StatusNoContent)
}

func (t *Talk4) revokeToken(token string) error {
	_, claims, err := decode(token)
	if err != nil {
		return err
	}
	return t.revoke(claims)
}
