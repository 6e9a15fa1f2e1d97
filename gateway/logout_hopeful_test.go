package gateway

import (
	"errors"
	"testing"

	"chatgate/oidc"
)

// Of two registrations at one issuer one cannot be asked: its provider is told to come again, in whatever order (S111).
func TestALogoutThatMayStillBeTakenIsNotRefused(t *testing.T) {
	refused := error(&oidc.RefusedError{Reason: oidc.ReasonLogoutAudience, Err: errors.New("another client's")})
	for name, away := range map[string]error{"not discovered yet": oidc.ErrNotReady, "not answering": oidc.ErrProvider} {
		if got := moreHopeful(moreHopeful(refused, away), refused); !errors.Is(got, away) {
			t.Errorf("%s, then refused: %v", name, got)
		}
		if got := moreHopeful(refused, away); !errors.Is(got, away) {
			t.Errorf("refused, then %s: %v", name, got)
		}
	}
	if got := moreHopeful(errors.New("x"), refused); got == nil || errors.Is(got, oidc.ErrRefused) {
		t.Errorf("an unknown failure gives way to a refusal: %v", got)
	}
}
