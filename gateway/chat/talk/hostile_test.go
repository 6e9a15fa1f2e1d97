package talk_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc"
)

// What a provider may send, in the hope that a product trips over one of them.
var (
	hostileTexts = []string{
		"", " ", "a", "ab", "ada", "ADA", "Ada Lovelace", "ada@example.org", "@", "_", "...", "-", "123", "李雷", "王", "Жанна", "José", "ÅÄÖ",
		"🦉", "👩‍👩‍👧", "null", "undefined", "\u202eevil", "a\x00b", "\xff", "<script>", "a'b\"c", "Robert'); DROP TABLE users;--",
		strings.Repeat("x", 128), strings.Repeat("漢", 42), "e\u0301", "ﬁ", "①", "×÷", "ß", "\u3164", "\u2800", "\u200b", "\ufeffada",
		"\xed\xa0\x80", "\xed\xa0\x80\xed\xb0\x80", "\ufffd", "مرحبا", "שלום", "\u2067ada\u2069", "a\u0300\u0301\u0302\u0303\u0304",
		"ada\r\nSet-Cookie: a=b", "{\"pat\":true}", "__proto__", "constructor", "true", "0", strings.Repeat("long ", 3000), "ada＠example.org",
		"\u1160\u115f", "\U000e0041da", "a\tb", "AdA_", "ad-a", "adа",
	}
	hostileAddresses = []string{
		"", "ada@example.org", "ADA@EXAMPLE.ORG", "ada@corp.local", "ada@localhost", "ada@example.test", "a@b", "@", "ada", "ada@", "@b.org",
		"ada@[192.0.2.1]", "ada@192.0.2.1", "ada@bücher.de", "käthe@example.org", `"a b"@example.org`, "a..b@example.org", "a@example.org.",
		"a@b@example.org", "ada+news@sub.example.co.uk", strings.Repeat("a", 95) + "@x.org", strings.Repeat("a", 70) + "@example.org",
		"a@example.onion", "a@example.ck", "null", " ada@example.org", "a@-b.org", "a@" + strings.Repeat("b", 64) + ".org",
		"mar\u212a@example.org", "ada@example.org\x00", "ada@example.org\n", "\xff@example.org", "ada@\u202eexample.org", "ada@example.invalid",
		"Ada <ada@example.org>", "ada@example.org,eve@example.org", "ada(comment)@example.org", strings.Repeat("a", 5000) + "@example.org",
		"ada@example..org", "ada@exam ple.org", "ada@example.c", "ada@1.org", "ada@xn--.org", "a@b.co.uk", ".ada@example.org", "ada.@example.org",
	}
	hostilePictures = []string{
		"", "https://p.example.org/a.png", "http://p.example.org/a.png", "https://p.example.org/a b.png", "https://p.example.org/ä.png",
		"https://", "data:,", "javascript:alert(1)", "https://p.example.org/%zz", "https://[::1]/a.png", "null", "//p.example.org/a.png",
		"https://p.example.org:99999/a.png", "https://p.example.org/a.png#x", "https://-/a.png", "https://p.example.org/" + strings.Repeat("a", 4000),
		"https://p.example.org/ada@example.org.png", "https://..", "https://p..org/a", "https://p.example.org:/a.png", "https://%2e/a",
	}
	hostileGroups = []string{"", "ADMIN", "editors", "moderators", "everyone", "__proto__", "\xff", "Editor", strings.Repeat("g", 3000)}
)

// hostile are the identities that every product must live with.
func hostile() []oidc.Identity {
	source := rand.New(rand.NewPCG(1, 2)) // the same identities in every run
	var all []oidc.Identity
	add := func(id oidc.Identity) {
		id.Provider, id.Subject = "corp", fmt.Sprintf("%d", len(all))
		all = append(all, id)
	}
	for _, text := range hostileTexts {
		add(oidc.Identity{Username: text, Name: pick(source, hostileTexts), Email: "a@example.org", EmailVerified: true})
	}
	for _, address := range hostileAddresses {
		add(oidc.Identity{Username: "ada", Email: address, EmailVerified: true, Picture: pick(source, hostilePictures)})
	}
	for _, picture := range hostilePictures {
		add(oidc.Identity{Username: "ada", Email: "a@example.org", EmailVerified: true, Picture: picture})
	}
	for range 100 {
		add(arbitrary(source))
	}
	return all
}

