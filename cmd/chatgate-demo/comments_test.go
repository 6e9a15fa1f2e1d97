package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatgate/gateway/chat/talk"
)

// visitsOf has every profile in both browsers. To cookies Coral's two are alike: they show the comments in the article's own
// page. Talk 4 shows them in a frame of another site, and is therefore met under each policy.
var visitsOf = map[string][]struct {
	policy  string
	profile talk.Profile
}{
	"chromium": {{"allow", talk.CoralOIDC}, {"allow", talk.Talk4}, {"block", talk.CoralSSO}, {"block", talk.Talk4}},
	"firefox":  {{"partition", talk.CoralOIDC}, {"partition", talk.CoralSSO}, {"partition", talk.Talk4}}, // its default
}

// TestBrowserComments follows a reader of the newspaper in both browsers, with every kind of token that comments take.
func TestBrowserComments(t *testing.T) { // D18, D20, G22, G29, G30, G31
	parts := needParts(t, "chromium", "firefox-esr")
	authority := newAuthority(t)
	var reading sync.WaitGroup
	var readers []*reader
	for kind, visits := range visitsOf {
		r := &reader{Kind: kind}
		for _, v := range visits {
			r.Visits = append(r.Visits, visit{Policy: v.policy, World: openCommentWorld(t, authority, v.profile)})
		}
		readers = append(readers, r)
		reading.Go(func() { r.read(t, parts, authority) })
	}
	reading.Wait()
	for _, r := range readers {
		for _, result := range r.results {
			t.Run(result.name, func(t *testing.T) {
				if !result.ok {
					t.Error(result.diagnosis)
				}
			})
		}
		if len(r.results) != len(r.Visits) {
			t.Errorf("%s: %d results: %v\n%s", r.Kind, len(r.results), r.err, r.output)
		}
	}
}

// reader is what one Node process does, in the words of browser/comments.test.mjs.
type reader struct {
	Kind   string  `json:"kind"`
	Visits []visit `json:"visits"`

	results []tapResult
	output  string
	err     error
}

type visit struct {
	Policy string       `json:"policy"` // on third-party cookies
	World  commentWorld `json:"world"`
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
	var log journal
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway of %s:\n%s", profile, log.String())
		}
	})
	w := start(t, worldConfig{
		Layout: a.layout(sites["comments"]), Talk: profile,
		Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
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
