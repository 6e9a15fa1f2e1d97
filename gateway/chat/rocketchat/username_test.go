package rocketchat

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
)

func TestUsernamesOf(t *testing.T) {
	tests := []struct {
		name string
		id   oidc.Identity
		want string
	}{
		{"a plain name", oidc.Identity{Username: "ada"}, "ada"},
		{"capital letters", oidc.Identity{Username: "AdaLovelace"}, "adalovelace"},
		{"a principal name", oidc.Identity{Username: "ada@corp.example"}, "ada"},
		{"spaces", oidc.Identity{Username: "Ada  Lovelace"}, "ada.lovelace"},
		{"accents", oidc.Identity{Username: "Zoë.Müller"}, "zoe.muller"},
		{"a path", oidc.Identity{Username: "../../etc/passwd"}, "etc.passwd"},
		{"an operator of a query", oidc.Identity{Username: "$ne"}, "ne"},
		{"control characters", oidc.Identity{Username: "a\x00b\nc"}, "a.b.c"},
		{"only the address is known", oidc.Identity{Email: "ada.l@example.org"}, "ada.l"},
		{"only the name is known", oidc.Identity{Name: "Ada Lovelace"}, "ada.lovelace"},
		{"a name without Latin letters", oidc.Identity{Username: "愛田", Email: "aida@example.org"}, "aida"},
		{"a long name", oidc.Identity{Username: "a-very-long-name-that-goes-on-and-on-and-on"}, "a-very-long-name-that-goes-on-an"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := usernames(tt.id)[0]; got != tt.want {
				t.Errorf("usernames(%+v)[0] = %q, want %q", tt.id, got, tt.want)
			}
		})
	}
}

func TestUsernamesOfNobody(t *testing.T) {
	got := usernames(oidc.Identity{Provider: "corp", Subject: "42", Name: "愛田"})
	for _, name := range got {
		if !regexp.MustCompile(`^user-[0-9a-f]+$`).MatchString(name) {
			t.Errorf("usernames = %q, want made-up ones", got)
		}
	}
}

// FuzzUsernames: whatever a provider says, the names suit every Rocket.Chat, and are the same at every try (S56, S86).
func FuzzUsernames(f *testing.F) {
	f.Add("ada", "ada@example.org", "Ada", "1")
	f.Add("", "", "", "")
	f.Add("\xff\x00$", "@", "\u202eада", "\n")
	suits := regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$`)
	f.Fuzz(func(t *testing.T, username, email, name, subject string) {
		id := oidc.Identity{Provider: "corp", Subject: subject, Username: username, Email: email, Name: name}
		got := usernames(id)
		for _, candidate := range got {
			if !suits.MatchString(candidate) {
				t.Errorf("usernames(%+v) has %q", id, candidate)
			}
		}
		if different := slices.Compact(slices.Sorted(slices.Values(got))); len(different) != len(got) {
			t.Errorf("usernames(%+v) = %q, want different ones", id, got)
		}
		if diff := cmp.Diff(got, usernames(id)); diff != "" {
			t.Errorf("usernames differ between two tries:\n%s", diff)
		}
	})
}
