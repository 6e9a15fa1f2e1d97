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
		{"a Braille cell without a dot", "ada", "a\u2800da"},
		{"a note without a head", "ada", "a\U0001d159da"},
		{"Cyrillic", "ada", "аԁа"},
		{"Cyrillic capitals", "MOTHER", "МОТНЕR"},
		{"Greek", "tota", "τοτα"},
		{"a capital i for an l", "PauI", "Paul"},
		{"digits", "Bob", "B0b"},
		{"a dotless i", "Adi", "Adı"},
		{"another kind of space", "Ada Lovelace", "Ada\u2003Lovelace"},
		{"two spaces, which a page shows as one", "Bob Smith", "Bob  Smith"},
		{"spaces and underscores in a row", "Bob_Smith", "Bob _ Smith"},
		{"an underscore at the end", "Bob", "Bob_"},
		{"an accent", "José", "Jose"},
		{"a line through every letter", "Bob", "B\u0336o\u0336b\u0336"},
		{"a letter with a stroke", "Bob", "Bøb"},
		{"Lisu", "ADMIN", "ꓮꓓꓟꓲꓠ"},
		{"Cherokee", "BETH", "ᏴᎬᎢᎻ"},
		{"Cherokee in small letters", "deth", "\uab70\uab7c\uab72\uab8b"},
		{"Coptic", "MONICA", "ⲘⲞⲚⲒⲤⲀ"},
		{"small capitals", "staff", "ꜱᴛᴀꜰꜰ"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if one, other := folded(test.one), folded(test.other); one != other {
				t.Errorf("folded(%q) = %q and folded(%q) = %q, want one", test.one, one, test.other, other)
			}
		})
	}
	for _, pair := range [][2]string{
		{"ada", "adam"}, {"ada", "ada_2"}, {"ada l", "adal"}, {"李雷", "李"}, {"Жанна", "Анна"}, {"かず", "がず"},
		{"กิน", "กีน"}, {"रमा", "रमि"}, {"रमी", "रमु"}, {"محمد", "أحمد"}, {"민수", "민서"},
	} {
		if folded(pair[0]) == folded(pair[1]) {
			t.Errorf("%q and %q are one name, want two", pair[0], pair[1])
		}
	}
}
