package talk

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
)

// userID is one as store.Names makes them; madeUpName is what madeUp makes of it.
const (
	userID     = "u7Qd0m1nJYkPz3R8xWvTfA2s"
	madeUpName = "user_nddwwfxg"
)

func TestUsernames(t *testing.T) {
	long := strings.Repeat("long", 20)
	for _, test := range []struct {
		name              string
		identity          oidc.Identity
		sso, coral, talk4 string
	}{
		{"a plain one", oidc.Identity{Username: "ada"}, "ada", "ada", "ada"},
		{"letters, digits, underscore and dot", oidc.Identity{Username: "Ada_L.9"}, "Ada_L.9", "Ada_L.9", "Ada_L.9"},
		{"with spaces and a hyphen", oidc.Identity{Username: "Ann Lee-Ray"}, "Ann Lee-Ray", "Ann_Lee_Ray", "Ann Lee-Ray"},
		{"too short for Coral", oidc.Identity{Username: "Al"}, "Al", "Al_", "Al"},
		{"too long", oidc.Identity{Username: long}, long[:64], long[:30], long[:64]},
		{"accented", oidc.Identity{Username: "Björn Šťastný"}, "Björn Šťastný", "Bjorn_Stastny", "Björn Šťastný"},
		{"an e-mail address, whose domain stays private", oidc.Identity{Username: "ada@example.org"}, "ada", "ada", "ada"},
		{"only an at sign before the name", oidc.Identity{Username: "@example.org", Name: "Ada"}, "Ada", "Ada", "Ada"},
		{"missing, with a name", oidc.Identity{Name: "Ada Lovelace"}, "Ada Lovelace", "Ada_Lovelace", "Ada Lovelace"},
		{"missing, without a name", oidc.Identity{}, madeUpName, madeUpName, madeUpName},
		{"Chinese", oidc.Identity{Username: "李雷"}, "李雷", madeUpName, madeUpName},
		{"Chinese with a letter", oidc.Identity{Username: "李a"}, "李a", "_a_", "李a"},
		{"digits alone", oidc.Identity{Username: "12345"}, "12345", "12345", madeUpName},
		{"underscores alone", oidc.Identity{Username: "___"}, "___", madeUpName, madeUpName},
		{"emoji", oidc.Identity{Username: "🦉🦉"}, "🦉🦉", madeUpName, madeUpName},
		{"turned around by a control character", oidc.Identity{Username: "\u202eada\x00"}, "ada", "ada", "ada"},
		{"nothing but spaces", oidc.Identity{Username: " \u00a0 "}, madeUpName, madeUpName, madeUpName},
		{"not even UTF-8", oidc.Identity{Username: "\xff\xfe"}, madeUpName, madeUpName, madeUpName},
	} {
		t.Run(test.name, func(t *testing.T) {
			called := Claims{}.publicName(test.identity)
			if got := anyUsername(called, userID); got != test.sso {
				t.Errorf("anyUsername(%q) = %q, want %q", test.identity.Username, got, test.sso)
			}
			if got := coralUsername(called, userID); got != test.coral {
				t.Errorf("coralUsername(%q) = %q, want %q", test.identity.Username, got, test.coral)
			}
			if got := talk4Username(called, userID); got != test.talk4 {
				t.Errorf("talk4Username(%q) = %q, want %q", test.identity.Username, got, test.talk4)
			}
		})
	}
}

func TestPublicNameComesFromTheClaimsThatAreChosen(t *testing.T) {
	ada := oidc.Identity{
		Username: "ada@corp.example.org", Name: "Ada Lovelace", Email: "Countess@example.org", EmailVerified: true,
		Custom: map[string]string{"nick": "analyst", "upn": "al@corp.example.org", "blank": "\u200b\u3164\u2800\U0001d159 "},
	}
	unverified := ada
	unverified.EmailVerified = false
	for _, test := range []struct {
		name     string
		identity oidc.Identity
		claims   []string
		want     string
	}{
		{"the username and then the name, when nothing is chosen", ada, nil, "ada"},
		{"the name alone", ada, []string{"name"}, "Ada Lovelace"},
		{"a claim of the provider's own", ada, []string{"nick"}, "analyst"},
		{"a claim of the provider's own, without the domain of an address", ada, []string{"upn"}, "al"},
		{"what comes first and is not empty", ada, []string{"gone", "blank", "nick", "name"}, "analyst"},
		{"of the e-mail address what stands before the domain", ada, []string{"email"}, "countess"},
		{"nothing of an address that nobody vouches for (G9)", unverified, []string{"email"}, ""},
		{"the next claim after such an address", unverified, []string{"email", "name"}, "Ada Lovelace"},
		{"nothing, when the person has none of them", ada, []string{"gone"}, ""},
		{"nothing beyond an at sign of another width", oidc.Identity{Username: "ada\uff20example.org"}, nil, "ada"},
		{"nothing beyond a small at sign", oidc.Identity{Username: "ada\ufe6bexample.org"}, nil, "ada"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (Claims{Username: test.claims}).publicName(test.identity); got != test.want {
				t.Errorf("publicName(%v) = %q, want %q", test.claims, got, test.want)
			}
		})
	}
}

