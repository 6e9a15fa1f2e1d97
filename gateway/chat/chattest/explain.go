package chattest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/decision"
)

// selfEvident are the codes of answers that need no step to explain them.
var selfEvident = []string{"held", "just_given", "invalid_request", "internal", "server_error", "too_large", "not_found", "chat_unavailable", "keys_not_loaded"}

// Explained is what chatgate explain would say of the last request that a handler refused; its code is empty where none was.
func (e *Env) Explained() decision.Record {
	e.explaining.Lock()
	defer e.explaining.Unlock()
	return e.explained
}

// explain gives each request a trace, as the gateway does, and holds every refusal to three promises: some step decided it,
// an operator is told what to do, and the record holds nothing that the request brought in secret.
func (e *Env) explain(c *gin.Context) {
	ctx, trace := decision.With(c.Request.Context(), RequestID)
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	answer := trace.Answer()
	if answer.Status < http.StatusBadRequest {
		return
	}
	request := decision.Request{At: e.Now(), Route: c.FullPath(), Method: c.Request.Method, Chat: e.Name}
	if answer.Code == "session_required" && len(c.Request.Cookies()) == 0 {
		request.Missing = decision.CookieAbsent
	}
	rec := trace.Record(request)
	e.explaining.Lock()
	e.explained = rec
	e.explaining.Unlock()
	if rec.Decisive().Code == decision.Reply && !slices.Contains(selfEvident, rec.Code) {
		e.t.Errorf("%s %s: nothing says why the answer was %s %s: %+v", rec.Method, rec.Route, rec.Code, rec.Reason, rec.Steps)
	}
	if len(rec.Advice()) == 0 {
		e.t.Errorf("%s %s: there is no advice on %s %s", rec.Method, rec.Route, rec.Code, rec.Reason)
	}
	e.holdsNoSecret(rec, c.Request)
}

// shortest is how long a value is at least that cannot be in a record by chance.
const shortest = 12

func (e *Env) holdsNoSecret(rec decision.Record, r *http.Request) {
	raw, err := json.Marshal(rec)
	if err != nil {
		e.t.Errorf("encode a record: %v", err)
	}
	secrets := r.Header.Values("Authorization")
	for _, cookie := range r.Cookies() {
		secrets = append(secrets, cookie.Value)
	}
	query := r.URL.Query()
	for _, name := range []string{"state", "nonce", "code", "code_challenge"} {
		secrets = append(secrets, query[name]...)
	}
	for _, secret := range secrets {
		if len(secret) >= shortest && strings.Contains(string(raw), secret) {
			e.t.Errorf("%s %s: the record holds what the request brought in secret: %s", rec.Method, rec.Route, raw)
		}
	}
}
