package talk_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

// replaced is ada as the provider knows her that came in the place of corp.
func replaced() oidc.Identity {
	id := ada()
	id.Provider, id.Subject = "entra", "0001"
	return id
}

// stranger is somebody else.
func stranger() oidc.Identity {
	return oidc.Identity{Provider: "entra", Subject: "0009", Username: "bob", Email: "bob@example.org", EmailVerified: true}
}

// toEntra replaces corp, of which these subjects are known; old and new in turn.
func toEntra(subjects ...string) talk.Replacement {
	r := talk.Replacement{Former: "corp", Provider: "entra"}
	for i := 0; i+1 < len(subjects); i += 2 {
		r.Subjects = append(r.Subjects, chat.Renamed{Line: i/2 + 1, Old: subjects[i], New: subjects[i+1]})
	}
	return r
}

var adaMoves = toEntra(ada().Subject, replaced().Subject)

// configured are the providers that people may come from, and taking takes ids from those who are signed in too.
var (
	configured = talk.AliasImport{Providers: []string{"corp", "entra"}}
	taking     = talk.AliasImport{Providers: []string{"corp", "entra"}, Move: true}
)

func (w *world) aliases() *talk.Aliases { return w.connector.(talk.Operated).Aliases() }

// replace says what became of each line, by number.
func (w *world) replace(r talk.Replacement, how talk.AliasImport) map[int]string {
	w.t.Helper()
	return w.outcomes(func(told func(chat.ImportedLine)) error { return w.aliases().Replace(ctx(), r, how, told) })
}

func (w *world) outcomes(read func(told func(chat.ImportedLine)) error) map[int]string {
	w.t.Helper()
	got := map[int]string{}
	if err := read(func(l chat.ImportedLine) { got[l.Number] = strings.TrimSpace(string(l.Outcome) + " " + l.Why) }); err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) wantOutcomes(want, got map[int]string) {
	w.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// idOf is the user id that somebody's new token names.
func (w *world) idOf(id oidc.Identity) string {
	w.t.Helper()
	return subjectOf(w.t, w.token(http.MethodGet, w.SignIn(id)).Token)
}

// wantMoved holds a browser to the refusal of somebody whose user id is another sign-in's.
func (w *world) wantMoved(cookie *http.Cookie) {
	w.t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res := w.ask(method, cookie)
		if got := decode[problemBody](w.t, res); res.StatusCode != http.StatusForbidden || got.Code != "account_refused" {
			w.t.Errorf("%s /token of who was replaced = %d %s, want 403 account_refused", method, res.StatusCode, got.Code)
		}
	}
}

func TestAReplacedProviderLosesNobodyTheirUserID(t *testing.T) { // D6, G8
	for kind, cfg := range kinds() {
		t.Run(kind, func(t *testing.T) {
			w := open(t, cfg, chattest.Options{})
			former, unbridged := w.idOf(ada()), w.idOf(replaced())
			if former == unbridged {
				t.Fatal("another subject at another provider has the same user id, before anybody said so")
			}
			old, signedInAlready := w.SignIn(ada()), w.SignIn(replaced())
			w.token(http.MethodGet, old)
			w.token(http.MethodGet, signedInAlready)

			for _, want := range []string{"moved", "unchanged"} {
				w.wantOutcomes(map[int]string{1: want}, w.replace(adaMoves, taking))
			}
			for name, cookie := range map[string]*http.Cookie{"signed in before": signedInAlready, "signed in after": w.SignIn(replaced())} {
				got := w.token(http.MethodGet, cookie).Token
				if subjectOf(t, got) != former {
					t.Errorf("%s: the token names %q, want %q", name, subjectOf(t, got), former)
				}
				if got := decode[map[string]any](t, w.whose(got)); got["id"] != former {
					t.Errorf("%s: GET /user names %v, want %q", name, got["id"], former)
				}
			}
			w.wantMoved(old)
			if got := w.idOf(stranger()); got == former || got == unbridged {
				t.Errorf("a stranger has the user id %q too", got)
			}
		})
	}
}

