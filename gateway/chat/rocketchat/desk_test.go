package rocketchat_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/store"
)

func (w *world) desk() *rocketchat.Desk { return w.connector.(rocketchat.Operated).Desk() }

func (w *world) links() []rocketchat.Link {
	w.t.Helper()
	links, err := w.desk().List(w.t.Context())
	w.must(err)
	return links
}

// seed adds an account of an ordinary person, or what change makes of it.
func (w *world) seed(username string, change func(*rocketchattest.User)) string {
	u := rocketchattest.User{Username: username, Name: username, Email: username + "@example.org", Verified: true}
	if change != nil {
		change(&u)
	}
	return w.server.AddUser(u)
}

func request(subject, username string) rocketchat.LinkRequest {
	return rocketchat.LinkRequest{Provider: "corp", Subject: subject, Account: rocketchat.Target{Username: username}}
}

func TestDeskLinks(t *testing.T) { // D8
	w := newWorld(t, settings{})
	boss := w.seed("boss", func(u *rocketchattest.User) { u.Roles = []string{"admin", "user"} })
	ctx := t.Context()

	r := request("ada", "boss")
	r.Admin = true
	done, err := w.desk().Link(ctx, r)
	w.must(err)
	if done.Account.UserID != boss || done.Taken != nil || done.Former != "" {
		t.Errorf("Link = %+v, want account %s and nothing taken", done, boss)
	}
	if _, err := w.desk().Link(ctx, r); err != nil {
		t.Errorf("the same Link again = %v", err)
	}
	if diff := cmp.Diff([]rocketchat.Link{{Provider: "corp", Subject: "ada", UserID: boss}}, w.links()); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if a := w.token(w.env.SignIn(ada)); a.Status != http.StatusOK || a.Body["userId"] != boss {
		t.Errorf("token = %d for %v, want the linked account", a.Status, a.Body["userId"])
	}
	if log := w.env.Journal.String(); !strings.Contains(log, `"act":"account_linked","reason":"operator","actor":"operator"`) {
		t.Errorf("the audit log does not tell of the operator:\n%s", log)
	}
}

func TestDeskMovesAnAccountAndEndsItsLogins(t *testing.T) { // D8, R13
	w := newWorld(t, settings{})
	_, token := w.signedIn(ada)
	account := w.people()[0]
	r := request("bob", account.Username)

	_, err := w.desk().Link(t.Context(), r)
	if refused, ok := errors.AsType[*rocketchat.RefusedLinkError](err); !ok || !strings.Contains(refused.Why, `subject "ada" of provider corp`) {
		t.Fatalf("Link of somebody else's account = %v, want a refusal that names the owner", err)
	}
	r.Move = true
	done, err := w.desk().Link(t.Context(), r)
	w.must(err)
	if done.Taken == nil || done.Taken.Subject != "ada" {
		t.Errorf("Link = %+v, want it taken from ada", done)
	}
	w.drain()
	if w.server.Alive(token) {
		t.Error("the former owner's login lives on")
	}
	if diff := cmp.Diff([]rocketchat.Link{{Provider: "corp", Subject: "bob", UserID: account.ID}}, w.links()); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func TestDeskRefuses(t *testing.T) { // D8
	tests := []struct {
		name string
		user func(*rocketchattest.User)
		r    rocketchat.LinkRequest
		want string
	}{
		{name: "an account that is not there", r: request("ada", "nobody"), want: "no such account"},
		{name: "an id that is none", r: rocketchat.LinkRequest{Provider: "corp", Subject: "ada", Account: rocketchat.Target{UserID: "a b"}}, want: "no such account"},
		{name: "an administrator's without --admin", user: func(u *rocketchattest.User) { u.Roles = []string{"admin"} }, r: request("ada", "carol"), want: "--admin"},
		{name: "a bot's", user: func(u *rocketchattest.User) { u.Type = "bot" }, r: request("ada", "carol"), want: "type bot"},
		{name: "one that is deactivated", user: func(u *rocketchattest.User) { u.Inactive = true }, r: request("ada", "carol"), want: "deactivated"},
		{name: "our own", r: request("ada", "gateway.bot"), want: "service account"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, settings{})
			w.seed("carol", tt.user)
			_, err := w.desk().Link(t.Context(), tt.r)
			if refused, ok := errors.AsType[*rocketchat.RefusedLinkError](err); !ok || !strings.Contains(refused.Why, tt.want) {
				t.Errorf("Link = %v, want a refusal with %q", err, tt.want)
			}
			if links := w.links(); len(links) > 0 {
				t.Errorf("List = %v after a refusal, want nothing", links)
			}
		})
	}
}

