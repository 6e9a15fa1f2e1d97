package web

import (
	"fmt"
	"strconv"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// otherForm is the grammatical form that every language has.
const otherForm = "other"

// forms name the grammatical forms of counted words as message keys end in them (Unicode TR 35, Part 3, Section 5).
var forms = map[plural.Form]string{
	plural.Other: otherForm, plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}

// formOf is the form that words take beside a whole number.
func formOf(tag language.Tag, n int) string {
	return forms[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
}

// count is the template function of messages that speak of a number, which fills their place {n}. Such a message has a
// key for each form that the language knows, as in home.more.one and home.more.other; where a language has no words for
// a form it says the other one.
func (l locale) count(key string, n int) (string, error) {
	number := []string{"n", strconv.Itoa(n)}
	for _, form := range []string{formOf(l.tag, n), otherForm} {
		if message, ok := l.messages[key+"."+form]; ok {
			return l.fill(message, number), nil
		}
	}
	for _, form := range []string{formOf(language.English, n), otherForm} {
		if message, ok := l.english[key+"."+form]; ok {
			return l.fill(message, number), nil
		}
	}
	return "", fmt.Errorf("no message %q in locale/en.json", key+"."+otherForm)
}

// ago is the template function that says how long ago something was, in words.
func (l locale) ago(span time.Duration) (string, error) { return l.span("time.ago", "time.now", span) }

// within is the template function that says when something will be, in words.
func (l locale) within(span time.Duration) (string, error) {
	return l.span("time.in", "time.soon", nearest(span))
}

const day = 24 * time.Hour

// nearest is a length of time in whole units of the kind in which it is said: of the 24 hours that were given a moment ago,
// 24 are left and not 23.
func nearest(span time.Duration) time.Duration {
	for _, unit := range []time.Duration{day, time.Hour, time.Minute} {
		if span >= unit {
			return span.Round(unit)
		}
	}
	return span
}

// span says a length of time in the largest unit that it fills: nobody wants to know of the seconds of an hour.
func (l locale) span(prefix, short string, span time.Duration) (string, error) {
	switch {
	case span < time.Minute:
		return l.text(short)
	case span < time.Hour:
		return l.count(prefix+"_minutes", int(span/time.Minute))
	case span < day:
		return l.count(prefix+"_hours", int(span/time.Hour))
	}
	return l.count(prefix+"_days", int(span/day))
}
