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

// localePattern matches the files of a directory of languages, each named after a BCP 47 tag.
const localePattern = "*.json"

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
	return l.fill(message, pairs), nil
}

// fill is Fill for a reader of this language. In a line from the right a name in Latin letters would turn the signs
// beside it round, so each value stands between a FIRST STRONG ISOLATE and its end (Unicode UAX 9, Section 2.4).
func (l locale) fill(message string, pairs []string) string {
	if l.direction() != "rtl" {
		return Fill(message, pairs...)
	}
	isolated := slices.Clone(pairs)
	for i := 1; i < len(isolated); i += 2 {
		isolated[i] = "\u2068" + isolated[i] + "\u2069"
	}
	return Fill(message, isolated...)
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
	embedded, err := fs.Sub(files, "locale")
	if err != nil {
		return nil, fmt.Errorf("embedded locales: %w", err)
	}
	byTag, err := readLocales(embedded)
	if err != nil {
		return nil, fmt.Errorf("embedded locales: %w", err)
	}
	if own != nil {
		if err := overlay(byTag, own); err != nil {
			return nil, fmt.Errorf("locales: %w", err)
		}
	}
	first, err := language.Parse(fallback)
	if err != nil {
		return nil, fmt.Errorf("language: must be a language tag such as de or pt-BR, got %q", fallback)
	}
	if byTag[first] == nil {
		return nil, fmt.Errorf("language: there is no file %s.json for it", fallback)
	}
	return newLocales(first, byTag), nil
}

// readLocales reads the <tag>.json files of fsys.
func readLocales(fsys fs.FS) (map[language.Tag]map[string]string, error) {
	names, err := fs.Glob(fsys, localePattern)
	if err != nil {
		return nil, err
	}
	byTag := map[language.Tag]map[string]string{}
	for _, name := range names {
		tag, err := language.Parse(strings.TrimSuffix(name, path.Ext(name)))
		if err != nil {
			return nil, fmt.Errorf("%s: the name is not a language: %w", name, err)
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var messages map[string]string
		if err := json.Unmarshal(text, &messages); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		byTag[tag] = messages
	}
	return byTag, nil
}

// overlay adds the operator's languages and messages to ours. A key that none of our languages has is a slip of the pen
// or of an older release, and would never be shown.
func overlay(byTag map[language.Tag]map[string]string, own fs.FS) error {
	theirs, err := readLocales(own)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, messages := range byTag {
		for key := range messages {
			known[key] = true
		}
	}
	for tag, messages := range theirs {
		for _, key := range slices.Sorted(maps.Keys(messages)) {
			if !known[key] {
				return fmt.Errorf("%s.json: there is no message %q", tag, key)
			}
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