func TestDeskUnlinksAndEndsLogins(t *testing.T) {
	for name, unlink := range map[string]func(w *world, account string) (rocketchat.Link, error){
		"by person": func(w *world, _ string) (rocketchat.Link, error) {
			return w.desk().Unlink(w.t.Context(), "corp", "ada")
		},
		"by account": func(w *world, account string) (rocketchat.Link, error) {
			return w.desk().UnlinkAccount(w.t.Context(), account)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, settings{})
			_, token := w.signedIn(ada)
			account := w.people()[0].ID
			link, err := unlink(w, account)
			w.must(err)
			if want := (rocketchat.Link{Provider: "corp", Subject: "ada", UserID: account}); link != want {
				t.Errorf("the link was %+v, want %+v", link, want)
			}
			w.drain()
			if w.server.Alive(token) {
				t.Error("the login lives on")
			}
			if _, err := unlink(w, account); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("unlinking once more = %v, want ErrNotFound", err)
			}
		})
	}
}

// outcomes imports and returns what became of each line, by number.
func (w *world) outcomes(lines string, how rocketchat.Import) map[int]string {
	w.t.Helper()
	got := map[int]string{}
	err := w.desk().Import(w.t.Context(), strings.NewReader(lines), how, func(l rocketchat.ImportedLine) {
		got[l.Number] = strings.TrimSpace(string(l.Outcome) + " " + l.Why)
	})
	w.must(err)
	return got
}

const exported = `{"provider":"corp","subject":"ada","user_id":"A1"}
{"provider":"corp","subject":"bob","user_id":"B1"}
`

// seedIDs adds accounts of ordinary people with these ids, as importing needs them.
func (w *world) seedIDs(ids ...string) {
	for _, id := range ids {
		w.seed(strings.ToLower(id), func(u *rocketchattest.User) { u.ID = id })
	}
}

func TestDeskExportsAndImports(t *testing.T) {
	w := newWorld(t, settings{})
	w.seedIDs("A1", "B1")
	how := rocketchat.Import{Providers: []string{"corp"}}

	dry := how
	dry.DryRun = true
	if diff := cmp.Diff(map[int]string{1: "linked", 2: "linked"}, w.outcomes(exported, dry)); diff != "" {
		t.Errorf("a dry run (-want +got):\n%s", diff)
	}
	if links := w.links(); len(links) > 0 {
		t.Fatalf("a dry run links %v", links)
	}
	for _, outcome := range []string{"linked", "unchanged"} {
		if diff := cmp.Diff(map[int]string{1: outcome, 2: outcome}, w.outcomes(exported, how)); diff != "" {
			t.Errorf("import (-want +got):\n%s", diff)
		}
	}
	var out bytes.Buffer
	written, unknown, err := w.desk().Export(t.Context(), &out)
	w.must(err)
	if written != 2 || unknown != 0 || out.String() != exported {
		t.Errorf("Export = %d, %d:\n%s\nwant what was imported", written, unknown, &out)
	}
}

