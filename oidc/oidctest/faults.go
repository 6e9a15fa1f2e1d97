package oidctest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Faults are the ways to misbehave; the zero value behaves. Set them with Provider.Set.
type Faults struct {
	// Discovery edits the discovery document.
	Discovery func(document map[string]any)
	// Callback edits what the browser brings back to the client.
	Callback func(parameters url.Values)
	// IDToken edits the claims before they are signed. A value may be a json.RawMessage.
	IDToken func(claims map[string]any)
	// Signed edits the signed token.
	Signed func(token string) string
	// Payload, if set, is signed in place of the claims, byte for byte.
	Payload []byte
	// Userinfo edits the userinfo answer.
	Userinfo func(claims map[string]any)
	// SignedUserinfo answers userinfo as a signed token, as a client can be registered for.
	SignedUserinfo bool
	// TokenAnswer edits the token endpoint's answer.
	TokenAnswer func(answer map[string]any)
	// Answers replace the answers of whole endpoints, by path.
	Answers map[string]http.HandlerFunc

	// Algorithm signs ID tokens: RS256 when empty, PS256, ES256, EdDSA; HS256 with HMACKey; or none.
	Algorithm string
	HMACKey   []byte
	// ForeignKey signs with a key that is not published, under the published key's kid.
	ForeignKey bool
	// NoKID leaves kid out of tokens and published keys.
	NoKID bool
	// LeanIDToken keeps the claims about the person out of the ID token, so that only userinfo has them.
	LeanIDToken bool
	// CrossOriginOpenerPolicy is that header's value on the sign-in page.
	CrossOriginOpenerPolicy string
}

// Status answers with a status code and JSON that is no good.
func Status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, `{"message":"stand-in fault"}`)
	}
}

// JSON answers 200 with the given text as application/json.
func JSON(text string) http.HandlerFunc { return Text("application/json", text) }

// Text answers 200 with the given media type and text.
func Text(mediaType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, _ = io.WriteString(w, text)
	}
}

// HTML answers 200 with a page, as a misplaced proxy does.
func HTML() http.HandlerFunc { return Text("text/html", "<!doctype html><title>Welcome</title>") }

// Huge answers with valid JSON of more than the given number of bytes.
func Huge(bytes int) http.HandlerFunc {
	return JSON(`{"padding":"` + strings.Repeat("x", bytes) + `"}`)
}

// Redirect answers 307, which asks to repeat the request elsewhere, body and all.
func Redirect(address string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, address, http.StatusTemporaryRedirect)
	}
}

// Slow starts an answer and says nothing more for a while.
func Slow(d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(d):
		}
	}
}
