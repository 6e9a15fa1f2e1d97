package talk

import (
	"errors"
	"fmt"
	"testing"

	"chatgate/store"
	"chatgate/store/memstore"
)

// TestNamesThatOthersTookOnPurposeKeepNobodyOut: whoever holds all that a person can be foreseen to be called delays them
// by nothing.
func TestNamesThatOthersTookOnPurposeKeepNobodyOut(t *testing.T) {
	for _, profile := range []Profile{CoralSSO, CoralOIDC, Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			register, _ := registerUnder(t, memstore.New(memstore.Config{}), "current")
			register.profile = profile
			taken := map[string]bool{}
			for i := range tries + 1 {
				name, err := register.of(t.Context(), fmt.Sprintf("accomplice %d", i), register.candidate(userID, "ada", i))
				if err != nil {
					t.Fatal(err)
				}
				taken[register.fold(name)] = true
			}
			first, err := register.of(t.Context(), userID, "ada")
			if err != nil || taken[register.fold(first)] {
				t.Errorf("of(ada) = %q, %v, want a name that nobody has", first, err)
			}
			if again, err := register.of(t.Context(), userID, "ada"); again != first || err != nil {
				t.Errorf("of(ada) = %q, %v the next time, want %q as ever", again, err, first)
			}
		})
	}
}

// TestANameUnderALostKeyIsTakenAnew: what nobody opens shuts its owner out for good no more, and what another replica
// opens is left to it (D23, S68).
func TestANameUnderALostKeyIsTakenAnew(t *testing.T) {
	ctx, engine := t.Context(), memstore.New(memstore.Config{})
	former, _ := registerUnder(t, engine, "former")
	if _, err := former.of(ctx, userID, "ada"); err != nil {
		t.Fatal(err)
	}
	registerUnder(t, engine, "current", "former") // brings the key of names over, and nobody's name
	current, _ := registerUnder(t, engine, "current")
	if got, err := current.of(ctx, userID, "ada"); !errors.Is(err, store.ErrUnknownKey) {
		t.Errorf("of(ada) while another replica holds the key = %q, %v, want ErrUnknownKey", got, err)
	}
	if got, err := former.of(ctx, userID, "ada"); got != "ada" || err != nil {
		t.Errorf("of(ada) at that replica = %q, %v, want ada as ever", got, err)
	}
	current.elsewhere = func(string) bool { return false }
	for range 2 {
		if got, err := current.of(ctx, userID, "ada"); got != "ada_2" || err != nil {
			t.Errorf("of(ada) once nobody holds the key = %q, %v, want another name", got, err)
		}
	}
}