func pick(source *rand.Rand, from []string) string { return from[source.IntN(len(from))] }

// arbitrary is some identity, of known trouble and of any Unicode.
func arbitrary(source *rand.Rand) oidc.Identity {
	text := func() string {
		if source.IntN(2) == 0 {
			return pick(source, hostileTexts)
		}
		return anyText(source)
	}
	address := func() string {
		if source.IntN(3) > 0 {
			return pick(source, hostileAddresses)
		}
		return anyText(source) + "@" + anyText(source) + ".org"
	}
	id := oidc.Identity{
		Username: text(), Name: text(), Email: address(), EmailVerified: source.IntN(4) > 0, Picture: pick(source, hostilePictures),
		Groups: []string{pick(source, hostileGroups), pick(source, hostileGroups), text()},
		Custom: map[string]string{"nick": text(), "photo": pick(source, hostilePictures)},
	}
	if source.IntN(5) == 0 {
		id.Groups, id.Custom = nil, nil
	}
	return id
}

// anyText is up to twelve characters from anywhere in Unicode, and now and then bytes that are none.
func anyText(source *rand.Rand) string {
	var b strings.Builder
	for range source.IntN(13) {
		switch source.IntN(6) {
		case 0:
			b.WriteByte(byte(source.IntN(256)))
		case 1:
			b.WriteRune(rune(source.IntN(0x11_0000))) // a surrogate becomes U+FFFD
		case 2:
			b.WriteRune(rune(0x2000 + source.IntN(0x70))) // spaces, directions and what nobody sees
		default:
			b.WriteRune(rune(' ' + source.IntN(0x200)))
		}
	}
	return b.String()
}

// ownAddress keeps Coral from refusing a token because somebody else has its address already: that is another matter.
func ownAddress(id oidc.Identity) oidc.Identity {
	if local, domain, ok := strings.Cut(id.Email, "@"); ok && local != "" && len(local) < 50 {
		id.Email = local[:1] + id.Subject + local[1:] + "@" + domain
	}
	return id
}

// ornate is a site that does all that a site can do with an identity.
func ornate(cfg talk.Config) talk.Config {
	cfg.UniqueNames = true
	cfg.Claims = talk.Claims{Username: []string{"nick", "email", "username", "name"}, Picture: "photo"}
	if cfg.Profile == talk.CoralSSO {
		cfg.Roles = map[string]talk.Role{"everyone": talk.Commenter, "moderators": talk.Moderator, "ADMIN": talk.Staff}
		cfg.Badges = map[string]string{"editors": "Editor", "everyone": "Reader"}
	}
	return cfg
}

func sharedTalk4() talk.Config {
	return with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })
}

// everyProfile are the sites that must please a product, and that product.
func everyProfile() map[string]talk.Config {
	return map[string]talk.Config{
		"coral-sso": site(talk.CoralSSO), "coral-sso with everything": ornate(site(talk.CoralSSO)),
		"coral-oidc": site(talk.CoralOIDC), "coral-oidc with everything": ornate(site(talk.CoralOIDC)),
		"talk4": site(talk.Talk4), "talk4 with everything": ornate(site(talk.Talk4)),
		"talk4 by a secret": sharedTalk4(), "talk4 by a secret with everything": ornate(sharedTalk4()),
	}
}

// productOf is the product that a site is made for.
func productOf(t *testing.T, w *world, cfg talk.Config) verifier {
	t.Helper()
	switch {
	case cfg.Profile == talk.CoralSSO:
		return ssoCoral(t, w, "")
	case cfg.Profile == talk.CoralOIDC:
		return oidcCoral(t, w, "")
	case cfg.SharedSecret != "":
		return newTalk4(t, w, talktest.Talk4Config{Secret: sharedSecret})
	default:
		return newTalk4(t, w, talktest.Talk4Config{Algorithm: "RS256", Secrets: []talktest.Talk4Secret{publicPEM(t, w)}})
	}
}

