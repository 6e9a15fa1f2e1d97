package rocketchat_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
	"chatgate/oidc"
)

// kept is a world that carries everything over which can be.
func kept(s settings) settings {
	more := s.config
	s.config = func(c *rocketchat.Config) {
		c.Accounts.Sync = rocketchat.Sync{
			Name: true, Email: true, Avatar: true, CustomFields: map[string]string{"unit": "department"},
		}
		c.Accounts.Roles = rocketchat.Mapping{"staff": {"moderator"}, "chat-admins": {"admin"}}
		c.Accounts.Channels = rocketchat.Mapping{"staff": {"news", "backstage"}}
		c.Accounts.Teams = rocketchat.Mapping{"staff": {"analysts"}}
		if more != nil {
			more(c)
		}
	}
	return s
}

// rooms are the places of the mapping; the service account is a member of the private one, as it has to be.
type rooms struct{ news, backstage, analysts string }

func (w *world) addRooms() rooms {
	return rooms{
		news:      w.server.AddRoom(rocketchattest.Room{Name: "news"}),
		backstage: w.server.AddRoom(rocketchattest.Room{Name: "backstage", Private: true, Members: []string{w.config.API.UserID}}),
		analysts:  w.server.AddTeam(rocketchattest.Team{Name: "analysts"}),
	}
}

// members says in which of the places an account is.
func (w *world) members(r rooms, userID string) (in []string) {
	for _, id := range []string{r.news, r.backstage} {
		if room, _ := w.server.Room(id); slices.Contains(room.Members, userID) {
			in = append(in, room.Name)
		}
	}
	if team, _ := w.server.Team(r.analysts); slices.Contains(team.Members, userID) {
		in = append(in, team.Name)
	}
	return in
}

// comesBack signs a person in once more, a moment later, and has their profile carried over.
func (w *world) comesBack(id oidc.Identity) {
	w.t.Helper()
	w.env.Clock.Advance(time.Minute)
	w.signedIn(id)
	w.drain()
}

func (w *world) count(act string) int {
	return strings.Count(w.env.Journal.String(), `"act":"`+act+`"`)
}

// TestProfileOnEveryVersion: what a person is at the provider, their account is; what they lose there, it loses (R24,
// R25).
func TestProfileOnEveryVersion(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := newWorld(t, kept(settings{version: version}))
			r := w.addRooms()
			person := ada
			person.Picture, person.Custom = "https://idp.example.org/ada.png", map[string]string{"department": "Analysis"}
			w.comesBack(person)
			got := w.people()[0]
			got.Password = ""
			want := rocketchattest.User{
				ID: got.ID, Username: "ada", Name: "Ada Lovelace", Email: "ada@example.org", Verified: true, Type: "user",
				Roles: []string{"user", "moderator"}, CustomFields: map[string]any{"unit": "Analysis"},
				AvatarURL: "https://idp.example.org/ada.png",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"news", "backstage", "analysts"}, w.members(r, got.ID)); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}

			person.Name, person.Email, person.Groups = "Ada King", "king@example.org", []string{}
			person.Username, person.Custom = "countess", map[string]string{"department": "Engines"}
			person.Picture = "https://idp.example.org/king.png"
			w.comesBack(person)
			want.Name, want.Email, want.Roles = "Ada King", "king@example.org", []string{"user"}
			want.CustomFields, want.AvatarURL = map[string]any{"unit": "Engines"}, person.Picture
			got = w.people()[0]
			got.Password = ""
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("account after the changes (-want +got):\n%s", diff)
			}
			if in := w.members(r, got.ID); in != nil {
				t.Errorf("still in %v, want nowhere", in)
			}
			for act, n := range map[string]int{"role_given": 1, "role_taken": 1, "member_added": 3, "member_removed": 3} {
				if w.count(act) != n {
					t.Errorf("%d lines of %s in the audit log, want %d", w.count(act), act, n)
				}
			}
		})
	}
}

// TestNothingChangedNothingSent: only fields that differ are sent, and nothing is asked while nothing is news (R24).
func TestNothingChangedNothingSent(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	w.comesBack(ada)
	w.server.ResetCalls()
	w.comesBack(ada)
	for _, call := range w.server.Calls() {
		if call.Route != "users.info" && call.Route != "users.createToken" {
			t.Errorf("%s was asked though nothing is news", call.Route)
		}
	}
	if n := w.server.Count("users.info"); n != 1 {
		t.Errorf("the account was read %d times, want once for the login token", n)
	}
	// A day later it is looked at again, and what was changed in Rocket.Chat is put right.
	w.env.Clock.Advance(24 * time.Hour)
	w.server.ResetCalls()
	w.comesBack(ada)
	if n := w.server.Count("users.info"); n != 2 || w.server.Count("users.update") != 0 {
		t.Errorf("the account was read %d times and written %d times, want twice and never", n, w.server.Count("users.update"))
	}
}

