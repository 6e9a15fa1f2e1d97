package web_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/web"
)

// clockPage says how long ago something was and when something will be.
var clockPage = fstest.MapFS{"clock.html": {Data: []byte(
	`{{define "title"}}x{{end}}<p data-chatgate="status">{{ago .}}|{{within .}}|</p>`)}}

// said is what the page says of a length of time in a language.
func said(t *testing.T, p *web.Pages, language string, span time.Duration) string {
	t.Helper()
	page, err := p.Parse(clockPage, "clock.html")
	if err != nil {
		t.Fatal(err)
	}
	answer := get(t, func(c *gin.Context) error {
		return p.Render(c, http.StatusOK, web.Page{Template: page, Data: span})
	}, func(r *http.Request) { r.Header.Set("Accept-Language", language) })
	_, text, _ := strings.Cut(answer.Body.String(), `data-chatgate="status">`)
	text, _, _ = strings.Cut(text, "|</p>")
	return strings.NewReplacer("\u2068", "", "\u2069", "").Replace(text)
}

func TestLengthsOfTimeAreSaidInTheReadersLanguage(t *testing.T) {
	p := newPages(t, web.Config{})
	for _, c := range []struct {
		name, language string
		span           time.Duration
		want           string
	}{
		{"an instant", "en", 59 * time.Second, "just now|within a minute"},
		{"a clock that runs ahead", "en", -time.Hour, "just now|within a minute"},
		{"one minute", "en", time.Minute, "1 minute ago|in 1 minute"},
		{"minutes up to the hour", "en", time.Hour - time.Second, "59 minutes ago|in 1 hour"},
		{"hours up to the day", "en", 24*time.Hour - time.Second, "23 hours ago|in 1 day"},
		{"a little less than half a unit", "en", 3*time.Hour + 29*time.Minute, "3 hours ago|in 3 hours"},
		{"half a unit", "en", 3*time.Hour + 30*time.Minute, "3 hours ago|in 4 hours"},
		{"days", "en", 49 * time.Hour, "2 days ago|in 2 days"},
		{"one in German", "de", time.Hour, "vor 1 Stunde|in 1 Stunde"},
		{"several in German", "de", 3 * 24 * time.Hour, "vor 3 Tagen|in 3 Tagen"},
		{"several in French", "fr", 2 * time.Hour, "il y a 2 heures|dans 2 heures"},
		{"several in Spanish", "es", 5 * time.Minute, "hace 5 minutos|en 5 minutos"},
		{"one in Arabic", "ar", time.Hour, "قبل ساعة واحدة|بعد ساعة واحدة"},
		{"two in Arabic", "ar", 2 * time.Hour, "قبل ساعتين|بعد ساعتين"},
		{"few in Arabic", "ar", 3 * time.Hour, "قبل 3 ساعات|بعد 3 ساعات"},
		{"many in Arabic", "ar", 11 * time.Hour, "قبل 11 ساعة|بعد 11 ساعة"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := said(t, p, c.language, c.span); got != c.want {
				t.Errorf("%v in %s = %q, want %q", c.span, c.language, got, c.want)
			}
		})
	}
}

func TestALanguageSaysNumbersInTheFormsThatItHas(t *testing.T) {
	for _, c := range []struct{ name, locale, want string }{
		{"a form of its own", `{"time.ago_minutes.few": "{n} минуты назад"}`, "3 минуты назад|in 3 minutes"},
		{"the other form in place of one that is missing", `{"time.ago_minutes.other": "{n} мин. назад"}`, "3 мин. назад|in 3 minutes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPages(t, web.Config{Locales: fstest.MapFS{"ru.json": {Data: []byte(c.locale)}}})
			if got := said(t, p, "ru", 3*time.Minute); got != c.want {
				t.Errorf("three minutes in Russian = %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseFindsANumberThatNobodyCanSay(t *testing.T) {
	fsys := fstest.MapFS{"x.html": {Data: []byte(`{{define "title"}}x{{end}}{{count "no.such" 3}}`)}}
	if _, err := newPages(t, web.Config{}).Parse(fsys, "x.html"); err == nil || !strings.Contains(err.Error(), `no message "no.such.other"`) {
		t.Errorf("Parse = %v, want an error with the key", err)
	}
}

// Nobody reads another number than the one that is meant: only one and two may be said in a word of their own.
func TestEveryLanguageCounts(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("locale", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for key, message := range readLocale(t, name) {
			form := counted.FindString(key)
			if form == "" || form == ".one" || form == ".two" {
				continue
			}
			if !strings.Contains(message, "{n}") {
				t.Errorf("%s: %q does not say the number: %s", name, key, message)
			}
		}
	}
}
