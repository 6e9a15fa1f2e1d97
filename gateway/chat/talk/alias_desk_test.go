package talk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/oidc"
	"chatgate/store"
	"chatgate/store/memstore"
)

func TestUnlinkTakesAnAliasBack(t *testing.T) { // D6
	for name, unlink := range map[string]func(w *world, userID string) (talk.Alias, error){
		"by person": func(w *world, _ string) (talk.Alias, error) {
			return w.aliases().Unlink(ctx(), "entra", replaced().Subject)
		},
		"by user id": func(w *world, userID string) (talk.Alias, error) { return w.aliases().UnlinkUser(ctx(), userID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, site(talk.Talk4), chattest.Options{})
			former, unbridged := w.idOf(ada()), w.idOf(replaced())
			w.replace(adaMoves, taking)
			want := talk.Alias{
				Provider: "entra", Subject: "0001", UserID: former, FormerProvider: "corp", FormerSubject: ada().Subject,
			}
			if got, err := unlink(w, former); got != want || err != nil {
				t.Errorf("unlink = %+v, %v, want %+v", got, err, want)
			}
			if got := w.idOf(ada()); got != former {
				t.Errorf("who had it before goes by %q, want %q again", got, former)
			}
			if got := w.idOf(replaced()); got != unbridged {
				t.Errorf("who had the alias goes by %q, want %q again", got, unbridged)
			}
			if _, err := unlink(w, former); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("unlinking once more = %v, want ErrNotFound", err)
			}
			if all := w.list(); len(all) > 0 {
				t.Errorf("List = %v, want nothing", all)
			}
		})
	}
}