func TestNoIdentityGetsATokenThatAProductRefuses(t *testing.T) {
	for name, cfg := range everyProfile() {
		t.Run(name, func(t *testing.T) {
			w := open(t, cfg, chattest.Options{})
			product := productOf(t, w, cfg)
			names := map[string]string{}
			for _, id := range hostile() {
				viewer, found := w.mustPlease(t, product, cfg, ownAddress(id))
				if !found || !cfg.UniqueNames {
					continue
				}
				if other, taken := names[strings.ToLower(viewer.Username)]; taken {
					t.Errorf("%q is the name of %s and of %s (T-D15)", viewer.Username, other, id.Subject)
				}
				names[strings.ToLower(viewer.Username)] = id.Subject
				if said := username(t, viewer.token); cfg.Profile == talk.Talk4 && talk4Letters(said) != viewer.Username {
					t.Errorf("Talk 4 makes %q of %q, want no more than its letters (T-D15)", viewer.Username, said)
				}
			}
		})
	}
}

// FuzzTokens looks for an identity that a product refuses, or trips over.
func FuzzTokens(f *testing.F) {
	source := rand.New(rand.NewPCG(3, 4))
	for i := range 24 {
		id := arbitrary(source)
		f.Add(uint8(i), id.Username, id.Name, id.Email, id.Picture, id.Custom["nick"], pick(source, hostileGroups), id.EmailVerified)
	}
	sites, worlds := everyProfile(), map[string]*world{}
	order := slices.Sorted(maps.Keys(sites))
	f.Fuzz(func(t *testing.T, which uint8, username, name, email, picture, nick, group string, verified bool) {
		at := order[int(which)%len(order)]
		cfg, w := sites[at], worlds[at]
		if w == nil { // once in a process: a gateway takes longer to open than an identity to judge
			w = open(t, cfg, chattest.Options{})
			worlds[at] = w
		}
		w.within(t)
		defer w.forget("corp", "1")
		w.mustPlease(t, productOf(t, w, cfg), cfg, oidc.Identity{
			Provider: "corp", Subject: "1", Username: username, Name: name, Email: email, EmailVerified: verified, Picture: picture,
			Groups: []string{group, nick}, Custom: map[string]string{"nick": nick, "photo": picture},
		})
	})
}

// pleased is what a product makes of a token.
type pleased struct {
	talktest.Viewer
	token string
}

// talk4Letters is what Talk 4 leaves of a name.
func talk4Letters(name string) string {
	return regexp.MustCompile(`[^A-Za-z_]`).ReplaceAllString(strings.ReplaceAll(strings.TrimSpace(name), " ", "_"), "")
}

// mustPlease fails the test unless the site's product takes the token of a person, and the token is one by the rules. It
// says false for who rightly gets none: Coral's single sign-on needs a verified address.
func (w *world) mustPlease(t *testing.T, product verifier, cfg talk.Config, id oidc.Identity) (pleased, bool) {
	t.Helper()
	res := w.ask(http.MethodGet, w.SignIn(id))
	if res.StatusCode == http.StatusForbidden && cfg.Profile == talk.CoralSSO {
		if got := decode[problemBody](t, res); got.Code != "email_unverified" {
			t.Errorf("%+v is refused as %q, want email_unverified", id, got.Code)
		}
		return pleased{}, false
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%+v: GET /token = %d, want 200", id, res.StatusCode)
	}
	token := decode[tokenAnswer](t, res).Token
	claims := part(t, token, 1)
	viewer, err := product.Verify(ctx(), token)
	if err != nil || viewer.Anonymous() || viewer.Username == "" {
		t.Fatalf("%+v: Verify() = %+v, %v, want an account with a name; claims: %v", id, viewer, err, claims)
	}
	for _, why := range []string{emptyClaim(claims), wrongClaims(cfg.Profile, claims), unfitName(cfg.Profile, username(t, token)), leaks(token, id)} {
		if why != "" {
			t.Errorf("%+v: %s; claims: %v", id, why, claims)
		}
	}
	if len(token) > 4<<10 {
		t.Errorf("%+v: the token has %d bytes, want what a request header holds", id, len(token))
	}
	return pleased{viewer, token}, true
}

// emptyClaim names a claim that is null or empty, or one that must never be there. An empty list of badges means that
// there are none any more.
func emptyClaim(claims map[string]any) string {
	for name, value := range claims {
		if inner, ok := value.(map[string]any); ok {
			if why := emptyClaim(inner); why != "" {
				return why
			}
		}
		if value == nil || value == "" || name == "pat" || name == "nbf" {
			return fmt.Sprintf("the claim %q is %v (G10)", name, value)
		}
	}
	return ""
}