// TestPasswordsAreNeverSent: setting one would end every login of the account (R24).
func TestPasswordsAreNeverSent(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	_, token := w.signedIn(ada)
	changed := ada
	changed.Name, changed.Email = "Ada King", "king@example.org"
	w.comesBack(changed)
	if w.people()[0].Name != "Ada King" || !w.server.Alive(token) {
		t.Error("the name was not carried over, or a login ended with it")
	}
}

func TestWhatIsCarriedOver(t *testing.T) {
	theirs := rocketchattest.User{
		Username: "ada", Name: "A. Lovelace", Email: ada.Email, Verified: true, CustomFields: map[string]any{"unit": "Old", "other": "kept"},
	}
	tests := []struct {
		name   string
		config func(*rocketchat.Config)
		id     func(*oidc.Identity)
		want   func(*rocketchattest.User)
	}{
		{
			name: "custom fields beside those that are not ours",
			id:   func(id *oidc.Identity) { id.Custom = map[string]string{"department": "Analysis"} },
			want: func(u *rocketchattest.User) { u.CustomFields = map[string]any{"unit": "Analysis", "other": "kept"} },
		},
		{
			name: "no claim, no change",
			id:   func(id *oidc.Identity) { id.Custom = nil },
		},
		{
			name: "an address that the provider has not verified is not (D8)",
			id:   func(id *oidc.Identity) { id.Email, id.EmailVerified = "new@example.org", false },
		},
		{
			name:   "an address only where that is wanted",
			config: func(c *rocketchat.Config) { c.Accounts.Sync.Email = false },
			id:     func(id *oidc.Identity) { id.Email = "new@example.org" },
		},
		{
			name:   "a name only where that is wanted",
			config: func(c *rocketchat.Config) { c.Accounts.Sync.Name = false },
			want:   func(u *rocketchattest.User) { u.Name = "A. Lovelace" },
		},
		{
			name: "no name is none",
			id:   func(id *oidc.Identity) { id.Name = "" },
			want: func(u *rocketchattest.User) { u.Name = "A. Lovelace" },
		},
		{
			name: "a picture that is not encrypted on its way is not",
			id:   func(id *oidc.Identity) { id.Picture = "http://idp.example.org/ada.png" },
		},
		{
			name:   "a picture only where that is wanted",
			config: func(c *rocketchat.Config) { c.Accounts.Sync.Avatar = false },
			id:     func(id *oidc.Identity) { id.Picture = "https://idp.example.org/ada.png" },
		},
		{
			name: "a username never is",
			id:   func(id *oidc.Identity) { id.Username = "countess" },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kept(settings{config: tt.config}))
			w.addRooms()
			userID := w.server.AddUser(theirs)
			links := rocketchat.NewLinks(w.env.Store, w.env.Names, "rocketchat")
			w.must(links.Link(t.Context(), ada.Provider, ada.Subject, userID))
			id := ada
			id.Groups = nil
			if tt.id != nil {
				tt.id(&id)
			}
			w.comesBack(id)
			want := theirs
			want.ID, want.Type, want.Roles, want.Name = userID, "user", []string{"user"}, ada.Name
			if tt.want != nil {
				tt.want(&want)
			}
			if diff := cmp.Diff(want, w.people()[0]); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSignInNeverWaitsForTheProfile: it neither fails nor takes a call more when nothing of a profile can be carried
// over (R24).
func TestSignInNeverWaitsForTheProfile(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.server.SetFaults(rocketchattest.Faults{Status: map[string]int{
		"users.update": http.StatusInternalServerError, "roles.addUserToRole": http.StatusInternalServerError,
	}})
	if a := w.token(w.env.SignIn(ada)); a.Status != http.StatusOK {
		t.Fatalf("token = %d %s, want 200", a.Status, a.Text)
	}
	w.drain()
	if got := w.people()[0].Roles; len(got) != 1 {
		t.Fatalf("roles = %v, want none but Rocket.Chat's own", got)
	}
	w.server.SetFaults(rocketchattest.Faults{})
	w.env.Clock.Advance(time.Minute)
	w.drain()
	if got := w.people()[0].Roles; !slices.Contains(got, "moderator") {
		t.Errorf("roles = %v after Rocket.Chat was back, want moderator", got)
	}
}

// TestLimitedProfilesComeLater: a job waits for as long as Rocket.Chat says (R28).
func TestLimitedProfilesComeLater(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	w.addRooms()
	w.signedIn(ada)
	w.server.SetFaults(rocketchattest.Faults{TooManyRequests: 50 * time.Second})
	w.drain()
	w.server.SetFaults(rocketchattest.Faults{})
	w.env.Clock.Advance(40 * time.Second)
	w.drain()
	if got := w.people()[0].Roles; len(got) != 1 {
		t.Fatalf("roles = %v before the time was over", got)
	}
	w.env.Clock.Advance(30 * time.Second)
	w.drain()
	if got := w.people()[0].Roles; !slices.Contains(got, "moderator") {
		t.Errorf("roles = %v when the time was over, want moderator", got)
	}
}
