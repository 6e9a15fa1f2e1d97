package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxAcceptLanguage bounds, in bytes, what is parsed of a header that anybody can send.
const maxAcceptLanguage = 512

// locale is one language: its messages, with English where it has none.
type locale struct {
	tag      language.Tag
	messages map[string]string // as its file says, without the English ones
	english  map[string]string
}

// text is the template function t: the message of key with its places filled from name-value pairs.
func (l locale) text(key string, pairs ...string) (string, error) {
	message, ok := l.messages[key]
	if !ok {
		message, ok = l.english[key]
	}
	if !ok {
		return "", fmt.Errorf("no message %q in locale/en.json", key)
	}
	return Fill(message, pairs...), nil
}

// Fill puts values into the places of a message: the pair "chat", "rocketchat" replaces {chat}. A value is never
// searched for places itself.
func Fill(message string, pairs ...string) string {
	places := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(places...).Replace(message)
}

// rightToLeft names the scripts, as ISO 15924 codes, that our readers' languages are written in from the right.
var rightToLeft = []string{"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}

// direction is the value of the dir attribute.
func (l locale) direction() string {
	if script, _ := l.tag.Script(); slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// locales are the languages we have; the first one is the default.
type locales struct {
	all     []locale
	english locale
	matcher language.Matcher
}

// loadLocales reads the embedded languages and lays the operator's files over them.
func loadLocales(fallback string, own fs.FS) (*locales, error) {
	if fallback == "" {
		fallback = "en"
	}
	byTag := map[language.Tag]map[string]string{}
	embedded, err := fs.Sub(files, "locale")
	if err != nil {
		return nil, fmt.Errorf("load locales: %w", err)
	}
	for _, fsys := range []fs.FS{embedded, own} {
		if err := readLocales(fsys, byTag); err != nil {
			return nil, fmt.Errorf("load locales: %w", err)
		}
	}
	first, err := language.Parse(fallback)
	if err != nil {
		return nil, fmt.Errorf("language %q: %w", fallback, err)
	}
	if byTag[first] == nil {
		return nil, fmt.Errorf("language %q: there is no file %s.json", fallback, fallback)
	}
	return newLocales(first, byTag), nil
}

// readLocales adds the <tag>.json files of fsys, which may be nil, to byTag.
func readLocales(fsys fs.FS, byTag map[language.Tag]map[string]string) error {
	if fsys == nil {
		return nil
	}
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return err
	}
	for _, name := range names {
		tag, err := language.Parse(strings.TrimSuffix(name, path.Ext(name)))
		if err != nil {
			return fmt.Errorf("%s: the name is not a language: %w", name, err)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		var messages map[string]string
		if err := json.Unmarshal(text, &messages); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if byTag[tag] == nil {
			byTag[tag] = map[string]string{}
		}
		maps.Copy(byTag[tag], messages)
	}
	return nil
}

// newLocales puts first in front and the others in the order of their names, so that every replica picks alike.
func newLocales(first language.Tag, byTag map[language.Tag]map[string]string) *locales {
	tags := slices.SortedFunc(maps.Keys(byTag), func(a, b language.Tag) int {
		return strings.Compare(a.String(), b.String())
	})
	tags = slices.DeleteFunc(tags, func(t language.Tag) bool { return t == first })
	tags = append([]language.Tag{first}, tags...)

	english := byTag[language.English]
	l := &locales{english: locale{tag: language.English, english: english}, matcher: language.NewMatcher(tags)}
	for _, tag := range tags {
		l.all = append(l.all, locale{tag: tag, messages: byTag[tag], english: english})
	}
	return l
}

// pick chooses the reader's language: the lang parameter, then Accept-Language, then the default. It returns the index
// into all.
func (l *locales) pick(r *http.Request) int {
	if tag, err := language.Parse(r.URL.Query().Get("lang")); err == nil {
		if _, index, confidence := l.matcher.Match(tag); confidence != language.No {
			return index
		}
	}
	accepted := r.Header.Get("Accept-Language")
	if len(accepted) > maxAcceptLanguage {
		return 0
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return 0
	}
	_, index, _ := l.matcher.Match(tags...)
	return index
}
