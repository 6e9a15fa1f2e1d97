package talk

import "testing"

func TestFoldedNamesThatPassForOneAnother(t *testing.T) {
	for _, test := range []struct{ name, one, other string }{
		{"case", "Ada", "aDA"},
		{"case that takes two letters", "Straße", "STRASSE"},
		{"width", "Ada", "\uff21\uff44\uff41"},
		{"a ligature", "ﬁona", "fiona"},
		{"a mathematical alphabet", "𝐚𝐝𝐚", "ada"},
		{"an accent that is a character of its own", "José", "Jose\u0301"},
		{"a character that nobody sees", "ada", "a\u200bd\u200da\ufe0f"},
		{"a filler", "ada", "a\u3164da"},
		{"Cyrillic", "ada", "аԁа"},
		{"Cyrillic capitals", "MOTHER", "МОТНЕR"},
		{"Greek", "tota", "τοτα"},
		{"a capital i for an l", "PauI", "Paul"},
		{"digits", "Bob", "B0b"},
		{"a dotless i", "Adi", "Adı"},
		{"another kind of space", "Ada Lovelace", "Ada\u2003Lovelace"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if one, other := folded(test.one), folded(test.other); one != other {
				t.Errorf("folded(%q) = %q and folded(%q) = %q, want one", test.one, one, test.other, other)
			}
		})
	}
	for _, pair := range [][2]string{{"ada", "adam"}, {"Jose", "José"}, {"ada", "ada_2"}, {"李雷", "李"}, {"Жанна", "Анна"}} {
		if folded(pair[0]) == folded(pair[1]) {
			t.Errorf("%q and %q are one name, want two", pair[0], pair[1])
		}
	}
}