func TestDeskImportBridgesAProviderThatWasReplaced(t *testing.T) { // D6
	w := newWorld(t, settings{})
	w.seedIDs("A1", "B1", "E1")
	w.outcomes(exported, rocketchat.Import{Providers: []string{"corp"}})
	how := rocketchat.Import{Providers: []string{"entra"}, Provider: "entra", Subjects: map[string]string{"ada": "0001", "bob": "0002"}}
	for _, outcome := range []string{"moved", "unchanged"} {
		if diff := cmp.Diff(map[int]string{1: outcome, 2: outcome}, w.outcomes(exported, how)); diff != "" {
			t.Errorf("import (-want +got):\n%s", diff)
		}
	}
	want := []rocketchat.Link{{Provider: "entra", Subject: "0001", UserID: "A1"}, {Provider: "entra", Subject: "0002", UserID: "B1"}}
	if diff := cmp.Diff(want, w.links()); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func TestDeskImportRefusesLineByLine(t *testing.T) {
	w := newWorld(t, settings{})
	w.seedIDs("A1", "B1", "E1")
	w.outcomes(exported, rocketchat.Import{Providers: []string{"corp"}})
	how := rocketchat.Import{Providers: []string{"corp"}, Subjects: map[string]string{"ada": "ada", "carol": "carol", "bob": "robert", "dan": "dan", "eve": "eve"}}
	got := w.outcomes(strings.Join([]string{
		`no JSON`,
		`{"provider":"corp","subject":"ada","user_id":"A1","admin":true}`,
		`{"provider":"corp","subject":"ada"}`,
		`{"provider":"corp","subject":"ada","user_id":"C1"}`,
		`{"provider":"corp","subject":"carol","user_id":"A1"}`,
		`{"provider":"corp","subject":"nobody","user_id":"N1"}`,
		`{"provider":"gone","subject":"dan","user_id":"D1"}`,
		``,
		`{"provider":"corp","subject":"eve","user_id":"E1"}`,
	}, "\n"), how)
	want := map[int]string{
		1: "refused must be one JSON object with provider, subject and user_id",
		2: "refused must be one JSON object with provider, subject and user_id",
		3: "refused must have provider, subject and a valid user_id",
		4: `refused subject "ada" of provider corp is linked to account A1 already`,
		5: `refused account A1 is linked to subject "ada" of provider corp`,
		6: `refused subject "nobody" has no line in the map`,
		7: `refused provider "gone" is not in the configuration`,
		9: "linked",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("import (-want +got):\n%s", diff)
	}
}

// TestDeskImportLinksWhatLinkWouldLink: a file is no way around what Link refuses (D8).
func TestDeskImportLinksWhatLinkWouldLink(t *testing.T) {
	w := newWorld(t, settings{})
	w.seed("boss", func(u *rocketchattest.User) { u.ID, u.Roles = "BOSS", []string{"admin", "user"} })
	w.seed("robot", func(u *rocketchattest.User) { u.ID, u.Type = "ROBOT", "bot" })
	w.seed("gone", func(u *rocketchattest.User) { u.ID, u.Inactive = "GONE", true })
	lines := `{"provider":"corp","subject":"1","user_id":"BOSS"}
{"provider":"corp","subject":"2","user_id":"ROBOT"}
{"provider":"corp","subject":"3","user_id":"GONE"}
{"provider":"corp","subject":"4","user_id":"NOBODY"}
{"provider":"corp","subject":"5","user_id":"` + w.config.API.UserID + `"}
`
	want := map[int]string{
		1: "refused boss is an administrator: with --admin it is linked all the same",
		2: "refused robot is of type bot and no person's",
		3: "refused gone is deactivated in Rocket.Chat: activate it first",
		4: "refused Rocket.Chat has no such account",
		5: "refused gateway.bot is the service account, which is nobody's",
	}
	for _, dryRun := range []bool{true, false} {
		got := w.outcomes(lines, rocketchat.Import{Providers: []string{"corp"}, DryRun: dryRun})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("import, dry run %v (-want +got):\n%s", dryRun, diff)
		}
	}
	if links := w.links(); len(links) > 0 {
		t.Errorf("List = %v after refusals, want nothing", links)
	}
	want[1] = "linked"
	if diff := cmp.Diff(want, w.outcomes(lines, rocketchat.Import{Providers: []string{"corp"}, Admin: true})); diff != "" {
		t.Errorf("import with Admin (-want +got):\n%s", diff)
	}
}

func TestDeskImportEndsTheLoginsOfWhoLosesAnAccount(t *testing.T) { // D6, R13
	w := newWorld(t, settings{})
	_, token := w.signedIn(ada)
	line := `{"provider":"corp","subject":"ada","user_id":"` + w.people()[0].ID + `"}`
	how := rocketchat.Import{Providers: []string{"corp"}, Subjects: map[string]string{"ada": "0001"}, DryRun: true}
	for _, alive := range []bool{true, false} {
		if diff := cmp.Diff(map[int]string{1: "moved"}, w.outcomes(line, how)); diff != "" {
			t.Errorf("import (-want +got):\n%s", diff)
		}
		w.drain()
		if w.server.Alive(token) != alive {
			t.Errorf("dry run %v: the former identity's login lives: %v, want %v", how.DryRun, !alive, alive)
		}
		how.DryRun = false
	}
}

func TestReadSubjects(t *testing.T) {
	tests := []struct{ name, text, refused string }{
		{name: "two lines", text: "a\tb\nc d\te\r\n\n"},
		{name: "no tab", text: "a b\n", refused: "line 1: must be the old subject"},
		{name: "three columns", text: "a\tb\tc\n", refused: "line 1: must be the old subject"},
		{name: "one old subject twice", text: "a\tb\na\tc\n", refused: "line 2: a subject stands twice"},
		{name: "two people made one", text: "a\tb\nc\tb\n", refused: "line 2: a subject stands twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rocketchat.ReadSubjects(strings.NewReader(tt.text))
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("ReadSubjects(%q) = %v, want %q", tt.text, err, tt.refused)
				}
				return
			}
			if diff := cmp.Diff(map[string]string{"a": "b", "c d": "e"}, got); diff != "" || err != nil {
				t.Errorf("ReadSubjects(%q) = %v (-want +got):\n%s", tt.text, err, diff)
			}
		})
	}
}
