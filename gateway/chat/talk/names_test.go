package talk_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

func unique(profile talk.Profile) talk.Config {
	return with(site(profile), func(c *talk.Config) { c.UniqueNames = true })
}

// person is somebody with a username of their own choice.
func person(subject, username string) oidc.Identity {
	return oidc.Identity{
		Provider: "corp", Subject: subject, Username: username, Email: subject + "@example.org", EmailVerified: true,
	}
}

// username is what a token calls its person, under any profile.
func username(t *testing.T, token string) string {
	t.Helper()
	claims := part(t, token, 1)
	if user, ok := claims["user"].(map[string]any); ok {
		return user["username"].(string)
	}
	for _, name := range []string{"preferred_username", "username"} {
		if value, ok := claims[name].(string); ok {
			return value
		}
	}
	t.Fatalf("no username in %v", claims)
	return ""
}

// called signs a person in and returns the name in their token.
func (w *world) called(id oidc.Identity) string {
	w.t.Helper()
	return username(w.t, w.token(http.MethodGet, w.SignIn(id)).Token)
}

func TestNamesThatOthersHaveGetANumber(t *testing.T) {
	long := strings.Repeat("long", 10)
	for _, test := range []struct {
		name         string
		profile      talk.Profile
		first, other string
		want         string
	}{
		{"by single sign-on", talk.CoralSSO, "ada", "ada", "ada_2"},
		{"by OpenID Connect", talk.CoralOIDC, "ada", "ada", "ada_2"},
		{"at Talk 4, which takes digits out", talk.Talk4, "ada", "ada", "ada_b"},
		{"at Talk 4 for a name that differs in digits alone", talk.Talk4, "ada1", "ada2", "ada2_b"},
		{"at Talk 4 for a name that differs in a space alone", talk.Talk4, "ada l", "ada_l", "ada_l_b"},
		{"in another case", talk.CoralSSO, "ada", "ADA", "ADA_2"},
		{"in look-alike letters", talk.CoralSSO, "ada", "аda", "аda_2"},
		{"of thirty characters (G20)", talk.CoralOIDC, long, long, long[:28] + "_2"},
		{"but not where none is needed", talk.CoralSSO, "ada", "bob", "bob"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, unique(test.profile), chattest.Options{})
			w.called(person("1", test.first))
			for range 2 { // the same every time
				if got := w.called(person("2", test.other)); got != test.want {
					t.Errorf("the second %q is called %q, want %q (T-D15)", test.other, got, test.want)
				}
			}
		})
	}
}

func TestNamesNeedNotBeUniqueUnlessItIsAskedFor(t *testing.T) {
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	w.called(person("1", "ada"))
	if got := w.called(person("2", "ada")); got != "ada" {
		t.Errorf("the second ada is called %q, want ada too", got)
	}
}

func TestAFreshTokenOfAPlainSiteAsksNoRegister(t *testing.T) {
	cost := func(cfg talk.Config) int64 {
		w := open(t, cfg, chattest.Options{})
		cookie := w.SignIn(ada())
		w.token(http.MethodPost, cookie)
		before := w.Commands()
		w.token(http.MethodPost, cookie)
		return w.Commands() - before
	}
	if plain, asked := cost(site(talk.CoralSSO)), cost(unique(talk.CoralSSO)); asked != plain+1 {
		t.Errorf("a fresh token takes %d commands, and %d with a register, want one more", plain, asked)
	}
}

func TestAWarmTokenAsksNoRegister(t *testing.T) {
	w := open(t, unique(talk.CoralSSO), chattest.Options{})
	cookie := w.SignIn(ada())
	w.token(http.MethodGet, cookie)
	before := w.Commands()
	w.token(http.MethodGet, cookie)
	if got := w.Commands() - before; got != 1 {
		t.Errorf("a warm token takes %d commands, want the one that reads the session (D22)", got)
	}
}

func TestWhoeverRenamesTakesAnotherNameAndFreesTheirs(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			w := open(t, unique(profile), chattest.Options{})
			w.called(person("1", "ada"))
			second := w.called(person("2", "ada"))
			if got := w.called(person("1", "countess")); got != "countess" {
				t.Errorf("a renamed person is called %q, want countess", got)
			}
			if got := w.called(person("2", "ada")); got != second {
				t.Errorf("the second ada is called %q once the first is gone, want %q as ever", got, second)
			}
			if got := w.called(person("3", "ada")); got != "ada" {
				t.Errorf("the next ada is called %q, want the name that is free again", got)
			}
			if got := w.called(person("1", "ada")); got == "ada" || got == second {
				t.Errorf("who comes back to a name is called %q, which somebody else is", got)
			}
		})
	}
}

// TestCoralShowsTheFirstNameForEver: it never renames a person of OpenID Connect, so their name is never free (G22).
func TestCoralShowsTheFirstNameForEver(t *testing.T) {
	w := open(t, unique(talk.CoralOIDC), chattest.Options{})
	w.called(person("1", "ada"))
	if got := w.called(person("1", "countess")); got != "ada" {
		t.Errorf("a renamed person is called %q, want ada, as Coral shows", got)
	}
	if got := w.called(person("2", "ada")); got != "ada_2" {
		t.Errorf("another ada is called %q, want ada_2", got)
	}
}

func TestEachSiteAndEachGenerationHasNamesOfItsOwn(t *testing.T) {
	engine := memstore.New(memstore.Config{})
	city := open(t, unique(talk.CoralSSO), chattest.Options{Name: "city", Engine: engine})
	city.called(person("1", "ada"))
	sports := open(t, unique(talk.CoralSSO), chattest.Options{Name: "sports", Engine: engine})
	if got := sports.called(person("2", "ada")); got != "ada" {
		t.Errorf("ada of another site is called %q, want ada", got)
	}
	city.reopen(with(unique(talk.CoralSSO), func(c *talk.Config) { c.Generation = 1 }))
	if got := city.called(person("2", "ada")); got != "ada" {
		t.Errorf("ada of a Coral that was set up anew is called %q, want ada", got)
	}
}