func TestCoralKnowsWhoeverComesByTheProviderInPlace(t *testing.T) { // D6, D17, G24
	w := open(t, ownLogin(talk.CoralOIDC), chattest.Options{})
	coral := loginCoral(t, w)
	before, err := coral.Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
	if err != nil {
		t.Fatal(err)
	}
	w.replace(adaMoves, taking)
	cookie := w.SignIn(replaced())
	pushed, err := coral.Verify(ctx(), w.token(http.MethodGet, cookie).Token)
	if err != nil || pushed.ID != before.ID {
		t.Errorf("a pushed token is %q, %v, want %q", pushed.ID, err, before.ID)
	}
	_, token, _ := strings.Cut(w.throughCoral(coral, cookie).Header.Get("Location"), "#accessToken=")
	own, err := coral.Verify(ctx(), token)
	if err != nil || own.ID != before.ID {
		t.Errorf("Coral's own login is %q, %v, want %q", own.ID, err, before.ID)
	}
	if res := w.throughCoral(coral, w.SignIn(ada())); res.StatusCode != http.StatusForbidden {
		t.Errorf("Coral's own login of who was replaced = %d, want 403", res.StatusCode)
	}
}

func TestAnAliasHoldsWhereverTheUserIDIsUsed(t *testing.T) { // D6
	cfg := with(site(talk.CoralSSO), func(c *talk.Config) {
		c.UniqueNames, c.AdminLink, c.Generation = true, true, 2
		c.Roles = map[string]talk.Role{"editors": talk.Moderator}
		c.IssueClients = issuing(talk.CoralSSO).IssueClients
	})
	w := open(t, cfg, chattest.Options{})
	namesake := stranger()
	namesake.Username = "ada"
	former := w.idOf(ada())
	w.idOf(namesake)
	w.replace(adaMoves, taking)

	editor := replaced()
	editor.Groups = []string{"editors"}
	cookie := w.SignIn(editor)
	claims := part(t, w.token(http.MethodGet, cookie).Token, 1)["user"].(map[string]any)
	if claims["id"] != former || claims["username"] != "ada" {
		t.Errorf("the token says %v, want %q, who has the name ada for as long as anybody", claims, former)
	}
	issued := w.issue(`{"id": "`+former+`"}`, "cms", serverSecret)
	if issued.StatusCode != http.StatusCreated || subjectOf(t, decode[tokenAnswer](t, issued).Token) != former {
		t.Errorf("POST /issue for the user id = %d, want a token of who has it now", issued.StatusCode)
	}
	opened := w.call(http.MethodGet, "/talk/admin", cookie, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate").Header.Get("Location")
	if _, token, _ := strings.Cut(opened, "#accessToken="); subjectOf(t, token) != former {
		t.Errorf("the administration opens for %q, want %q", subjectOf(t, token), former)
	}
	w.reopen(with(cfg, func(c *talk.Config) { c.Deleted = map[string]uint{former: 1} }))
	if got := w.idOf(replaced()); got != former+"-1" {
		t.Errorf("once the account is deleted the user id is %q, want %q", got, former+"-1")
	}
}

func TestTokensOfAFormerSubjectAreRevoked(t *testing.T) { // D6, D20, G31
	w, product := openAt(t, site(talk.CoralSSO), chattest.Options{})
	kept := w.token(http.MethodGet, w.SignIn(ada()))
	w.replace(adaMoves, taking)
	w.drain()
	if len(product.calls) != 1 {
		t.Errorf("the calls are %v, want one that revokes the token", product.calls)
	}
	if res := w.whose(kept.Token); res.StatusCode != http.StatusNotFound {
		t.Errorf("GET /user of a token with a user id that went over = %d, want 404", res.StatusCode)
	}
}

// TestAnAliasCostsNothingWhereATokenIsKept: one command more where one is made (D22).
func TestAnAliasCostsNothingWhereATokenIsKept(t *testing.T) {
	w := open(t, site(talk.CoralOIDC), chattest.Options{})
	cost := func(cookie *http.Cookie) int64 {
		before := w.Commands()
		w.token(http.MethodGet, cookie)
		return w.Commands() - before
	}
	cookie := w.SignIn(stranger())
	fresh, warm := cost(cookie), cost(cookie)
	w.replace(adaMoves, taking)
	cookie = w.SignIn(replaced())
	if aliased := cost(cookie); aliased != fresh {
		t.Errorf("a new token of somebody with an alias costs %d commands, want the %d of everybody else", aliased, fresh)
	}
	if warm != 1 || cost(cookie) != 1 {
		t.Errorf("a token that is kept costs more than one command (%d without an alias)", warm)
	}
}

// TestNobodyBecomesAStrangerWhileAnAliasCannotBeRead: the answer is that of a store that does not answer (D23).
func TestNobodyBecomesAStrangerWhileAnAliasCannotBeRead(t *testing.T) { // D6
	engine := &faulty{Engine: memstore.New(memstore.Config{})}
	w := open(t, site(talk.CoralSSO), chattest.Options{Engine: engine})
	w.replace(adaMoves, taking)
	cookie := w.SignIn(replaced())
	for _, cause := range []error{store.ErrUnavailable, store.ErrUnknownKey} {
		engine.failing.Store(&fault{"Get", "talkalias", cause})
		if res := w.ask(http.MethodGet, cookie); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("GET /token when the alias cannot be read (%v) = %d, want 503", cause, res.StatusCode)
		}
	}
}

