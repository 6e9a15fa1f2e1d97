package rocketchattest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		faults rocketchattest.Faults
		status int
		header string // and a value that Header must have
		value  string
		body   string
	}{
		{"a status for one route", rocketchattest.Faults{Status: map[string]int{"settings.public": 502}}, 502, "Content-Type", "application/json", "Internal server error"},
		{"a status for all routes", rocketchattest.Faults{Status: map[string]int{"*": 500}}, 500, "Content-Type", "application/json", "Internal server error"},
		{"a status for another route", rocketchattest.Faults{Status: map[string]int{"me": 500}}, 200, "Content-Type", "application/json", "Site_Url"},
		{"a refusal of one route", rocketchattest.Faults{Refusal: map[string]string{"settings.public": "error-not-authorized"}}, 400, "Content-Type", "application/json", `"errorType":"error-not-authorized"`},
		{"too many requests", rocketchattest.Faults{TooManyRequests: 7 * time.Second}, 429, "X-RateLimit-Remaining", "0", "wait 7 seconds"},
		{"a page instead of JSON", rocketchattest.Faults{HTML: true}, 200, "Content-Type", "text/html; charset=utf-8", "<!doctype html>"},
		{"a redirect", rocketchattest.Faults{RedirectTo: "https://elsewhere.example/"}, 302, "Location", "https://elsewhere.example/", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := rocketchattest.New(rocketchattest.Config{})
			s.SetFaults(tc.faults)
			w := serve(s, "/api/v1/settings.public")
			if w.Code != tc.status || w.Header().Get(tc.header) != tc.value || !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("%d %v %q, want %d, %s: %s, a body with %q", w.Code, w.Header(), w.Body, tc.status, tc.header, tc.value, tc.body)
			}
			if s.Count("settings.public") != 1 {
				t.Error("the call was not recorded")
			}
			if got := serve(s, "/home").Code; got != http.StatusOK {
				t.Errorf("the page answers %d, want 200", got)
			}
			s.SetFaults(rocketchattest.Faults{})
			if got := serve(s, "/api/v1/settings.public").Code; got != http.StatusOK {
				t.Errorf("healed, it answers %d, want 200", got)
			}
		})
	}
}

func serve(h http.Handler, path string) *httptest.ResponseRecorder {
	return record(h, httptest.NewRequest(http.MethodGet, path, nil))
}

func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDown(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{})
	site := httptest.NewServer(s)
	defer site.Close()
	s.SetFaults(rocketchattest.Faults{Down: true})
	for _, path := range []string{"/api/info", "/home"} {
		response, err := http.Get(site.URL + path)
		if err == nil {
			response.Body.Close()
			t.Errorf("%s answers %s, want the connection cut", path, response.Status)
		}
	}
}

func TestDelayEndsWithTheRequest(t *testing.T) {
	s := rocketchattest.New(rocketchattest.Config{})
	site := httptest.NewServer(s)
	defer site.Close()
	s.SetFaults(rocketchattest.Faults{Delay: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, site.URL+"/api/info", nil)
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
}

// TestChangesWhileServing is for the race detector.
func TestChangesWhileServing(t *testing.T) {
	s, adaID := workspace("8.8.1")
	userID, token := s.ServiceAccount()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				r := httptest.NewRequest(http.MethodGet, "/api/v1/users.info?userId="+adaID, nil)
				r.Header.Set("X-User-Id", userID)
				r.Header.Set("X-Auth-Token", token)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				_, _ = io.Copy(io.Discard, w.Body)
			}
		})
		all.Go(func() {
			for range 25 {
				s.SetFaults(rocketchattest.Faults{Status: map[string]int{"me": 500}})
				s.SetSetting("Site_Name", "Engines")
				s.RevokeToken(s.AddLoginToken(adaID))
				s.Users()
				s.Calls()
			}
		})
	}
	all.Wait()
}
