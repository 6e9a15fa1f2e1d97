package web_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/web"
)

const svg = `<?xml version="1.0"?><!-- ours --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`

// inFolder writes files and returns their folder.
func inFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// open builds the pages of settings whose files are in folder.
func open(t *testing.T, s web.Settings, folder string) *web.Pages {
	t.Helper()
	cfg, err := s.Open(folder)
	if err != nil {
		t.Fatalf("Open(%+v) = %v", s, err)
	}
	return newPages(t, cfg)
}

func pngFile(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 96, 24))); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// S150: a theme brings a colour and an image, both from our own origin, and nothing that runs.
func TestTheme(t *testing.T) {
	folder := inFolder(t, map[string]string{"corp.svg": svg})
	p := open(t, web.Settings{Logo: "corp.svg", Colour: "#00695c"}, folder)
	body := get(t, p.Done).Body.String()
	if ours, theirs := strings.Index(body, "/assets/chatgate."), strings.Index(body, "/assets/theme."); ours < 0 || theirs < ours {
		t.Errorf("page = %s, want the theme's stylesheet after ours", body)
	}
	if strings.Count(body, "<script") != 1 {
		t.Errorf("page = %s, want no script of the theme", body)
	}
	logo := fetch(t, p, http.MethodGet, assetPath(t, p, "logo.svg"))
	if policy := logo.Header().Get("Content-Security-Policy"); logo.Body.String() != svg || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") {
		t.Errorf("logo = %q under %q, want the theme's, where nothing runs", logo.Body, policy)
	}
}

func TestALogoMayBeAPNG(t *testing.T) {
	p := open(t, web.Settings{Logo: filepath.Join(inFolder(t, map[string]string{"corp.png": pngFile(t)}), "corp.png")}, "/nowhere")
	path := assetPath(t, p, "logo.png")
	if body := get(t, p.Done).Body.String(); strings.Count(body, path) != 2 || strings.Contains(body, "logo.svg") {
		t.Errorf("page = %s, want %s as image and icon", body, path)
	}
	if got := fetch(t, p, http.MethodGet, path).Header().Get("Content-Type"); got != "image/png" {
		t.Errorf("Content-Type = %q, want image/png", got)
	}
}

func TestAFurtherLanguageIsOneFile(t *testing.T) {
	folder := inFolder(t, map[string]string{"tlh.json": `{"done.title": "bI'el"}`})
	p := open(t, web.Settings{Locales: ".", Language: "tlh"}, folder)
	if body := get(t, p.Done).Body.String(); !strings.Contains(body, `<html lang="tlh"`) || !strings.Contains(body, "bI&#39;el</h1>") {
		t.Errorf("page = %s, want it in the operator's language", body)
	}
}

func TestOpenRefuses(t *testing.T) {
	folder := inFolder(t, map[string]string{
		"page.svg": "<html/>", "bare.svg": "<svg/>", "empty.svg": "", "text.png": "PNG", "huge.svg": svg + strings.Repeat(" ", 64<<10), "logo.gif": "GIF89a",
	})
	tests := []struct {
		name     string
		settings web.Settings
		want     string
	}{
		{"a logo that is not there", web.Settings{Logo: "none.svg"}, "logo: open "},
		{"a logo that is another kind of XML", web.Settings{Logo: "page.svg"}, "must be an SVG image"},
		{"an SVG without its namespace, which browsers do not draw", web.Settings{Logo: "bare.svg"}, "must be an SVG image"},
		{"a logo that is empty", web.Settings{Logo: "empty.svg"}, "must be an SVG image"},
		{"a logo that is text", web.Settings{Logo: "text.png"}, "must be a PNG image"},
		{"a logo above 64 KiB", web.Settings{Logo: "huge.svg"}, "logo: must have at most 64 KiB"},
		{"a logo of another format", web.Settings{Logo: "logo.gif"}, "logo: must be an .svg or .png file"},
		{"a directory of languages that is not there", web.Settings{Locales: "none"}, "locales: stat "},
		{"a directory of languages that is a file", web.Settings{Locales: "page.svg"}, "locales: must be a directory"},
		{"a directory of languages without one", web.Settings{Locales: "."}, "locales: there is no <tag>.json file in "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.settings.Open(folder); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestCheckOfSettings(t *testing.T) {
	tests := []struct {
		name     string
		settings web.Settings
		want     []string
	}{
		{"nothing is needed", web.Settings{}, nil},
		{"all is well", web.Settings{Logo: "a.png", Contact: "help@example.org", Language: "pt-BR"}, nil},
		{"a contact that would run", web.Settings{Contact: "javascript:alert(1)"}, []string{"contact"}},
		{"a language that is none", web.Settings{Language: "!"}, []string{"language"}},
		{"a logo that is a script", web.Settings{Logo: "logo.js"}, []string{"logo"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			tt.settings.Check(func(key, _ string) { got = append(got, key) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Check reports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColourTakesOneSpelling(t *testing.T) {
	for _, text := range []string{"", "#", "#fff", "#12345", "#1234567", "123456", "#12345g", "red", "#000000;}", "rgb(0,0,0)", "# 12345"} {
		if err := new(web.Colour).UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "must be a colour such as #2459b3") {
			t.Errorf("UnmarshalText(%q) = %v, want a refusal", text, err)
		}
	}
	var c web.Colour
	if err := c.UnmarshalText([]byte("#00Ff0a")); err != nil || c != "#00Ff0a" {
		t.Errorf("UnmarshalText = %v, colour %q, want it taken", err, c)
	}
}
