package talk

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
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

// TestANameUnderALostKeyWaitsForItsKey: that no live replica holds a key is passing evidence, as before the first beats. Its
// owner gets in under another name meanwhile, and has theirs again with the key; what another replica opens is left to it
// (D23, S68).
func TestANameUnderALostKeyWaitsForItsKey(t *testing.T) {
	for _, profile := range []Profile{CoralSSO, CoralOIDC, Talk4} {
		t.Run(string(profile), func(t *testing.T) {
			ctx, engine := t.Context(), memstore.New(memstore.Config{})
			as := func(id string, register *names) (string, error) {
				register.profile = profile
				return register.of(ctx, id, "ada")
			}
			former, _ := registerUnder(t, engine, "former")
			if _, err := as(userID, former); err != nil {
				t.Fatal(err)
			}
			registerUnder(t, engine, "current", "former") // brings the key of names over, and nobody's name
			current, _ := registerUnder(t, engine, "current")
			if got, err := as(userID, current); !errors.Is(err, store.ErrUnknownKey) {
				t.Errorf("of(ada) while another replica holds the key = %q, %v, want ErrUnknownKey", got, err)
			}
			current.elsewhere = func(string) bool { return false }
			stopgap, err := as(userID, current)
			if !regexp.MustCompile(`^ada_[a-z]{8}$`).MatchString(stopgap) || stopgap == current.candidate(userID, "ada", tries) || err != nil {
				t.Errorf("of(ada) once nobody holds the key = %q, %v, want a name that nobody foresees", stopgap, err)
			}
			if again, err := as(userID, current); again != stopgap || err != nil {
				t.Errorf("of(ada) = %q, %v the next time, want %q as before", again, err, stopgap)
			}
			if got, err := as("stranger", current); got == "ada" || got == stopgap || err != nil {
				t.Errorf("of(ada) for a stranger = %q, %v, want a third name", got, err)
			}
			both, _ := registerUnder(t, engine, "current", "former")
			for which, register := range map[string]*names{"that replica": former, "one with both keys": both} {
				if got, err := as(userID, register); got != "ada" || err != nil {
					t.Errorf("of(ada) at %s = %q, %v, want ada as ever", which, got, err)
				}
			}
		})
	}
}

func TestAStopgapKeepsToTheLengthOfNames(t *testing.T) {
	register, _ := registerUnder(t, memstore.New(memstore.Config{}), "current")
	for profile, limit := range map[Profile]int{CoralSSO: maxUsername, CoralOIDC: maxCoralUsername, Talk4: maxUsername} {
		register.profile = profile
		if got, err := register.stopgap(t.Context(), userID, strings.Repeat("long", 20)); len(got) != limit || err != nil {
			t.Errorf("stopgap for %s = %q, %v, want %d characters (G20)", profile, got, err, limit)
		}
	}
}
