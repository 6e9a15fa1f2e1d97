package sdk_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// What is tested of the sources holds for what is served, because that is the same text.
func TestTheModuleIsItsSources(t *testing.T) {
	links := regexp.MustCompile(`(?m)^(import|export) .*\n+`)
	served := get(t, sdk.Module).Body.String()
	sources, err := filepath.Glob("web/*.js")
	if err != nil || len(sources) == 0 {
		t.Fatal("no sources", err)
	}
	for _, source := range sources {
		if !strings.Contains(served, strings.TrimSpace(links.ReplaceAllString(read(t, source), ""))) {
			t.Errorf("%s is not served", source)
		}
	}
	if found := links.FindAllString(served, -1); !slices.Equal(found, []string{"export " + exported}) {
		t.Errorf("the module must import nothing and end with its one export, got %q", found)
	}
}

// In one text all the sources share their names.
func TestTheSourcesHaveNoNameInCommon(t *testing.T) {
	seen := map[string]bool{}
	names := regexp.MustCompile(`(?m)^(?:async )?(?:const|let|var|class|function\*?) (\w+)`)
	for _, match := range names.FindAllStringSubmatch(get(t, sdk.Module).Body.String(), -1) {
		if seen[match[1]] {
			t.Errorf("%s is declared twice", match[1])
		}
		seen[match[1]] = true
	}
	if !seen["renderTalk"] || !seen["connectRocketChat"] || !seen["signOut"] {
		t.Errorf("the names were not found, only %v", seen)
	}
}

const exported = "{ connectRocketChat, renderTalk, signOut };\n"

func TestTheClassicScriptIsTheModule(t *testing.T) {
	body, ok := strings.CutSuffix(get(t, sdk.Module).Body.String(), "export "+exported)
	if !ok {
		t.Fatal("the module must end with its one export")
	}
	want := "var chatgate = (() => {\n'use strict';\n" + body + "return " + exported + "})();\n"
	if diff := cmp.Diff(want, get(t, sdk.Classic).Body.String()); diff != "" {
		t.Errorf("classic script (-want +got):\n%s", diff)
	}
}

func TestTheScriptUsesNothingThatCouldLeakALogin(t *testing.T) { // B-15
	module := get(t, sdk.Module).Body.String()
	for _, word := range []string{"console.", "document.cookie", "'*'", `"*"`, "innerHTML", "eval(", "sendBeacon", "indexedDB"} {
		if strings.Contains(module, word) {
			t.Errorf("the module contains %s", word)
		}
	}
	written := regexp.MustCompile(`setItem\(.*`).FindAllString(module, -1)
	if diff := cmp.Diff([]string{"setItem(this.key, '1'));"}, written); diff != "" {
		t.Errorf("what the module puts into storage (-want +got):\n%s", diff)
	}
	if found := regexp.MustCompile(`Storage\s*[\[.]`).FindAllString(module, -1); found != nil {
		t.Errorf("the module uses storage past its marks: %q", found)
	}
}