// TestAnAliasComesFromNoClaim: what a provider says of a person never gives them somebody's user id (D6).
func TestAnAliasComesFromNoClaim(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	former := w.idOf(ada())
	eve := stranger()
	eve.Username, eve.SID = former, former
	eve.Custom = map[string]string{"alias": former, "user_id": former, "former_subject": ada().Subject, "sub": ada().Subject}
	if got := w.idOf(eve); got == former {
		t.Error("claims have chosen a user id")
	}
	eve.Provider, eve.Subject = "entra", ada().Subject // the same subject elsewhere
	if got := w.idOf(eve); got == former {
		t.Error("a subject at another provider has the user id of the same subject here")
	}
}

// TestAliasesStayWithTheirSite: another site of the same gateway has none of them (D5).
func TestAliasesStayWithTheirSite(t *testing.T) {
	city, sports := twoSites(t, talk.Talk4)
	former := city.idOf(ada())
	city.replace(adaMoves, taking)
	if got := city.idOf(replaced()); got != former {
		t.Errorf("at its own site the alias is %q, want %q", got, former)
	}
	if got := sports.idOf(replaced()); got == former {
		t.Error("an alias holds at another site too")
	}
}

// TestAliasesTellAReaderOfADumpNothing: neither provider nor subject nor user id stands in the store.
func TestAliasesTellAReaderOfADumpNothing(t *testing.T) { // D23
	engine := &dumped{Engine: memstore.New(memstore.Config{})}
	w := open(t, site(talk.Talk4), chattest.Options{Engine: engine})
	former := w.idOf(ada())
	engine.seen.Reset()
	w.replace(adaMoves, configured)
	w.replace(adaMoves, taking)
	if engine.seen.Len() == 0 {
		t.Fatal("nothing was written")
	}
	for _, secret := range []string{former, ada().Subject, replaced().Subject + `"`, "entra"} {
		if strings.Contains(engine.seen.String(), secret) {
			t.Errorf("the store holds %q", secret)
		}
	}
}

// dumped remembers every value that is written, and where.
type dumped struct {
	store.Engine
	seen bytes.Buffer
}

func (d *dumped) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	d.seen.WriteString(key)
	d.seen.Write(value)
	return d.Engine.Put(ctx, key, value, ttl)
}

func (d *dumped) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	d.seen.WriteString(key + e.Member)
	return d.Engine.PutIndex(ctx, key, e, ttl)
}

func TestCoralTakesOneWhoCameBackForWhoTheyWere(t *testing.T) { // D6, G16, G17
	w := open(t, site(talk.CoralSSO), chattest.Options{})
	coral := productOf(t, w, site(talk.CoralSSO)).(*talktest.Coral)
	before, err := coral.Verify(ctx(), w.token(http.MethodGet, w.SignIn(ada())).Token)
	if err != nil {
		t.Fatal(err)
	}
	w.replace(adaMoves, taking)
	renamed := replaced()
	renamed.Username = "countess"
	w.Clock.Advance(time.Second)
	after, err := coral.Verify(ctx(), w.token(http.MethodGet, w.SignIn(renamed)).Token)
	if err != nil || after.ID != before.ID || after.Username != "countess" {
		t.Errorf("Coral has %+v, %v, want %q under the new name", after.User, err, before.ID)
	}
}