// wrongClaims names what a profile's tokens lack or have in excess (G11, G15, G19).
func wrongClaims(profile talk.Profile, claims map[string]any) string {
	always, perhaps := map[talk.Profile][]string{
		talk.CoralSSO:  {"jti", "iat", "exp", "user"},
		talk.CoralOIDC: {"jti", "iat", "exp", "iss", "sub", "aud", "nonce", "preferred_username"},
		talk.Talk4:     {"jti", "iat", "exp", "iss", "sub", "aud", "username"},
	}[profile], map[talk.Profile][]string{
		talk.CoralOIDC: {"email", "email_verified", "picture"}, talk.Talk4: {"email", "email_verified"},
	}[profile]
	for _, name := range always {
		if _, present := claims[name]; !present {
			return fmt.Sprintf("the claim %q is missing", name)
		}
	}
	for name := range claims {
		if !slices.Contains(always, name) && !slices.Contains(perhaps, name) {
			return fmt.Sprintf("the claim %q is none of the profile's", name)
		}
	}
	if verified, said := claims["email_verified"]; said && verified != true {
		return fmt.Sprintf("email_verified is %v", verified)
	}
	return ""
}

// Names as Coral and Talk 4 take them.
var (
	coralName = regexp.MustCompile(`^[A-Za-z0-9_.]{3,30}$`) // G20
	talk4Name = regexp.MustCompile(`[A-Za-z]`)              // G12
)

func unfitName(profile talk.Profile, name string) string {
	if profile == talk.CoralOIDC && !coralName.MatchString(name) || profile == talk.Talk4 && !talk4Name.MatchString(name) {
		return fmt.Sprintf("the username %q does not fit", name)
	}
	if strings.ContainsAny(name, "@\x00\r\n\u202e") || strings.TrimSpace(name) != name {
		return fmt.Sprintf("the username %q has more in it than a name", name)
	}
	return ""
}

// leaks names an e-mail address in a token that nobody vouches for, anywhere and in any spelling (G9).
func leaks(token string, id oidc.Identity) string {
	if id.EmailVerified || strings.Count(id.Email, "@") == 0 || len(id.Email) < 5 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return "the claims are no base64"
	}
	quoted, _ := json.Marshal(strings.ToLower(id.Email))
	if strings.Contains(strings.ToLower(string(raw)), strings.Trim(string(quoted), `"`)) {
		return fmt.Sprintf("the token says %q", id.Email)
	}
	return ""
}

// TestAnUnverifiedAdministratorIsNowhereInAToken: not as the address, not as a name, a picture or a badge, whatever the
// site takes names and pictures from (G9).
func TestAnUnverifiedAdministratorIsNowhereInAToken(t *testing.T) {
	const address = "Admin@Example.org"
	eve := oidc.Identity{
		Provider: "corp", Subject: "666", Username: address, Name: "<" + address + ">", Email: address,
		Picture: "https://idp.example.org/" + address + ".png", Groups: []string{address, "everyone"},
		Custom: map[string]string{"nick": address, "photo": "https://idp.example.org/Admin%40Example.org.png"},
	}
	for name, cfg := range everyProfile() {
		for _, claims := range [][]string{nil, {"email"}, {"nick"}, {"name"}, {"picture"}, {"photo"}, {"email", "nick", "username", "name"}} {
			for _, picture := range []string{"", "photo", "email", "nick"} {
				cfg := with(cfg, func(c *talk.Config) { c.Claims = talk.Claims{Username: claims, Picture: picture} })
				w := open(t, cfg, chattest.Options{})
				res := w.ask(http.MethodGet, w.SignIn(eve))
				if cfg.Profile == talk.CoralSSO {
					if res.StatusCode != http.StatusForbidden {
						t.Errorf("%s: GET /token = %d, want 403 without a verified address", name, res.StatusCode)
					}
					continue
				}
				token := decode[tokenAnswer](t, res).Token
				if got := part(t, token, 1); leaks(token, eve) != "" || got["email"] != nil || got["email_verified"] != nil {
					t.Errorf("%s with names from %v and pictures from %q says the address: %v", name, claims, picture, got)
				}
				if who := decode[map[string]any](t, w.whose(token)); who["email"] != nil || strings.Contains(fmt.Sprint(who["username"]), "@") {
					t.Errorf("%s: /user says %v", name, who)
				}
			}
		}
	}
}