func TestPictureComesFromTheClaimThatIsChosen(t *testing.T) {
	ada := oidc.Identity{Picture: "https://idp.example.org/ada.png", Custom: map[string]string{
		"photo": "https://photos.example.org/ada.png", "local": "http://photos.example.org/ada.png",
	}}
	for claim, want := range map[string]string{
		"": "https://idp.example.org/ada.png", "picture": "https://idp.example.org/ada.png",
		"photo": "https://photos.example.org/ada.png", "local": "", "gone": "", "name": "",
	} {
		if got := (Claims{Picture: claim}).picture(ada); got != want {
			t.Errorf("picture by claim %q = %q, want %q", claim, got, want)
		}
	}
}

func TestVerifiedEmail(t *testing.T) {
	for _, test := range []struct {
		name     string
		email    string
		verified bool
		want     string
	}{
		{"a verified one, in lower case", "Ada@Example.ORG", true, "ada@example.org"},
		{"one that nobody vouches for (G9)", "admin@example.org", false, ""},
		{"none", "", true, ""},
		{"one of a hundred characters", strings.Repeat("a", 88) + "@example.org", true, strings.Repeat("a", 88) + "@example.org"},
		{"one of a hundred and one", strings.Repeat("a", 89) + "@example.org", true, ""},
		{"one with a name around it", "Ada <ada@example.org>", true, ""},
		{"two", "a@example.org,b@example.org", true, ""},
		{"half of one", "ada@", true, ""},
		{"one that would be another's in lower case: the Kelvin sign becomes a k", "mar\u212a@example.org", true, ""},
		{"one in letters of full width", "\uff41da@example.org", true, ""},
		{"one that would be another's in lower case: a dotted capital I becomes an i", "adm\u0130n@example.org", true, ""},
		{"one at a domain that would be another's in lower case", "admin@g\u0130thub.com", true, ""},
		{"one in a script of its own", "käthe@example.org", true, ""},
		{"one inside the house", "ada@corp.local", true, "ada@corp.local"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := verifiedEmail(oidc.Identity{Email: test.email, EmailVerified: test.verified}); got != test.want {
				t.Errorf("verifiedEmail(%q, verified %v) = %q, want %q", test.email, test.verified, got, test.want)
			}
		})
	}
}

// TestNoAddressBecomesAnothers: whatever a character turns into, an address with it never says one without it.
func TestNoAddressBecomesAnothers(t *testing.T) {
	for r := rune(0x80); r <= 0x2ffff; r++ {
		email := "adm" + string(r) + "n@example.org"
		if got := verifiedEmail(oidc.Identity{Email: email, EmailVerified: true}); got != "" {
			t.Fatalf("verifiedEmail(%q) = %q, want nothing (G9)", email, got)
		}
	}
}

