package web_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/web"
)

// problemKey marks the words for problem codes. English has its own beside the codes, so en.json holds none of them.
const problemKey = "problem."

// counted finds the grammatical form in the key of a message that speaks of a number. One and two may be said without it.
var counted = regexp.MustCompile(`\.(?:zero|one|two|few|many|other)$`)

var place = regexp.MustCompile(`\{[a-z_]+\}`)

// Every language says everything that English says, with the same places to fill in.
func TestEveryLanguageIsComplete(t *testing.T) {
	english := readLocale(t, filepath.Join("locale", "en.json"))
	names, err := filepath.Glob(filepath.Join("locale", "*.json"))
	if err != nil || len(names) < 5 {
		t.Fatalf("Glob = %q, %v", names, err)
	}
	for _, name := range names {
		messages := readLocale(t, name)
		for key, text := range english {
			if strings.TrimSpace(messages[key]) == "" {
				t.Errorf("%s: %q is missing; in English: %s", name, key, text)
			}
			if diff := cmp.Diff(places(text), places(messages[key])); diff != "" && !counted.MatchString(key) {
				t.Errorf("%s: %q has other places than in English (-en +got):\n%s", name, key, diff)
			}
		}
		for key := range messages {
			_, ours := english[key]
			if form := counted.FindString(key); form != "" { // a language may have more forms than English
				_, ours = english[strings.TrimSuffix(key, form)+".other"]
			}
			if !ours && !strings.HasPrefix(key, problemKey) {
				t.Errorf("%s: %q is not in en.json", name, key)
			}
		}
	}
}

// A reader must not meet another language in the middle of a page.
func TestNoTranslationIsLeftInEnglish(t *testing.T) {
	english := readLocale(t, filepath.Join("locale", "en.json"))
	for _, tag := range []string{"ar", "de", "es", "fr"} {
		for key, text := range readLocale(t, filepath.Join("locale", tag+".json")) {
			if text == english[key] {
				t.Errorf("%s: %q is English: %s", tag, key, text)
			}
		}
	}
}

func readLocale(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var messages map[string]string
	if err := json.Unmarshal(text, &messages); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return messages
}

func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// foreign are two languages of an operator, neither of them complete: one from the left and one from the right.
var foreign = fstest.MapFS{
	"tlh.json": {Data: []byte(`{"done.title": "bI'el"}`)},
	"he.json":  {Data: []byte(`{"done.title": "נכנסת"}`)},
}

func TestLanguageOfThePage(t *testing.T) {
	tests := []struct {
		name, query, accept, fallback string
		want, title                   string
	}{
		{name: "nothing is asked for", want: `lang="en" dir="ltr"`, title: "You are signed in"},
		{name: "the browser's language is ours", accept: "nl;q=0.9, de-AT, en;q=0.5", want: `lang="de" dir="ltr"`, title: "Sie sind angemeldet"},
		{name: "the parameter wins over the browser", query: "lang=ar", accept: "de", want: `lang="ar" dir="rtl"`, title: "تم تسجيل دخولك"},
		{name: "a language from the right in a country's form", accept: "ar-EG", want: `lang="ar" dir="rtl"`, title: "تم تسجيل دخولك"},
		{name: "French", accept: "fr-CH", want: `lang="fr" dir="ltr"`, title: "Vous êtes connecté"},
		{name: "Spanish", accept: "es-419", want: `lang="es" dir="ltr"`, title: "Ha iniciado sesión"},
		{name: "a language of the operator", accept: "tlh", want: `lang="tlh" dir="ltr"`, title: "bI&#39;el"},
		{name: "a language of the operator from the right", accept: "he-IL", want: `lang="he" dir="rtl"`, title: "נכנסת"},
		{name: "a parameter that is a language but not ours", query: "lang=ja", accept: "de", want: `lang="de" dir="ltr"`, title: "Sie sind angemeldet"},
		{name: "a parameter that is no language", query: "lang=%22%3E", accept: "de", want: `lang="de" dir="ltr"`, title: "Sie sind angemeldet"},
		{name: "no language of the browser is ours", accept: "ja, ko", want: `lang="en" dir="ltr"`, title: "You are signed in"},
		{name: "the operator's default", accept: "ja", fallback: "de", want: `lang="de" dir="ltr"`, title: "Sie sind angemeldet"},
		{name: "English is asked for and not the default", accept: "en-GB", fallback: "de", want: `lang="en" dir="ltr"`, title: "You are signed in"},
		{name: "a header that cannot be read", accept: "de-de-de-de;;q=x", want: `lang="en" dir="ltr"`, title: "You are signed in"},
		{name: "a header of a megabyte", accept: strings.Repeat("de,", 1<<18), want: `lang="en" dir="ltr"`, title: "You are signed in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPages(t, web.Config{Locales: foreign, Language: tt.fallback})
			answer := get(t, p.Done, func(r *http.Request) {
				r.URL.RawQuery = tt.query
				r.Header.Set("Accept-Language", tt.accept)
			})
			if body := answer.Body.String(); !strings.Contains(body, "<html "+tt.want+">") || !strings.Contains(body, tt.title+"</h1>") {
				t.Errorf("page = %s, want %s and %q", body, tt.want, tt.title)
			}
			if got := answer.Header().Get("Vary"); got != "Accept-Language" {
				t.Errorf("Vary = %q, want Accept-Language", got)
			}
		})
	}
}

