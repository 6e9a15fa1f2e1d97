package web_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// newPages builds pages from cfg, or ends the test.
func newPages(t *testing.T, cfg web.Config) *web.Pages {
	t.Helper()
	p, err := web.New(cfg)
	if err != nil {
		t.Fatalf("New(%+v) = %v", cfg, err)
	}
	return p
}

// get answers one request with h; prepare may change the request first.
func get(t *testing.T, h func(*gin.Context) error, prepare ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.TestMode)
	answer := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(answer)
	c.Request = httptest.NewRequest(http.MethodGet, "/page", nil)
	for _, f := range prepare {
		f(c.Request)
	}
	if err := h(c); err != nil {
		t.Fatalf("render = %v, want a page", err)
	}
	return answer
}

var (
	nonces = regexp.MustCompile(`(nonce[="-]+)[A-Z2-7]{26}`)
	hashes = regexp.MustCompile(`(/assets/\w+)\.[0-9a-f]{12}\.`)
)

// lasting takes out of a page what differs between two answers or two releases.
func lasting(s string) string {
	return hashes.ReplaceAllString(nonces.ReplaceAllString(s, "${1}NONCE"), "$1.HASH.")
}

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if it should:\n%s", file, diff)
	}
}
