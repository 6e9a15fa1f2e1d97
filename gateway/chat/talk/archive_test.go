package talk_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/oidc"
)

// keeping is a site that keeps all it can on people.
func keeping() talk.Config {
	return with(issuing(talk.CoralSSO), func(c *talk.Config) { c.UniqueNames = true })
}

// kept is what is told of a person, as lines of JSON.
func (w *world) kept(id oidc.Identity) []string {
	w.t.Helper()
	records, err := w.connector.(chat.Archivist).Export(ctx(), id.Provider, id.Subject)
	w.must(err)
	var lines []string
	for _, r := range records {
		line, err := json.Marshal(r)
		w.must(err)
		lines = append(lines, string(line))
	}
	return lines
}

func (w *world) wantKept(id oidc.Identity, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.kept(id)); diff != "" {
		w.t.Errorf("Export of %s at %s (-want +got):\n%s", id.Subject, id.Provider, diff)
	}
}

// erase is done twice: whoever was interrupted begins anew.
func (w *world) erase(id oidc.Identity) {
	w.t.Helper()
	for range 2 {
		w.must(w.connector.(chat.Archivist).Erase(ctx(), id.Provider, id.Subject))
	}
}

func TestExportTellsWhatASiteKeeps(t *testing.T) {
	w := open(t, keeping(), chattest.Options{})
	w.wantKept(ada())
	former := w.idOf(ada())
	w.idOf(stranger())
	name, issue := `{"kind":"username","data":{"user_id":"`+former+`","username":"ada","wanted":"ada"}}`, `{"kind":"issue","data":{"user_id":"`+former+`"}}`
	w.wantKept(ada(), name, issue)

	w.replace(adaMoves, taking)
	alias := `{"kind":"alias","data":{"user_id":"` + former + `","former_provider":"corp","former_subject":"248289761001"}}`
	w.wantKept(ada(), `{"kind":"alias_given","data":{"user_id":"`+former+`"}}`)
	w.wantKept(replaced(), alias, name)
	w.idOf(replaced())
	w.wantKept(replaced(), alias, name, issue)
}

func TestExportFindsFormerUserIDs(t *testing.T) {
	w := open(t, keeping(), chattest.Options{})
	first := w.idOf(ada())
	w.reopen(with(keeping(), func(c *talk.Config) { c.Deleted = map[string]uint{first: 1} }))
	second := w.idOf(ada())
	w.reopen(with(keeping(), func(c *talk.Config) { c.Generation = 1 }))
	third := w.idOf(ada())
	w.erase(stranger())
	if n := len(w.kept(ada())); n != 6 { // of each a name, and that servers may ask by it
		t.Errorf("Export tells of %d records under %s, %s and %s, want 6", n, first, second, third)
	}
	w.erase(ada())
	w.wantKept(ada())
}

func TestEraseFreesTheName(t *testing.T) {
	w := open(t, keeping(), chattest.Options{})
	former := w.idOf(ada())
	_, err := w.Sessions.EndSubject(ctx(), "corp", ada().Subject)
	w.must(err)
	w.erase(ada())
	w.wantKept(ada())
	namesake := stranger()
	namesake.Username = "ada"
	got := part(t, w.token(http.MethodGet, w.SignIn(namesake)).Token, 1)["user"].(map[string]any)
	if got["username"] != "ada" {
		t.Errorf("who comes next is called %v, want the name that was freed", got["username"])
	}
	if again := w.idOf(ada()); again != former {
		t.Errorf("a later sign-in has the user id %q, want the derived %q: nothing of it was kept", again, former)
	}
}

func TestEraseLeavesANameThatIsSomebodyElses(t *testing.T) {
	w := open(t, keeping(), chattest.Options{})
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	w.idOf(replaced())
	w.erase(ada()) // who has nothing any more but that it is known to be gone
	w.wantKept(ada())
	if got := w.idOf(replaced()); got != former {
		t.Errorf("who took the user id goes by %q, want %q", got, former)
	}
	if len(w.kept(replaced())) != 3 {
		t.Errorf("Export = %v, want all of theirs", w.kept(replaced()))
	}
	w.wantMoved(w.SignIn(ada()))
}

func TestEraseGivesAnAliasBack(t *testing.T) { // D6
	w := open(t, keeping(), chattest.Options{})
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	w.erase(ada())
	w.erase(replaced())
	w.wantKept(replaced())
	if all := w.list(); len(all) > 0 {
		t.Errorf("List = %v, want nothing", all)
	}
	if got := w.idOf(ada()); got != former {
		t.Errorf("the user id went to %q, want back to who had it first, %q", got, former)
	}
}

func TestEraseInTheMiddleOfTwoReplacements(t *testing.T) { // D6
	w := open(t, keeping(), chattest.Options{})
	former := w.idOf(ada())
	w.replace(adaMoves, taking)
	second := talk.Replacement{Former: "entra", Provider: "okta", Subjects: []chat.Renamed{{Line: 1, Old: "0001", New: "00u1"}}}
	w.replace(second, talk.AliasImport{Providers: []string{"okta"}})
	w.erase(replaced())
	w.wantKept(replaced())
	newest := replaced()
	newest.Provider, newest.Subject = "okta", "00u1"
	if got := w.idOf(newest); got != former {
		t.Errorf("the user id of the last is %q, want %q still", got, former)
	}
	w.wantMoved(w.SignIn(replaced()))
}
