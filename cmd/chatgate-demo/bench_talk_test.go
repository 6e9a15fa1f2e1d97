package main

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chatgate/gateway/chat/talk"
	"chatgate/store/storetest/redistest"
)

// BenchmarkTalkToken measures what a page's call for a token costs, kept or signed anew, in multiples of the floor of
// BenchmarkWarmToken and in the same way. A fresh token is written down before it is given out: whose it is, in the ledger
// for the two profiles whose product can revoke it, and in the session.
//
// On two cores that ten others wanted, the medians of five runs were 2.5 for one that is kept, 9.7 and 10.2 for fresh ones by
// a shared secret, and 50 for a fresh one by RSA of 2048 bits.
//
//	go test -run '^$' -bench TalkToken -benchtime 100x -count 5 ./cmd/chatgate-demo
func BenchmarkTalkToken(b *testing.B) {
	const round = 10
	redis := redistest.Start(b).Addr
	oidc, sso, talk4 := startTalk(b, redis, talk.CoralOIDC), startTalk(b, redis, talk.CoralSSO), startTalk(b, redis, talk.Talk4)
	bottom, least := floor(b, redis), httptest.NewRequest(http.MethodPost, "/", nil)
	kinds := []struct {
		name string
		call func()
	}{
		{"floor", func() { bottom.ServeHTTP(newSink(), least) }},
		{"kept", func() { oidc.ask(b, http.MethodGet) }},
		{"fresh-sso-HS256", func() { sso.ask(b, http.MethodPost) }},
		{"fresh-talk4-HS256", func() { talk4.ask(b, http.MethodPost) }},
		{"fresh-oidc-RS256", func() { oidc.ask(b, http.MethodPost) }},
	}
	spent := make([]time.Duration, len(kinds))
	for first := 0; b.Loop(); first++ {
		for turn := range kinds {
			i := (first + turn) % len(kinds)
			began := cpu(b)
			for range round {
				kinds[i].call()
			}
			spent[i] += cpu(b) - began
		}
	}
	for i, kind := range kinds {
		b.ReportMetric(float64(spent[i].Nanoseconds())/float64(b.N*round), kind.name+"-cpu-ns")
		b.ReportMetric(float64(spent[i])/float64(spent[0]), kind.name+"-x-floor")
	}
	b.ReportMetric(0, "ns/op")
}

// talkWorld is a gateway with one person signed in who has a token for the comments.
type talkWorld struct {
	handler http.Handler
	request *http.Request
}

func startTalk(t testing.TB, redis string, profile talk.Profile) talkWorld {
	t.Helper()
	w := start(t, worldConfig{
		Redis: redis, KeyPrefix: rand.Text() + ":", Log: forgetfulLog(), Talk: profile,
		Extra: "log: {access: false}\nlimits: {warmCallsPerSession: 0, warmCallsPerAddress: 0, talkTokensPerSession: 0}\n",
	})
	v := w.visitor(t)
	v.signIn("/login", "ada")
	if got := v.talkToken(); got.status != http.StatusOK {
		t.Fatalf("token = %d %s", got.status, got.body)
	}
	request := httptest.NewRequest(http.MethodGet, w.Addresses().Gateway+"/talk/token", nil)
	request.Header.Set("Origin", w.Addresses().Talk)
	for _, c := range v.client.Jar.Cookies(request.URL) {
		request.AddCookie(c)
	}
	return talkWorld{handler: w.App.Server().Handler(), request: request}
}

func (w talkWorld) ask(t testing.TB, method string) {
	answer, request := newSink(), *w.request
	request.Method = method
	w.handler.ServeHTTP(answer, &request)
	if answer.status != http.StatusOK {
		t.Fatalf("%s /talk/token = %d, want 200", method, answer.status)
	}
}
