package web_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/web"
)

// echo is a page of another package that shows one value everywhere a template may put it.
var echo = fstest.MapFS{
	"echo.html": {Data: []byte(`{{define "title"}}{{.}}{{end -}}
<p title="{{.}}" data-chatgate="status">{{.}}</p><a href="/x?y={{.}}">{{t "action.try_again"}}</a>`)},
	"echo.js":  {Data: []byte(`document.title;`)},
	"echo.css": {Data: []byte(`p { margin: 0 }`)},
}

func newEcho(t *testing.T, cfg web.Config) (*web.Pages, *web.Template) {
	t.Helper()
	p := newPages(t, cfg)
	if err := p.AddAssets(echo, "*.js", "*.css"); err != nil {
		t.Fatal(err)
	}
	page, err := p.Parse(echo, "echo.html")
	if err != nil {
		t.Fatal(err)
	}
	return p, page
}

// S149, S81, B-06, B-24: the headers of every kind of page.
func TestPageHeaders(t *testing.T) {
	tests := []struct {
		name string
		hsts bool
		page web.Page
	}{
		{name: "a page that stands alone", hsts: true},
		{name: "a page over plain http does not ask for https"},
		{name: "a page for frames", hsts: true,
			page: web.Page{FrameAncestors: []string{"https://chat.example.org", "https://portal.example.org:8443"}}},
		{name: "a page with a script and a form that leaves",
			page: web.Page{Scripts: []string{"echo.js"}, FormAction: []string{"http://127.0.0.1:8080"}}},
	}
	var all strings.Builder
	for _, tt := range tests {
		p, page := newEcho(t, web.Config{HSTS: tt.hsts})
		tt.page.Template, tt.page.Data = page, "text"
		answer := get(t, func(c *gin.Context) error { return p.Render(c, http.StatusOK, tt.page) })
		all.WriteString("# " + tt.name + "\n" + headerLines(answer) + "\n")
	}
	golden(t, "headers.golden", lasting(all.String()))
}

