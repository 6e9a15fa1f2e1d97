package rocketchat_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
)

// TestOnlyProvidersThatAreMeantCount: whoever else may enter gets nothing by a group, because groups are compared by name
// and each provider names its own (D7, S93).
func TestOnlyProvidersThatAreMeantCount(t *testing.T) {
	w := newWorld(t, kept(settings{config: func(c *rocketchat.Config) { c.Accounts.Providers = []string{"corp"} }}))
	r := w.addRooms()
	guest := ada
	guest.Provider, guest.Groups = "partners", []string{"chat-admins", "staff"}
	w.comesBack(guest)
	account := w.people()[0]
	if !slices.Equal(account.Roles, []string{"user"}) || len(w.members(r, account.ID)) != 0 {
		t.Errorf("roles %v, in %v, want nothing by the partners' groups", account.Roles, w.members(r, account.ID))
	}
	guest.Name = "The Administrator"
	w.comesBack(guest)
	if got := w.people()[0].Name; got != ada.Name {
		t.Errorf("called %q, want the name of before", got)
	}
}

// TestAProviderThatCountsNoMore: what its groups have given is taken.
func TestAProviderThatCountsNoMore(t *testing.T) {
	w := newWorld(t, kept(settings{}))
	r := w.addRooms()
	w.comesBack(ada)
	w.config.Accounts.Providers = []string{"another"}
	w.restart()
	w.comesBack(ada)
	account := w.people()[0]
	if !slices.Equal(account.Roles, []string{"user"}) || len(w.members(r, account.ID)) != 0 {
		t.Errorf("roles %v, in %v, want nothing left", account.Roles, w.members(r, account.ID))
	}
}

func TestAdminProviders(t *testing.T) {
	admins := rocketchat.Mapping{"bosses": {"moderator", "admin"}}
	tests := []struct {
		name   string
		access []string
		roles  rocketchat.Mapping
		counts []string
		want   []string
	}{
		{name: "everybody's, when nothing is said", roles: admins, want: []string{"corp", "partners"}},
		{name: "those who may enter", access: []string{"corp"}, roles: admins, want: []string{"corp"}},
		{name: "those that count", roles: admins, counts: []string{"corp"}, want: []string{"corp"}},
		{name: "those that count and may enter", access: []string{"partners"}, roles: admins, counts: []string{"corp"}, want: []string{}},
		{name: "none, when no group makes administrators", roles: rocketchat.Mapping{"staff": {"moderator"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := validConfig()
			cfg.Access = chat.AccessRules{Providers: tt.access, Anyone: true}
			cfg.Accounts.Roles, cfg.Accounts.Providers = tt.roles, tt.counts
			if diff := cmp.Diff(tt.want, cfg.AdminProviders([]string{"corp", "partners"})); diff != "" {
				t.Errorf("AdminProviders (-want +got):\n%s", diff)
			}
		})
	}
}
