package rocketchat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// TestRefusalsAreToldOnce: what no retry can help is told to the operator with what to change, once for all people, and
// holds nothing else up.
func TestRefusalsAreToldOnce(t *testing.T) {
	tests := []struct {
		name   string
		config func(*rocketchat.Config)
		before func(w *world)
		advice string
		still  string // a role that is given all the same
	}{
		{
			name: "no permission for roles", before: func(w *world) { w.server.Deny("admin", "access-permissions") },
			advice: "this call takes access-permissions",
		},
		{
			name:   "a role that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Roles["staff"] = []string{"nonesuch", "moderator"} },
			advice: "accounts.roles names \\\"nonesuch\\\"", still: "moderator",
		},
		{
			name: "no permission for profiles", before: func(w *world) { w.server.Deny("admin", "edit-other-user-info") },
			advice: "this call takes edit-other-user-info", still: "moderator",
		},
		{
			name: "no permission for pictures", before: func(w *world) { w.server.Deny("admin", "edit-other-user-avatar") },
			advice: "this call takes edit-other-user-avatar", still: "moderator",
		},
		{
			name: "no permission to see rooms", before: func(w *world) { w.server.Deny("admin", "view-other-user-channels") },
			advice: "view-other-user-channels", still: "moderator",
		},
		{
			name: "no permission for teams", before: func(w *world) { w.server.Deny("admin", "add-team-member", "edit-team-member") },
			advice: "this call takes add-team-member", still: "moderator",
		},
		{
			name: "no permission for channels", before: func(w *world) { w.server.Deny("admin", "add-user-to-any-c-room") },
			advice: "this call takes add-user-to-any-c-room", still: "moderator",
		},
		{
			name:   "a channel that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Channels["staff"] = []string{"nowhere"} },
			advice: "accounts.channels names \\\"nowhere\\\"", still: "moderator",
		},
		{
			name:   "a team that is not there",
			config: func(c *rocketchat.Config) { c.Accounts.Teams["staff"] = []string{"nobody"} },
			advice: "accounts.teams names \\\"nobody\\\"", still: "moderator",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kept(settings{config: tt.config}))
			w.addRooms()
			if tt.before != nil {
				tt.before(w)
			}
			people := []string{"one", "two", "three"}
			for _, name := range people {
				id := ada
				id.Subject, id.Username, id.Email, id.Name = name, name, name+"@example.org", "changed later"
				id.Picture = "https://idp.example.org/" + name
				w.signedIn(id)
				id.Name = name
				w.comesBack(id)
			}
			log := w.env.Journal.String()
			if n := strings.Count(log, "account not kept like its person"); n != 1 || !strings.Contains(log, tt.advice) {
				t.Errorf("told %d times, want once with %q:\n%s", n, tt.advice, log)
			}
			if strings.Contains(log, "outbox job failed") {
				t.Error("the job was retried")
			}
			for _, person := range w.people() {
				if tt.still != "" && !slices.Contains(person.Roles, tt.still) {
					t.Errorf("%s has %v, want %s all the same", person.Username, person.Roles, tt.still)
				}
			}
		})
	}
}

// TestAnAddressThatIsTaken: whoever has it keeps it, the account keeps its own, and the rest goes on.
func TestAnAddressThatIsTaken(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	w.comesBack(ada)
	w.server.AddUser(rocketchattest.User{Username: "other", Email: "taken@example.org"})
	moved := ada
	moved.Email, moved.Name = "taken@example.org", "Ada King"
	w.comesBack(moved)
	got := w.people()[0]
	if got.Email != ada.Email || got.Name != "Ada King" {
		t.Errorf("address %q and name %q, want the former address and the new name", got.Email, got.Name)
	}
	log := w.env.Journal.String()
	if !strings.Contains(log, "another account has the new e-mail address") || strings.Contains(log, "taken@example.org") {
		t.Errorf("the operator is not told, or told the address:\n%s", log)
	}
	// Once the address is free it is carried over, without a change at the provider.
	w.server.RemoveUser(w.people()[1].ID)
	w.env.Clock.Advance(time.Hour)
	w.comesBack(moved)
	if got := w.people()[0].Email; got != moved.Email {
		t.Errorf("address %q after it was free, want the new one", got)
	}
}

// TestTheLastOwnerStays: Rocket.Chat takes nobody out of a room that has no other owner; it is tried again later.
func TestTheLastOwnerStays(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	w.comesBack(ada)
	userID := w.people()[0].ID
	w.server.AddRoom(rocketchattest.Room{ID: r.news, Name: "news", Owners: []string{userID}, Members: []string{userID}})
	former := ada
	former.Groups = []string{}
	w.comesBack(former)
	if got := w.members(r, userID); !slices.Equal(got, []string{"news"}) {
		t.Fatalf("in %v, want the room that they own alone", got)
	}
	w.server.AddRoom(rocketchattest.Room{ID: r.news, Name: "news", Members: []string{userID}})
	w.env.Clock.Advance(time.Hour)
	w.comesBack(former)
	if got := w.members(r, userID); len(got) != 0 {
		t.Errorf("in %v, want nowhere once somebody else owns the room", got)
	}
}