func headerLines(answer *httptest.ResponseRecorder) string {
	var lines []string
	answer.Header().Del("Content-Length")
	for name, values := range answer.Header() {
		lines = append(lines, name+": "+strings.Join(values, ", ")+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// S29, B-24: what a handler or middleware has said stays only where it is stricter.
func TestAPageLeavesANoReferrerPolicyAlone(t *testing.T) {
	for said, want := range map[string]string{
		"": "strict-origin", "strict-origin": "strict-origin", "unsafe-url": "strict-origin", "no-referrer": "no-referrer",
	} {
		p, page := newEcho(t, web.Config{})
		answer := get(t, func(c *gin.Context) error {
			c.Header("Referrer-Policy", said)
			return p.Render(c, http.StatusOK, web.Page{Template: page, Data: "x"})
		})
		if got := answer.Header().Get("Referrer-Policy"); got != want {
			t.Errorf("Referrer-Policy of a page after %q = %q, want %q", said, got, want)
		}
	}
}

func TestAPageForFramesDropsTheFrameOptionsOfAMiddleware(t *testing.T) {
	p, page := newEcho(t, web.Config{})
	answer := get(t, func(c *gin.Context) error {
		c.Header("X-Frame-Options", "DENY")
		return p.Render(c, http.StatusOK, web.Page{Template: page, Data: "x", FrameAncestors: []string{"https://chat.example.org"}})
	})
	if got := answer.Header().Get("X-Frame-Options"); got != "" {
		t.Errorf("X-Frame-Options = %q, want none", got)
	}
}

// S81: a list that could widen or end the policy never becomes a header.
func TestRenderRefusesSourcesThatAreNoOrigins(t *testing.T) {
	p, page := newEcho(t, web.Config{})
	for _, origin := range []string{
		"*", "https://*.example.org", "https://chat.example.org/", "https://chat.example.org/path", "chat.example.org",
		"https://a.example; script-src *", "https://a.example https://b.example", "'unsafe-inline'", "null", "", "data:",
		"https://chat.example.org\r\nSet-Cookie: a=b", "https://CHAT.example.org", "ftp://chat.example.org",
	} {
		for name, bad := range map[string]web.Page{
			"FrameAncestors": {Template: page, FrameAncestors: []string{origin}},
			"FormAction":     {Template: page, FormAction: []string{origin}},
		} {
			answer := httptest.NewRecorder()
			c, _ := gin.CreateTestContext(answer)
			c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
			if err := p.Render(c, http.StatusOK, bad); err == nil {
				t.Errorf("Render with %s %q = nil, want an error", name, origin)
			}
			if answer.Body.Len() > 0 || len(answer.Header()) > 0 {
				t.Errorf("Render with %s %q wrote an answer before it failed", name, origin)
			}
		}
	}
}

// S83: the nonce of an answer is in its policy and its scripts, and in no other answer.
func TestNonceIsFreshAndOnEveryScript(t *testing.T) {
	p, page := newEcho(t, web.Config{})
	seen := map[string]bool{}
	for range 20 {
		answer := get(t, func(c *gin.Context) error {
			return p.Render(c, http.StatusOK, web.Page{Template: page, Data: "x", Scripts: []string{"echo.js"}})
		})
		_, rest, _ := strings.Cut(answer.Header().Get("Content-Security-Policy"), "script-src 'nonce-")
		nonce, _, _ := strings.Cut(rest, "'")
		if len(nonce) < 22 || seen[nonce] {
			t.Fatalf("nonce = %q, want 128 fresh bits", nonce)
		}
		seen[nonce] = true
		body := answer.Body.String()
		if strings.Count(body, "<script") != 1 || !strings.Contains(body, `nonce="`+nonce+`" src="/assets/echo.`) {
			t.Errorf("page = %s, want one script, from a file, with the nonce %s", body, nonce)
		}
	}
}

// S152, S83: whatever a page is given, it shows it as text.
func TestHostileValuesAreText(t *testing.T) {
	p, page := newEcho(t, web.Config{Name: `<b onclick="x">'Corp' & co`})
	for _, value := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' autofocus onfocus='alert(1)`, `</title><script>`,
		`</p>`, `{{.}}`, `{{define "title"}}x{{end}}`, `${7*7}`, `<!--`, `]]>`, "\u2028\x00\r\n", `&lt;script&gt;`,
	} {
		answer := get(t, func(c *gin.Context) error {
			return p.Render(c, http.StatusOK, web.Page{Template: page, Data: value})
		}, func(r *http.Request) {
			r.URL.RawQuery = "lang=" + "%22%3E%3Cscript%3E&error=%3Cscript%3E"
			r.Header.Set("Accept-Language", value)
		})
		body := answer.Body.String()
		for _, sign := range []string{"<script", "<img src=x", "onfocus='", "<b onclick", "<!--"} {
			if strings.Contains(body, sign) {
				t.Errorf("page with %q contains %q:\n%s", value, sign, body)
			}
		}
		if visible := strings.NewReplacer("\x00", "\uFFFD").Replace(value); !strings.Contains(html.UnescapeString(body), ">"+visible+"</p>") {
			t.Errorf("page with %q does not show it as text:\n%s", value, body)
		}
	}
}

func TestParseFindsMistakesBeforeAnyoneReadsThem(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a page without a title", `<p>x</p>`, `does not define "title"`},
		{"a message that nobody wrote", `{{define "title"}}x{{end}}{{if .}}{{t "no.such"}}{{end}}`, `no message "no.such"`},
		{"a template that does not parse", `{{define "title"}}x{{end}}{{if}}`, "missing value for if"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newPages(t, web.Config{}).Parse(fstest.MapFS{"x.html": {Data: []byte(tt.text)}}, "x.html")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%q) = %v, want an error with %q", tt.text, err, tt.want)
			}
		})
	}
}

func TestParseSharesPartials(t *testing.T) {
	p := newPages(t, web.Config{})
	fsys := fstest.MapFS{
		"page.html":    {Data: []byte(`{{define "title"}}x{{end}}{{template "greeting" .}}`)},
		"partial.html": {Data: []byte(`{{define "greeting"}}<p>hello {{.}}</p>{{end}}`)},
		"broken.html":  {Data: []byte(`{{t "no.such"}}`)},
	}
	page, err := p.Parse(fsys, "page.html", "partial.html")
	if err != nil {
		t.Fatal(err)
	}
	answer := get(t, func(c *gin.Context) error { return p.Render(c, http.StatusOK, web.Page{Template: page, Data: "ada"}) })
	if !strings.Contains(answer.Body.String(), "<p>hello ada</p>") {
		t.Errorf("page = %s, want the partial in it", answer.Body)
	}
	if _, err := p.Parse(fsys, "page.html", "partial.html", "broken.html"); err == nil {
		t.Error("Parse with a partial that has an unknown message = nil, want an error")
	}
}

func TestRenderRefusesUnknownAssetsAndWritesNothing(t *testing.T) {
	p, page := newEcho(t, web.Config{})
	answer := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(answer)
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	err := p.Render(c, http.StatusOK, web.Page{Template: page, Data: "x", Scripts: []string{"missing.js"}})
	if err == nil || answer.Body.Len() > 0 {
		t.Errorf("Render = %v with body %q, want an error and no body", err, answer.Body)
	}
}
