package rocketchattest_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// clock is moved by tests; nothing here sleeps.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) Advance(d time.Duration) { c.now = c.now.Add(d) }

// object is a JSON object, in and out.
type object = map[string]any

// client calls the stand-in with one pair of credentials.
type client struct {
	t       *testing.T
	handler http.Handler
	header  map[string]string
}

func anonymous(t *testing.T, s *rocketchattest.Server) client {
	return client{t: t, handler: s, header: map[string]string{}}
}

func (c client) as(userID, token string) client {
	return c.with("X-User-Id", userID).with("X-Auth-Token", token)
}

func (c client) with(name, value string) client {
	c.header = maps.Clone(c.header)
	c.header[name] = value
	return c
}

// admin is the service account of a fresh workspace: its token bypasses two-factor authentication and rate limits.
func admin(t *testing.T, s *rocketchattest.Server) client {
	return anonymous(t, s).as(s.ServiceAccount())
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   object
}

func (c client) get(path string) answer { return c.do(http.MethodGet, path, nil) }

func (c client) post(path string, body any) answer { return c.do(http.MethodPost, path, body) }

// do calls path below /api/v1/, or path itself when it begins with a slash.
func (c client) do(method, path string, body any) answer {
	c.t.Helper()
	if path[0] != '/' {
		path = "/api/v1/" + path
	}
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			c.t.Fatal(err)
		}
	}
	r := httptest.NewRequest(method, path, &payload)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	a := answer{t: c.t, status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
		c.t.Fatalf("%s %s: body %q is no JSON object", method, path, w.Body)
	}
	return a
}

// ok stops the test unless the answer is 200, and returns its body.
func (a answer) ok() object {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d, want 200: %v", a.status, a.body)
	}
	return a.body
}

// refused checks the two things a caller may decide on: status and errorType.
func (a answer) refused(status int, errorType string) {
	a.t.Helper()
	got, _ := a.body["errorType"].(string)
	if a.status != status || got != errorType {
		a.t.Errorf("status %d, errorType %q, want %d, %q: %v", a.status, got, status, errorType, a.body)
	}
	if a.status == http.StatusOK {
		a.t.Errorf("a refusal was wanted")
	}
}

// at walks into nested objects.
func (a answer) at(keys ...string) any {
	a.t.Helper()
	var v any = a.body
	for _, key := range keys {
		inner, ok := v.(object)
		if !ok {
			a.t.Fatalf("no %v in %v", keys, a.body)
		}
		v = inner[key]
	}
	return v
}

const secret = "create-token-secret"

// ada is the person most tests are about.
var ada = rocketchattest.User{
	Username: "ada", Name: "Ada Lovelace", Email: "ada@example.org", Verified: true, Password: "ada-password",
}

// workspace is a server of a version that mints login tokens, with Ada in it.
func workspace(version string) (s *rocketchattest.Server, adaID string) {
	s = rocketchattest.New(rocketchattest.Config{Version: version, CreateTokenEnv: true, CreateTokenSecret: secret})
	return s, s.AddUser(ada)
}

// mint makes a login token the way the version wants it.
func mint(c client, version, userID string) answer {
	body := object{"userId": userID}
	if version >= "8" {
		body["secret"] = secret
	}
	return c.post("users.createToken", body)
}

// newUser is an acceptable body of users.create.
func newUser(changes object) object {
	body := object{"name": "Bob", "email": "bob@example.org", "password": "Str0ng-password!", "username": "bob"}
	maps.Copy(body, changes)
	return body
}

func without(body object, key string) object {
	delete(body, key)
	return body
}