func TestALanguageWithoutAMessageSpeaksEnglishThere(t *testing.T) {
	p := newPages(t, web.Config{Locales: foreign, Language: "tlh"})
	if body := get(t, p.Done).Body.String(); !strings.Contains(body, "You can close this window") {
		t.Errorf("page = %s, want the English detail", body)
	}
}

func TestAnOperatorHasOtherWordsForSingleMessages(t *testing.T) {
	p := newPages(t, web.Config{Language: "de", Locales: fstest.MapFS{
		"de.json": {Data: []byte(`{"done.title": "Willkommen", "problem.not_found.detail": "Nichts zu sehen."}`)},
	}})
	body := get(t, p.Done).Body.String()
	for _, want := range []string{"Willkommen</h1>", "Sie können dieses Fenster schließen"} {
		if !strings.Contains(body, want) {
			t.Errorf("page = %s, want %q", body, want)
		}
	}
}

// A name in Latin letters does not turn the line of a language from the right round.
func TestValuesStandByThemselvesInALanguageFromTheRight(t *testing.T) {
	p := newPages(t, web.Config{})
	body := get(t, func(c *gin.Context) error { return p.GoOn(c, providerURL) }, func(r *http.Request) {
		r.Header.Set("Accept-Language", "ar")
	}).Body.String()
	if !strings.Contains(body, "\u2068idp.example.org\u2069.") {
		t.Errorf("page = %s, want the host isolated", body)
	}
}

func TestText(t *testing.T) {
	p := newPages(t, web.Config{Locales: fstest.MapFS{"de.json": {Data: []byte(`{"home.title": "{chat} und {name}"}`)}}})
	get(t, func(c *gin.Context) error {
		if got, ok := p.Text(c.Request, "home.title", "chat", "{name}", "name", "Ada"); got != "{name} und Ada" || !ok {
			t.Errorf("Text = %q, %v, want values that are not searched for places", got, ok)
		}
		if got, ok := p.Text(c.Request, "no.such"); ok {
			t.Errorf("Text of an unknown key = %q, true, want false", got)
		}
		return nil
	}, func(r *http.Request) { r.Header.Set("Accept-Language", "de") })
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  web.Config
		want string
	}{
		{"a default language without a file", web.Config{Language: "tlh"}, "language: there is no file tlh.json"},
		{"a colour that is none", web.Config{Colour: "red;}*{"}, "colour: must be a colour such as #2459b3"},
		{"a message that nobody shows", web.Config{Locales: fstest.MapFS{"de.json": {Data: []byte(`{"done.tilte": "x"}`)}}}, `locales: de.json: there is no message "done.tilte"`},
		{"a default that is no language", web.Config{Language: "!"}, `language: must be a language tag such as de or pt-BR, got "!"`},
		{"a locale named after no language", web.Config{Locales: fstest.MapFS{"klingon!.json": {Data: []byte(`{}`)}}}, "locales: klingon!.json: the name is not a language"},
		{"a locale that is no JSON", web.Config{Locales: fstest.MapFS{"de.json": {Data: []byte(`{`)}}}, "de.json: unexpected end"},
		{"a contact that would run", web.Config{Contact: "javascript:alert(1)"}, "contact: must be an e-mail address"},
		{"a contact over plain http", web.Config{Contact: "http://help.example.org"}, "contact: must be an e-mail address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := web.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error with %q", err, tt.want)
			}
		})
	}
}
