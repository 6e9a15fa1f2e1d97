package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/gateway/chat/talk"
)

// TestBrowserComments follows a reader of the newspaper in both browsers, with every kind of token that comments take.
func TestBrowserComments(t *testing.T) { // D18, D20, G22, G29, G30, G31
	parts := needParts(t, "chromium", "firefox-esr")
	authority := newAuthority(t)
	var reading sync.WaitGroup
	found := map[string]*reader{
		"chromium": {Kind: "chromium", Policies: []string{"allow", "block"}},
		"firefox":  {Kind: "firefox", Policies: []string{"partition"}}, // its default
	}
	for _, r := range found {
		for _, profile := range []talk.Profile{talk.CoralOIDC, talk.CoralSSO, talk.Talk4} {
			r.Worlds = append(r.Worlds, openCommentWorld(t, authority, profile))
		}
		reading.Go(func() { r.read(t, parts, authority) })
	}
	reading.Wait()
	for _, r := range found {
		for _, result := range r.results {
			t.Run(result.name, func(t *testing.T) {
				if !result.ok {
					t.Error(result.diagnosis)
				}
			})
		}
		if len(r.results) != len(r.Worlds)*len(r.Policies) {
			t.Errorf("%s: %d results: %v\n%s", r.Kind, len(r.results), r.err, r.output)
		}
	}
}

// reader is what one Node process does, in the words of browser/comments.test.mjs.
type reader struct {
	Kind     string         `json:"kind"`
	Policies []string       `json:"policies"` // on third-party cookies
	Worlds   []commentWorld `json:"worlds"`

	results []tapResult
	output  string
	err     error
}

func (r *reader) read(t *testing.T, parts parts, a *authority) {
	plan, err := json.Marshal(r)
	if err != nil {
		r.err = err
		return
	}
	r.output, r.err = parts.run(t, "comments.test.mjs", append(a.environment(t), "CHATGATE_COMMENTS="+string(plan))...)
	r.results = readTAP(r.output)
}

// commentWorld is a world whose clock can be moved.
type commentWorld struct {
	addresses
	Profile talk.Profile `json:"profile"`
	Control string       `json:"control"`
}

func openCommentWorld(t *testing.T, a *authority, profile talk.Profile) commentWorld {
	t.Helper()
	var ahead atomic.Int64 // nanoseconds
	w := start(t, worldConfig{
		Layout: a.layout(sites["comments"]), Talk: profile,
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /forward/{duration}", func(rw http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.PathValue("duration"))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		ahead.Add(int64(d))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return commentWorld{addresses: w.Addresses(), Profile: profile, Control: server.URL}
}
