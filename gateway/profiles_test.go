package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProfilesAreServedOnTheAdminListenerOnly(t *testing.T) { // H15
	w := open(t, options{profiles: true})
	for _, tc := range []struct {
		method, target string
		want           int
		holds          string
	}{
		{http.MethodGet, "/debug/pprof/", http.StatusOK, "goroutine"},
		{http.MethodGet, "/debug/pprof/goroutine?debug=1", http.StatusOK, "goroutine profile"},
		{http.MethodGet, "/debug/pprof/heap", http.StatusOK, ""},
		{http.MethodGet, "/debug/pprof/profile?seconds=1", http.StatusOK, ""},
		{http.MethodGet, "/debug/pprof/cmdline", http.StatusNotFound, ""}, // a command line is nobody's business
		{http.MethodPost, "/debug/pprof/heap", http.StatusNotFound, ""},
		{http.MethodGet, "/livez", http.StatusOK, "live"},
		{http.MethodPost, "/livez", http.StatusMethodNotAllowed, ""},
		{http.MethodGet, "/debug/vars", http.StatusNotFound, ""},
	} {
		recorder := httptest.NewRecorder()
		w.Admin().ServeHTTP(recorder, httptest.NewRequest(tc.method, base+tc.target, nil))
		if recorder.Code != tc.want || !strings.Contains(recorder.Body.String(), tc.holds) {
			t.Errorf("%s %s on the admin listener = %d, want %d with %q", tc.method, tc.target, recorder.Code, tc.want, tc.holds)
		}
		if answer := w.browser().do(tc.method, tc.target); strings.HasPrefix(tc.target, "/debug") && answer.StatusCode < 400 {
			t.Errorf("%s %s on the public listener = %d, want a refusal", tc.method, tc.target, answer.StatusCode)
		}
	}
}
