package talktest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

func TestTalk4Usernames(t *testing.T) {
	tests := []struct {
		name        string
		displayName string
		want        string // empty: cannot be saved
	}{
		{"letters stay", "ada", "ada"},
		{"spaces become underscores and digits go", "Ann Lee 9", "Ann_Lee_"},
		{"outer spaces are trimmed", "  ada ", "ada"},
		{"accents go", "Zoë", "Zo"},
		{"a name without ASCII letters cannot be saved (G12)", "李小龍", ""},
		{"a name of digits cannot be saved (G12)", "4711", ""},
		{"an empty name cannot be saved (G12)", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			user, err := newTalk4(t, rs256Config(t)).UpsertExternalUser("u-1", "chatgate", tt.displayName)
			switch {
			case tt.want == "":
				if err == nil {
					t.Errorf("UpsertExternalUser(%q) = %q, want an error", tt.displayName, user.Username)
				}
			case err != nil || user.Username != tt.want:
				t.Errorf("UpsertExternalUser(%q) = %+v, %v, want %q", tt.displayName, user, err, tt.want)
			}
		})
	}
}

func TestTalk4UsernamesAreUniqueWithoutCase(t *testing.T) {
	talk := newTalk4(t, rs256Config(t))
	for _, id := range []string{"u-1", "u-2"} {
		if _, err := talk.UpsertExternalUser(id, "chatgate", map[string]string{"u-1": "Ada", "u-2": "ada"}[id]); err != nil {
			t.Fatal(err)
		}
	}
	users := talk.Users()
	if users[0].Username != "Ada" || !strings.HasPrefix(users[1].Username, "ada_") {
		t.Errorf("usernames = %q, %q, want Ada and ada_<number>", users[0].Username, users[1].Username)
	}
}

func TestTalk4UpsertFindsTheSameProfileAgain(t *testing.T) {
	talk := newTalk4(t, rs256Config(t))
	first, err := talk.UpsertExternalUser("u-1", "chatgate", "ada")
	if err != nil {
		t.Fatal(err)
	}
	second, err := talk.UpsertExternalUser("u-1", "chatgate", "renamed")
	if diff := cmp.Diff(first, second); err != nil || diff != "" {
		t.Errorf("second call: %v (-first +second):\n%s", err, diff)
	}
}

// A subject is looked for among the profiles of every provider, which is why it must be opaque (G8).
func TestTalk4FindsUsersByAnyProfile(t *testing.T) {
	victim := talktest.Talk4User{
		ID: "victim", Username: "victim",
		Profiles: []talktest.Talk4Profile{{ID: "boss@example.org", Provider: "local"}, {ID: "10158", Provider: "facebook"}},
	}
	tests := []struct {
		name string
		sub  string
		want string
	}{
		{"an opaque subject is a person of its own", "u-ada", "u-ada"},
		{"an email as subject takes the local account over", "boss@example.org", "victim"},
		{"a number that is a Facebook id takes that account over", "10158", "victim"},
		{"the account's own id finds it", "victim", "victim"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			talk := newTalk4(t, rs256Config(t))
			talk.AddUser(victim)
			viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims().with("sub", tt.sub)))
			if err != nil || viewer.ID != tt.want {
				t.Errorf("Verify() = %q, %v, want %q", viewer.ID, err, tt.want)
			}
		})
	}
}

func TestTalk4LocalProfileHoldsTheEmail(t *testing.T) {
	talk := newTalk4(t, rs256Config(t))
	if _, err := talk.UpsertExternalUser("u-ada", "chatgate", "ada"); err != nil {
		t.Fatal(err)
	}
	email := talktest.Talk4Profile{ID: "ada@example.org", Provider: "local"}
	if _, err := talk.AddProfile("u-ada", email); err != nil {
		t.Fatal(err)
	}
	viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims()))
	if err != nil || viewer.Email != email.ID {
		t.Errorf("Verify() = email %q, %v, want %q", viewer.Email, err, email.ID)
	}
	if _, err := talk.AddProfile("u-ada", email); err == nil {
		t.Error("AddProfile() of a pair that exists = nil, want a duplicate key error")
	}
	if _, err := talk.AddProfile("nobody", talktest.Talk4Profile{ID: "x", Provider: "local"}); err == nil {
		t.Error("AddProfile() to an unknown user = nil, want an error")
	}
}
