package rocketchat_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

func TestSetupDoesWhatWasAgreedToOrNothing(t *testing.T) { // R33
	w, _ := setupWorld(t, settings{server: func(c *rocketchattest.Config) { c.Iframe = formerIframe }, config: noEmbedders})
	refused := func(what string, meanwhile string, do func() error) {
		t.Helper()
		w.server.SetSetting(meanwhile, "https://elsewhere.example.org/") // while the person reads
		before := w.everySetting()
		if err := do(); !errors.Is(err, chat.ErrPlanChanged) {
			t.Errorf("%s of an outdated plan = %v, want ErrPlanChanged", what, err)
		}
		if diff := cmp.Diff(before, w.everySetting()); diff != "" {
			t.Errorf("settings after the refusal of %s (-before +after):\n%s", what, diff)
		}
	}
	nobody := func(c chat.Change) { t.Errorf("it has set %v", c) }

	plan, err := w.setup().Plan(t.Context())
	w.must(err)
	refused("Apply", "Accounts_iframe_url", func() error { return w.setup().Apply(t.Context(), plan, nobody) })
	_, err = w.apply()
	w.must(err)
	back, err := w.setup().UndoPlan(t.Context())
	w.must(err)
	refused("Undo", "Accounts_Iframe_api_url", func() error { return w.setup().Undo(t.Context(), back, nobody) })
}