func TestAManyTimesTakenNameGetsLetters(t *testing.T) {
	for _, test := range []struct {
		profile talk.Profile
		rule    *regexp.Regexp
	}{
		{talk.CoralSSO, regexp.MustCompile(`^ada(_[0-9]+|_[a-z]{8})?$`)},
		{talk.CoralOIDC, regexp.MustCompile(`^ada(_[0-9]+|_[a-z]{8})?$`)},
		{talk.Talk4, regexp.MustCompile(`^ada(_[a-z]|_[a-z]{8})?$`)},
	} {
		t.Run(string(test.profile), func(t *testing.T) {
			w := open(t, unique(test.profile), chattest.Options{})
			seen := map[string]bool{}
			for i := range 25 {
				name := w.called(person(fmt.Sprint(i), "ada"))
				if seen[strings.ToLower(name)] || !test.rule.MatchString(name) {
					t.Errorf("the %dth ada is called %q, which is taken or of the wrong form", i+1, name)
				}
				seen[strings.ToLower(name)] = true
			}
		})
	}
}

// TestReplicasGiveNoNameTwice lets people of one name, each with two tabs, come to two replicas at once.
func TestReplicasGiveNoNameTwice(t *testing.T) {
	one := open(t, unique(talk.CoralSSO), chattest.Options{})
	other := &world{Env: one.Replica(), t: t}
	other.reopen(unique(talk.CoralSSO))
	const people, tabs = 8, 2
	var wg sync.WaitGroup
	names := make([][people * tabs]string, 2)
	for i := range people * tabs {
		cookie := one.SignIn(person(fmt.Sprint(i/tabs), "ada"))
		for r, replica := range []*world{one, other} {
			wg.Go(func() { names[r][i] = username(t, replica.token(http.MethodPost, cookie).Token) })
		}
	}
	wg.Wait()
	owner := map[string]int{}
	for _, replica := range names {
		for i, name := range replica {
			if who, taken := owner[name]; taken && who != i/tabs {
				t.Errorf("%q is the name of person %d and of person %d", name, who, i/tabs)
			}
			owner[name] = i / tabs
		}
	}
	if len(owner) != people {
		t.Errorf("%d people have %d names, want one each", people, len(owner))
	}
}

func TestUserSaysTheNameOfTheRegister(t *testing.T) {
	w := open(t, unique(talk.Talk4), chattest.Options{})
	w.called(person("1", "ada"))
	token := w.token(http.MethodGet, w.SignIn(person("2", "ada"))).Token
	if got := decode[struct{ Username string }](t, w.whose(token)).Username; got != "ada_b" {
		t.Errorf("/user says %q, want ada_b as the token", got)
	}
}

func TestARegisterThatIsAwayGivesNoToken(t *testing.T) {
	for _, command := range []string{"Get", "Put"} {
		t.Run(command, func(t *testing.T) {
			engine := &faulty{Engine: memstore.New(memstore.Config{})}
			w := open(t, unique(talk.CoralSSO), chattest.Options{Engine: engine})
			cookie := w.SignIn(person("1", "ada"))
			engine.failing.Store(&fault{command, "talknames", errAway})
			if res := w.ask(http.MethodPost, cookie); res.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("POST /token = %d, want 503 (S67)", res.StatusCode)
			}
			engine.failing.Store(nil)
			if got := username(t, w.token(http.MethodPost, cookie).Token); got != "ada" {
				t.Errorf("after the outage ada is called %q, want the name that was hers already", got)
			}
		})
	}
}

// TestARenameThatWasInterruptedIsFinished: the former name is let go of by the next call.
func TestARenameThatWasInterruptedIsFinished(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, unique(talk.CoralSSO), chattest.Options{Engine: engine})
	w.called(person("1", "ada"))
	engine.failing.Store(&fault{"Get", "talkholders", errAway})
	if res := w.ask(http.MethodGet, w.SignIn(person("1", "countess"))); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET /token = %d, want 503", res.StatusCode)
	}
	engine.failing.Store(nil)
	if got := w.called(person("1", "countess")); got != "countess" {
		t.Errorf("a renamed person is called %q, want countess", got)
	}
	if got := w.called(person("2", "ada")); got != "ada" {
		t.Errorf("the next ada is called %q, want the name that is free again", got)
	}
}

func TestAHolderThatDoesNotOpenIsSomebodyElse(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, unique(talk.CoralSSO), chattest.Options{Engine: engine})
	w.called(person("1", "ada"))
	engine.failing.Store(&fault{"Get", "talkholders", store.ErrCorrupt})
	if got := w.called(person("2", "ada")); got != "ada_2" {
		t.Errorf("the second ada is called %q, want ada_2 (S68)", got)
	}
}

// TestAPersonWhoseRecordDoesNotOpenKeepsTheirName: the record of the name still says whose it is (S68).
func TestAPersonWhoseRecordDoesNotOpenKeepsTheirName(t *testing.T) {
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, unique(talk.CoralSSO), chattest.Options{Engine: engine})
	w.called(person("1", "ada"))
	w.called(person("2", "ada"))
	engine.failing.Store(&fault{"Get", "talknames", store.ErrCorrupt})
	for range 2 {
		if got := w.called(person("2", "ada")); got != "ada_2" {
			t.Errorf("the second ada is called %q, want ada_2 as ever", got)
		}
		engine.failing.Store(nil)
	}
}
