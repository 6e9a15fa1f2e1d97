package rocketchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzAnswers: whatever answers in Rocket.Chat's place, a login token is taken only from a 200 that names the account
// and holds a text that is fit for a header; a 429 makes nobody wait for long; and no error repeats what was answered,
// which may be somebody's secret (R30, S86, S91, S92).
func FuzzAnswers(f *testing.F) {
	for _, seed := range []struct {
		status      int
		reset, body string
	}{
		{200, "", `{"data":{"userId":"ada","authToken":"token-of-ada"},"success":true}`},
		{200, "", `{"data":{"userId":"bob","authToken":"token-of-bob"}}`},
		{200, "", `{"data":{"userId":"ada","authToken":"a\r\nX-Auth-Token: b"}}`},
		{200, "", `{"data":{"userId":{"$ne":""},"authToken":["x"]}}`},
		{200, "", `<!doctype html>`}, {200, "", `[]`}, {200, "", `null`}, {200, "", ``},
		{301, "", ``}, {400, "", `{"error":"User not found.","errorType":"error-invalid-user"}`}, {400, "", `{"error":403,"message":[1]}`},
		{401, "", `{"status":"error","message":"You must be logged in to do this."}`}, {401, "", `{"errorType":"evil\u001b[2J\nline"}`},
		{429, "1800000030000", `{"error":"Error, too many requests. Please slow down. You must wait 38 seconds"}`},
		{429, "-9223372036854775808", `must wait 999999 seconds`}, {429, "99999999999999999999", ``}, {500, "", `{}`}, {503, "", `secret-of-somebody`},
	} {
		f.Add(seed.status, seed.reset, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, status int, reset string, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		w := answeredBy(status, reset, body)
		token, err := w.createToken(t.Context(), version{}, "ada")
		if err == nil {
			wantToken(t, status, body, token.Reveal())
			return
		}
		if token != "" {
			t.Errorf("%d %q gave a token and %v", status, body, err)
		}
		wantQuietError(t, err, body)
		if limited, ok := errors.AsType[*limitedError](err); ok && (limited.wait <= 0 || limited.wait > 10*time.Minute) {
			t.Errorf("%d %q makes people wait for %s", status, body, limited.wait)
		}
		condition, err := w.verify(t.Context(), credentials{userID: "ada", token: "token"})
		if condition == refused && !bytes.Contains(body, []byte("You must be logged in")) && !bytes.Contains(body, []byte(`\`)) {
			t.Errorf("%d %q makes a login token a dead one: %v", status, body, err)
		}
	})
}

// answeredBy is a workspace where every call gets the same answer.
func answeredBy(status int, reset string, body []byte) *workspace {
	now := func() time.Time { return time.Unix(1_800_000_000, 0) }
	c := &client{
		base: "https://chat.example.org/api/", timeout: time.Second, breaker: breaker{now: now}, now: now, pause: pause,
		measure: func(string, string, time.Duration) {},
		http: http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: transport(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: status, Header: http.Header{"X-Ratelimit-Reset": {reset}}, Body: io.NopCloser(bytes.NewReader(body)),
				}, nil
			}),
		},
	}
	return &workspace{client: c, now: now, log: slog.New(slog.DiscardHandler), self: credentials{userID: "bot", token: "pat"}}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// wantToken reads the answer by its names alone, as another reader of JSON would.
func wantToken(t *testing.T, status int, body []byte, token string) {
	t.Helper()
	if status != http.StatusOK || !json.Valid(body) || !bytes.Contains(body, []byte("ada")) && !bytes.Contains(body, []byte(`\u`)) {
		t.Errorf("%d %q gave a token for ada", status, body)
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r < '!' || r > '~' }) {
		t.Errorf("%q gave the token %q, which is not fit for a header", body, token)
	}
}

func wantQuietError(t *testing.T, err error, body []byte) {
	t.Helper()
	text := err.Error()
	if len(text) > 1000 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("error %q is not fit for a log", text)
	}
	if secret := []byte("secret-of-somebody"); bytes.Contains(body, secret) && strings.Contains(text, string(secret)) && !bytes.Contains(body, []byte("errorType")) {
		t.Errorf("error %q repeats the answer", text)
	}
}