func (w *world) list() []talk.Alias {
	w.t.Helper()
	all, err := w.aliases().List(ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func TestASecondReplacementPassesTheUserIDOn(t *testing.T) { // D6
	w := open(t, site(talk.Talk4), chattest.Options{})
	how := talk.AliasImport{Providers: []string{"okta", "entra"}}
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	second := talk.Replacement{Former: "entra", Provider: "okta", Subjects: []chat.Renamed{{Line: 1, Old: "0001", New: "00u1"}}}
	for _, want := range []string{"moved", "unchanged"} {
		w.wantOutcomes(map[int]string{1: want}, w.replace(second, how))
	}
	newest := replaced()
	newest.Provider, newest.Subject = "okta", "00u1"
	if got := w.idOf(newest); got != former {
		t.Errorf("after two replacements the user id is %q, want %q", got, former)
	}
	want := []talk.Alias{{Provider: "okta", Subject: "00u1", UserID: former, FormerProvider: "entra", FormerSubject: "0001"}}
	if diff := cmp.Diff(want, w.list()); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if _, err := w.aliases().Unlink(ctx(), "entra", "0001"); !strings.Contains(text(err), "went on to somebody else") {
		t.Errorf("Unlink in the middle = %v, want a refusal", err)
	}
	if _, err := w.aliases().Unlink(ctx(), "okta", "00u1"); err != nil {
		t.Fatal(err)
	}
	if got := w.idOf(replaced()); got != former {
		t.Errorf("once the second is taken back the user id is %q, want %q", got, former)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAFormerProviderCanBeTakenIntoUseAgain(t *testing.T) { // D6
	w := open(t, site(talk.Talk4), chattest.Options{})
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	back := talk.Replacement{Former: "entra", Provider: "corp", Subjects: []chat.Renamed{{Line: 1, Old: "0001", New: ada().Subject}}}
	w.wantOutcomes(map[int]string{1: "moved"}, w.replace(back, taking))
	if got := w.idOf(ada()); got != former {
		t.Errorf("the user id is %q, want %q again", got, former)
	}
	if all := w.list(); len(all) > 0 {
		t.Errorf("List = %v, want nothing", all)
	}
}

func TestReplaceRefusesLineByLine(t *testing.T) { // D6
	w := open(t, site(talk.Talk4), chattest.Options{})
	w.SignIn(ada())
	w.replace(toEntra("taken", "0002", "given", "0003"), configured)
	w.wantOutcomes(map[int]string{
		1: `refused subject "248289761001" of provider corp is signed in: with --move the user id is taken all the same`,
		2: `refused the user id of subject "taken" of provider corp went to somebody else already`,
		3: `refused subject "0003" of provider entra has another person's user id already: unlink it first`,
		4: "moved",
		5: "unchanged",
	}, w.replace(toEntra(ada().Subject, "0001", "taken", "0004", "other", "0003", "carol", "0005", "given", "0003"), configured))
	w.wantOutcomes(map[int]string{1: `refused provider "entra" is not in the configuration`},
		w.replace(adaMoves, talk.AliasImport{Providers: []string{"corp"}, Move: true}))
	w.wantOutcomes(map[int]string{1: `refused the user id of subject "taken" of provider corp went to somebody else: take it back first`},
		w.replace(talk.Replacement{Former: "okta", Provider: "corp", Subjects: []chat.Renamed{{Line: 1, Old: "x", New: "taken"}}}, configured))
}

func TestSubjectsThatChangeUnderOneKey(t *testing.T) { // D6
	w := open(t, site(talk.Talk4), chattest.Options{})
	former := w.idOf(ada())
	renumbered := talk.Replacement{Former: "corp", Provider: "corp", Subjects: []chat.Renamed{
		{Line: 1, Old: ada().Subject, New: "1"}, {Line: 2, Old: "same", New: "same"}, {Line: 3, Old: "2", New: "3"}, {Line: 4, Old: "3", New: "4"},
	}}
	want := map[int]string{
		1: "moved", 2: "unchanged", 3: `refused subject "3" is an old one too: give the new provider a key of its own`, 4: "moved",
	}
	w.wantOutcomes(want, w.replace(renumbered, taking))
	want[1], want[4] = "unchanged", "unchanged"
	w.wantOutcomes(want, w.replace(renumbered, taking))
	renamed := ada()
	renamed.Subject = "1"
	if got := w.idOf(renamed); got != former {
		t.Errorf("under the new subject the user id is %q, want %q", got, former)
	}
}

func TestADryRunOfAReplacementChangesNothing(t *testing.T) {
	w := open(t, site(talk.Talk4), chattest.Options{})
	cookie := w.SignIn(ada())
	kept := w.token(http.MethodGet, cookie)
	dry := taking
	dry.DryRun = true
	w.wantOutcomes(map[int]string{1: "moved"}, w.replace(adaMoves, dry))
	if all := w.list(); len(all) > 0 || w.token(http.MethodGet, cookie) != kept {
		t.Errorf("a dry run left %v, or took a token back", all)
	}
}

func TestAliasesAreExportedAndImported(t *testing.T) { // D6
	w := open(t, site(talk.Talk4), chattest.Options{})
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	var out bytes.Buffer
	if written, erased, err := w.aliases().Export(ctx(), &out); written != 1 || erased != 0 || err != nil {
		t.Fatalf("Export = %d, %d, %v", written, erased, err)
	}
	line := `{"provider":"entra","subject":"0001","user_id":"` + former + `","former_provider":"corp","former_subject":"248289761001"}` + "\n"
	if out.String() != line {
		t.Errorf("Export writes %s, want %s", &out, line)
	}
	read := func(lines string, how talk.AliasImport) map[int]string {
		return w.outcomes(func(told func(chat.ImportedLine)) error {
			return w.aliases().Import(ctx(), strings.NewReader(lines), how, told)
		})
	}
	w.wantOutcomes(map[int]string{1: "unchanged"}, read(line, configured))
	if _, err := w.aliases().Unlink(ctx(), "entra", "0001"); err != nil {
		t.Fatal(err)
	}
	malformed := "refused must be one JSON object with provider, subject, user_id, former_provider and former_subject"
	w.wantOutcomes(map[int]string{
		1: malformed, 2: malformed, 3: malformed, 5: `refused the user id of subject "248289761001" of provider corp is ` + former + ` here`, 6: "moved",
	}, read("no JSON\n"+
		`{"provider":"entra","subject":"0001","user_id":"`+former+`"}`+"\n"+ // a line of another chat's export
		strings.Replace(line, `"provider"`, `"admin":true,"provider"`, 1)+"\n"+
		strings.Replace(line, former, "chosen-by-somebody", 1)+line, taking))
	if got := w.idOf(replaced()); got != former {
		t.Errorf("the user id is %q, want %q", got, former)
	}
}

// TestAReplacementThatStopsHalfWayCanBeRepeated: whichever write is the last, nobody has the id twice, and the same line
// brings it to its owner.
func TestAReplacementThatStopsHalfWayCanBeRepeated(t *testing.T) { // D6
	replace := func(w *world) error {
		return w.aliases().Replace(ctx(), adaMoves, taking, func(chat.ImportedLine) {})
	}
	unlink := func(w *world) error { _, err := w.aliases().Unlink(ctx(), "entra", "0001"); return err }
	for name, test := range map[string]struct {
		before []func(w *world) error
		change func(w *world) error
		owner  oidc.Identity
	}{
		"given":      {change: replace, owner: replaced()},
		"taken back": {before: []func(w *world) error{replace}, change: unlink, owner: ada()},
	} {
		stopped := true
		for writes := int64(0); stopped; writes++ {
			t.Run(fmt.Sprintf("%s, stopped after %d writes", name, writes), func(t *testing.T) {
				engine := &stopping{Engine: memstore.New(memstore.Config{})}
				w := open(t, site(talk.Talk4), chattest.Options{Engine: engine})
				former := w.idOf(ada())
				for _, before := range test.before {
					w.must(before(w))
				}
				engine.left, engine.armed = writes, true
				stopped = test.change(w) != nil
				engine.armed = false
				w.wantOneOwner(former)
				if !stopped {
					return
				}
				w.must(test.change(w))
				if got := w.idOf(test.owner); got != former {
					t.Errorf("repeated, the owner goes by %q, want %q", got, former)
				}
			})
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// stopping is an engine that is away after so many writes of aliases.
type stopping struct {
	store.Engine
	left  int64
	armed bool
}

func (s *stopping) write(key string) error {
	if !s.armed || !strings.Contains(key, "talkalias") {
		return nil
	}
	if s.left--; s.left < 0 {
		return store.ErrUnavailable
	}
	return nil
}

func (s *stopping) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.write(key); err != nil {
		return err
	}
	return s.Engine.Put(ctx, key, value, ttl)
}

func (s *stopping) Delete(ctx context.Context, key string) error {
	if err := s.write(key); err != nil {
		return err
	}
	return s.Engine.Delete(ctx, key)
}

func (s *stopping) PutIndex(ctx context.Context, key string, e store.Entry, ttl time.Duration) error {
	if err := s.write(key); err != nil {
		return err
	}
	return s.Engine.PutIndex(ctx, key, e, ttl)
}

func (s *stopping) DropIndex(ctx context.Context, key string, members ...string) error {
	if err := s.write(key); err != nil {
		return err
	}
	return s.Engine.DropIndex(ctx, key, members...)
}

// wantOneOwner says that at most one of the two has the user id.
func (w *world) wantOneOwner(userID string) {
	w.t.Helper()
	owners := 0
	for _, id := range []oidc.Identity{ada(), replaced()} {
		res := w.ask(http.MethodPost, w.SignIn(id))
		if res.StatusCode == http.StatusOK && subjectOf(w.t, decode[tokenAnswer](w.t, res).Token) == userID {
			owners++
		}
	}
	if owners > 1 {
		w.t.Error("two people have one user id")
	}
}
