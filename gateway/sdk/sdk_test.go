package sdk_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/sdk"
)

func ask(t *testing.T, method, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	sdk.Mount(e)
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, name string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, http.MethodGet, "/sdk/v1/"+name, http.Header{})
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

var names = []string{sdk.Module, sdk.Classic, sdk.Types}

func TestAnyPageMayLoadTheFilesAndKeepThemForAnHour(t *testing.T) {
	for name, contentType := range map[string]string{
		sdk.Module: "text/javascript; charset=utf-8", sdk.Classic: "text/javascript; charset=utf-8",
		sdk.Types: "application/typescript; charset=utf-8",
	} {
		t.Run(name, func(t *testing.T) {
			w := get(t, name)
			if w.Code != http.StatusOK || w.Body.Len() == 0 {
				t.Errorf("GET = %d with %d bytes, want 200 and the file", w.Code, w.Body.Len())
			}
			got := w.Header().Clone()
			got.Del("Etag")
			got.Del("Content-Length")
			want := http.Header{
				"Accept-Ranges": {"bytes"}, "Access-Control-Allow-Origin": {"*"}, "Cache-Control": {"public, max-age=3600"},
				"Content-Type": {contentType}, "Cross-Origin-Resource-Policy": {"cross-origin"}, "X-Content-Type-Options": {"nosniff"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFileThatABrowserHasIsNotSentAgain(t *testing.T) {
	tags := map[string]bool{}
	for _, name := range names {
		tag := get(t, name).Header().Get("ETag")
		tags[tag] = true
		w := ask(t, http.MethodGet, "/sdk/v1/"+name, http.Header{"If-None-Match": {tag}})
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("GET %s with its ETag = %d with %d bytes, want 304 and none", name, w.Code, w.Body.Len())
		}
		stale := ask(t, http.MethodGet, "/sdk/v1/"+name, http.Header{"If-None-Match": {`"of another release"`}})
		if stale.Code != http.StatusOK {
			t.Errorf("GET %s with another ETag = %d, want 200", name, stale.Code)
		}
		if head := ask(t, http.MethodHead, "/sdk/v1/"+name, http.Header{}); head.Code != http.StatusOK || head.Body.Len() != 0 {
			t.Errorf("HEAD %s = %d with %d bytes, want 200 and none", name, head.Code, head.Body.Len())
		}
	}
	if len(tags) != len(names) {
		t.Errorf("the three files have %d ETags", len(tags))
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, path := range []string{"/sdk/v1/", "/sdk/v1/chatgate.test.mjs", "/sdk/v1/web/chatgate.js", "/sdk/v2/chatgate.js"} {
		if w := ask(t, http.MethodGet, path, http.Header{}); w.Code != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, w.Code)
		}
	}
	if got := sdk.Integrity("another.js"); got != "" {
		t.Errorf("Integrity of an unknown file = %q, want none", got)
	}
}

// What is tested of the module holds for the classic script, because it is the same text.
func TestTheClassicScriptIsTheModule(t *testing.T) {
	const exported = "{ connectRocketChat, signOut };\n"
	module := read(t, "web/chatgate.js")
	if got := get(t, sdk.Module).Body.String(); got != module {
		t.Error("the module is not the file")
	}
	body, ok := strings.CutSuffix(module, "export "+exported)
	if !ok || strings.Contains(body, "\nexport ") || strings.Contains(body, "\nimport ") || strings.Contains(body, "import.meta") {
		t.Fatal("the module must end with its one export, and import nothing")
	}
	want := "var chatgate = (() => {\n'use strict';\n" + body + "return " + exported + "})();\n"
	if diff := cmp.Diff(want, get(t, sdk.Classic).Body.String()); diff != "" {
		t.Errorf("classic script (-want +got):\n%s", diff)
	}
}

func TestTheScriptUsesNothingThatCouldLeakALogin(t *testing.T) { // B-15
	module := read(t, "web/chatgate.js")
	for _, word := range []string{"console.", "localStorage", "sessionStorage", "document.cookie", "'*'", `"*"`, "innerHTML", "eval(", "sendBeacon"} {
		if strings.Contains(module, word) {
			t.Errorf("the module contains %s", word)
		}
	}
}
