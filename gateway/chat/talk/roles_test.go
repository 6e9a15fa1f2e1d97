package talk

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/oidc"
)

// TestRolesOfGroupsOfAnotherProvider: groups are compared by name, and any provider may say of its people that they are in
// one (G16).
func TestRolesOfGroupsOfAnotherProvider(t *testing.T) {
	for _, test := range []struct {
		name     string
		counts   []string
		provider string
		role     Role
		badges   []string
	}{
		{"count when nothing is said", nil, "partners", Moderator, []string{"Editor"}},
		{"count when the provider is named", []string{"corp", "partners"}, "partners", Moderator, []string{"Editor"}},
		{"say nothing when it is not", []string{"corp"}, "partners", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{
				Roles: map[string]Role{"desk": Moderator}, Badges: map[string]string{"desk": "Editor"}, RoleProviders: test.counts,
			}
			role, badges := cfg.granted(oidc.Identity{Provider: test.provider, Groups: []string{"desk"}})
			if diff := cmp.Diff(test.badges, badges); role != test.role || diff != "" {
				t.Errorf("granted() = %q, %q, want %q, %q", role, badges, test.role, test.badges)
			}
		})
	}
}

func TestStaffProviders(t *testing.T) {
	desk := map[string]Role{"everyone": Commenter, "desk": Staff}
	for _, test := range []struct {
		name           string
		roles          map[string]Role
		access, counts []string
		want           []string
	}{
		{name: "everybody's, when nothing is said", roles: desk, want: []string{"corp", "partners"}},
		{name: "those who may enter", roles: desk, access: []string{"corp"}, want: []string{"corp"}},
		{name: "those that count", roles: desk, counts: []string{"corp"}, want: []string{"corp"}},
		{name: "those that count and may enter", roles: desk, access: []string{"partners"}, counts: []string{"corp"}, want: []string{}},
		{name: "none, when no group makes staff", roles: map[string]Role{"everyone": Commenter, "friends": Member}},
		{name: "none, without roles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := Config{Roles: test.roles, RoleProviders: test.counts, Access: chat.AccessRules{Providers: test.access, Anyone: true}}
			if diff := cmp.Diff(test.want, cfg.StaffProviders([]string{"corp", "partners"})); diff != "" {
				t.Errorf("StaffProviders (-want +got):\n%s", diff)
			}
		})
	}
}
