package decision

import (
	"cmp"
	"strings"
)

// details are the facts of a deciding step that advice may go by, the most telling first.
var details = []string{"reason", "check", "limit", "error", "error_type"}

// Advice is what an operator may do about the request: by the step that decided, and by its reason where there is one; else
// by the code of the answer. It is empty for a code that another version has written.
func (rec *Record) Advice() []string {
	decisive := rec.Decisive()
	var advice []string
	if own := decisive.Facts["advice"]; own != "" {
		advice = append(advice, strings.ToUpper(own[:1])+own[1:]+".")
	}
	if text := rec.advice(decisive); text != "" {
		advice = append(advice, rec.fill(text))
	}
	return advice
}

func (rec *Record) advice(decisive Step) string {
	keys := make([]string, 0, 2*len(details)+3)
	for _, name := range details {
		if value := decisive.Facts[name]; value != "" {
			keys = append(keys, string(decisive.Code)+"/"+value)
		}
	}
	if rec.Reason != "" {
		keys = append(keys, rec.Code+"/"+rec.Reason)
	}
	for _, key := range append(keys, string(decisive.Code), rec.Code) {
		if text, ok := adviceFor[key]; ok {
			return text
		}
	}
	return ""
}

// fill puts the record's own words into the places of a text. What follows an option is pasted into a shell, and a subject
// is whatever the provider says: there it stands as one word that the shell takes as it is (S135).
func (rec *Record) fill(text string) string {
	var places []string
	for _, place := range [][3]string{
		{"--chat ", "{chat}", rec.Chat},
		{"--provider ", "{provider}", cmp.Or(rec.Provider, rec.Decisive().Facts["provider"])},
		{"--subject ", "{subject}", rec.Subject},
		{"", "{request}", rec.Request},
	} {
		option, name, value := place[0], place[1], place[2]
		if option != "" {
			value = cmp.Or(value, "<"+strings.Trim(name, "{}")+">")
			places = append(places, option+name, option+shellWord(value))
		}
		places = append(places, name, value)
	}
	return strings.NewReplacer(places...).Replace(text)
}

// plain are the characters that no shell makes anything of.
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-"

// shellWord is a text as one word of a POSIX shell's command.
func shellWord(text string) string {
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