func TestPublic(t *testing.T) {
	for _, test := range []struct {
		name, email string
		want        bool
	}{
		{"below a common top-level domain", "ada@example.org", true},
		{"below a country's", "ada@mail.example.co.uk", true},
		{"below a domain that others may register under", "ada@ada.github.io", true},
		{"below one that has wildcard entries only", "ada@example.co.ck", true},
		{"below an internationalised one", "ada@example.xn--p1ai", true},
		{"with a tag", "ada+news@example.org", true},
		{"inside the house (G21)", "ada@corp.local", false},
		{"for tests", "ada@example.test", false},
		{"without a dot", "ada@localhost", false},
		{"below no domain of the public name system", "ada@example.onion", false},
		{"at an address", "ada@[192.0.2.1]", false},
		{"at four numbers", "ada@192.0.2.1", false},
		{"in a script of its own", "käthe@example.org", false},
		{"at a name in a script of its own", "ada@bücher.de", false},
		{"in quotes", `"ada"@example.org`, false},
		{"with two dots", "a..da@example.org", false},
		{"with a dot at the end", "ada@example.org.", false},
		{"with an underscore in its domain", "ada@ex_ample.org", false},
		{"with a hyphen at an edge", "ada@-example.org", false},
		{"with a label of more than 63", "ada@" + strings.Repeat("a", 64) + ".org", false},
		{"with 65 characters before the at sign", strings.Repeat("a", 65) + "@example.org", false},
		{"that is none", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := public(test.email); got != test.want {
				t.Errorf("public(%q) = %v, want %v", test.email, got, test.want)
			}
		})
	}
}

func TestPicture(t *testing.T) {
	for _, test := range []struct{ name, address, want string }{
		{"https", "https://idp.example.org:8443/p/a%20da.png?s=64", "https://idp.example.org:8443/p/a%20da.png?s=64"},
		{"http", "http://idp.example.org/ada.png", ""},
		{"data", "data:image/png;base64,AAAA", ""},
		{"a script", "javascript:alert(1)", ""},
		{"a space", "https://idp.example.org/a da.png", ""},
		{"an umlaut", "https://idp.example.org/ä.png", ""},
		{"a broken escape", "https://idp.example.org/%zz.png", ""},
		{"an e-mail address in its path", "https://idp.example.org/p/ada@example.org.png", ""},
		{"an e-mail address with its at sign escaped", "https://idp.example.org/p?u=ada%40example.org", ""},
		{"a user", "https://me@idp.example.org/ada.png", ""},
		{"far too long", "https://idp.example.org/" + strings.Repeat("a", maxPicture), ""},
		{"none", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := picture(test.address); got != test.want {
				t.Errorf("picture(%q) = %q, want %q", test.address, got, test.want)
			}
		})
	}
}

func TestRoleComesFromGroupsAlone(t *testing.T) {
	cfg := Config{Roles: map[string]Role{"everyone": Commenter, "editors": Staff, "chiefs": Admin, "moderators": Moderator}}
	for _, test := range []struct {
		name   string
		groups []string
		want   Role
	}{
		{"no group", nil, ""},
		{"a group without a role", []string{"strangers"}, ""},
		{"a group that is called like a role (G16)", []string{"ADMIN"}, ""},
		{"one group", []string{"editors"}, Staff},
		{"several: the highest wins", []string{"everyone", "moderators", "editors"}, Moderator},
		{"the order is not asked", []string{"chiefs", "everyone"}, Admin},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := cfg.role(test.groups); got != test.want {
				t.Errorf("role(%q) = %q, want %q", test.groups, got, test.want)
			}
		})
	}
}

func TestBadgesComeFromGroupsAlone(t *testing.T) {
	cfg := Config{Badges: map[string]string{"editors": "Editor", "founders": "Founder", "chiefs": "Editor"}}
	many := Config{Badges: map[string]string{}}
	var groups []string
	for i := range 30 {
		groups = append(groups, string(rune('a'+i)))
		many.Badges[groups[i]] = "Badge " + groups[i]
	}
	for _, test := range []struct {
		name   string
		cfg    Config
		groups []string
		want   []string
	}{
		{"none are configured: what Coral's staff gave stays", Config{}, []string{"editors"}, nil},
		{"in no group, which takes the last one away", cfg, nil, []string{}},
		{"a group that is called like a badge", cfg, []string{"Editor"}, []string{}},
		{"several, in order", cfg, []string{"founders", "editors"}, []string{"Editor", "Founder"}},
		{"one badge by two groups", cfg, []string{"chiefs", "editors"}, []string{"Editor"}},
		{"more than a token has room for", many, groups, []string{
			"Badge a", "Badge b", "Badge c", "Badge d", "Badge e", "Badge f", "Badge g", "Badge h", "Badge i", "Badge j",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.cfg.badges(test.groups)); diff != "" {
				t.Errorf("badges(%q) (-want +got):\n%s", test.groups, diff)
			}
		})
	}
}
