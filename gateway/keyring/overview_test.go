package keyring_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

func TestAnOverviewTellsTheStateOfEachKey(t *testing.T) {
	var now clock
	var told changes
	engine := memstore.New(memstore.Config{Now: now.Now})
	k := rotating(t, engine, now.Now, 30*day, &told)
	if _, err := k.Inspect(t.Context(), "talk"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Inspect() before a gateway made a key = %v, want ErrNotFound", err)
	}
	load(t, k)
	states := func() []keyring.State {
		var states []keyring.State
		o, err := rotating(t, engine, now.Now, 30*day, &told).Inspect(t.Context(), "talk") // which never loaded
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(overview(t, k), o); diff != "" {
			t.Errorf("Inspect() and Overview() differ (-overview +inspect):\n%s", diff)
		}
		for _, key := range o.Keys {
			states = append(states, key.State())
		}
		return states
	}
	if diff := cmp.Diff([]keyring.State{keyring.Signing}, states()); diff != "" {
		t.Errorf("states at first (-want +got):\n%s", diff)
	}
	if _, err := k.Rotate(t.Context(), "talk"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]keyring.State{keyring.Signing, keyring.Waiting}, states()); diff != "" {
		t.Errorf("states during the lead (-want +got):\n%s", diff)
	}
	now.Advance(lead)
	load(t, k)
	if diff := cmp.Diff([]keyring.State{keyring.Published, keyring.Signing}, states()); diff != "" {
		t.Errorf("states after the change (-want +got):\n%s", diff)
	}
	if got, want := overview(t, k).Keys[0].Until, noon.Add(lead+75*time.Minute); !got.Equal(want) {
		t.Errorf("the former key is published until %s, want %s", got, want)
	}
	if n := len(engineKeys(t, engine)); n != 2 {
		t.Errorf("%d keys are stored after looking, want the two there were", n)
	}
}

// engineKeys are the kids of what is stored.
func engineKeys(t *testing.T, engine store.Engine) []string {
	t.Helper()
	o, err := newKeyring(t, engine, func() time.Time { return noon.Add(-time.Hour) }, "talk").Inspect(t.Context(), "talk")
	if err != nil {
		t.Fatal(err)
	}
	kids := []string{}
	for _, key := range o.Keys {
		kids = append(kids, key.KID)
	}
	return kids
}

func TestAnOverviewOfFilesSaysWhoCanReadThem(t *testing.T) { // S99
	var now clock
	k := fileKeyring(t, now.Now, exampleKey(), otherKey())
	o, err := k.Inspect(t.Context(), "talk")
	if err != nil {
		t.Fatal(err)
	}
	states := []keyring.State{o.Keys[0].State(), o.Keys[1].State()}
	if !o.FromFiles || len(o.Exposed) > 0 || !slices.Equal(states, []keyring.State{keyring.Signing, keyring.Published}) || !o.Next.IsZero() {
		t.Errorf("Inspect() = %+v, want two files that nobody else reads, the first of which signs for ever", o)
	}
	if _, err := k.Inspect(t.Context(), "coral"); err == nil {
		t.Error("Inspect() of a set there is not = nil, want an error")
	}
}
