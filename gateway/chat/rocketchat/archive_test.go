package rocketchat_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
)

func (w *world) archive() chat.Archivist { return w.connector.(chat.Archivist) }

// exported is what is told of a person, by kind, as JSON.
func (w *world) exported(subject string) map[string]string {
	w.t.Helper()
	records, err := w.archive().Export(w.t.Context(), "corp", subject)
	w.must(err)
	told := map[string]string{}
	for _, r := range records {
		body, err := json.Marshal(r.Data)
		w.must(err)
		told[r.Kind] = string(body)
	}
	return told
}

// archived is a world in which everything is kept that can be.
func archived() settings {
	return kept(settings{config: func(c *rocketchat.Config) {
		c.API.PasswordKey = "a-key-of-thirty-two-characters-or-more"
		c.Accounts.Deactivate = rocketchat.DeactivateRefused
	}})
}

func TestExportTellsWhatIsKept(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export of a stranger = %v, want nothing", got)
	}
	w.comesBack(ada)
	told := w.env.Clock.Now().Unix()
	account := w.people()[0].ID
	want := map[string]string{
		"account_link": `{"user_id":"` + account + `"}`,
		"profile": `{"name":"Ada Lovelace","email":"ada@example.org","roles":["moderator"],"channels":["backstage","news"],"teams":["analysts"],` +
			`"given_roles":["moderator"],"given_places":["backstage","news","analysts"],"told_at":` + asJSON(t, told) + `}`,
		"standing":         `{"told_at":` + asJSON(t, told) + `}`,
		"account_password": `{"made_here":true}`,
	}
	if diff := cmp.Diff(want, w.exported("ada")); diff != "" {
		t.Errorf("Export (-want +got):\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestExportTellsOfAnUnansweredCreation: the name that was asked for is kept until it is known what became of it.
func TestExportTellsOfAnUnansweredCreation(t *testing.T) {
	w := newWorld(t, settings{transport: &losing{route: "/api/v1/users.create", times: 1}})
	w.token(w.env.SignIn(ada))
	want := map[string]string{"account_creation": `{"username":"ada"}`}
	if diff := cmp.Diff(want, w.exported("ada")); diff != "" {
		t.Errorf("Export (-want +got):\n%s", diff)
	}
	w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export after Erase = %v, want nothing", got)
	}
}

// TestEraseForgetsThePerson: nothing leads from the person to the account any more, their login ends, and a sign-in starts
// from the rules.
func TestEraseForgetsThePerson(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	_, token := w.signedIn(ada)
	w.drain()
	account := w.people()[0].ID
	for range 2 { // twice is fine
		w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	}
	w.drain()
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export after Erase = %v, want nothing", got)
	}
	if len(w.links()) != 0 || w.server.Alive(token) {
		t.Errorf("links %v, login alive %v; want neither", w.links(), w.server.Alive(token))
	}
	if log := w.env.Journal.String(); !strings.Contains(log, `"act":"link_removed","reason":"operator","actor":"operator"`) {
		t.Errorf("the audit log does not tell of it:\n%s", log)
	}
	a := w.token(w.env.SignIn(ada))
	if a.Status != http.StatusOK || a.Body["userId"] != account {
		t.Errorf("token = %d for %v, want the account found by its address", a.Status, a.Body["userId"])
	}
}

// TestEraseKeepsWhatTheAccountWasGiven: whoever has the account next does not keep by it what an erased person's groups
// gave.
func TestEraseKeepsWhatTheAccountWasGiven(t *testing.T) {
	w := newWorld(t, archived())
	r := w.addRooms()
	w.comesBack(ada)
	w.must(w.archive().Erase(t.Context(), "corp", "ada"))
	nobody := ada
	nobody.Groups = []string{}
	w.comesBack(nobody)
	got := w.people()[0]
	if in := w.members(r, got.ID); in != nil || strings.Join(got.Roles, " ") != "user" {
		t.Errorf("in %v with roles %v, want nothing of what the group gave", in, got.Roles)
	}
}

// TestOneIsNotToldOfAnother: what is kept by an account is about who said it, and goes with their link.
func TestOneIsNotToldOfAnother(t *testing.T) {
	w := newWorld(t, archived())
	w.addRooms()
	w.comesBack(ada)
	r := request("bob", w.people()[0].Username)
	r.Move = true
	_, err := w.desk().Link(t.Context(), r)
	w.must(err)
	if got := w.exported("ada"); len(got) != 0 {
		t.Errorf("Export of the former owner = %v, want nothing", got)
	}
	if got := w.exported("bob"); got["profile"] != "" || got["standing"] != "" || got["account_link"] == "" {
		t.Errorf("Export of the new owner = %v, want the link and nothing of ada's", got)
	}
}
