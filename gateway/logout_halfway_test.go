package gateway_test

import (
	"context"
	"net/http"
	"testing"

	"chatgate/store"
)

// undeletable is a store that writes and reads, and does not delete.
type undeletable struct{ store.Engine }

func (undeletable) Delete(context.Context, string) error { return store.ErrUnavailable }

// TestALogoutThatStoppedHalfwayIsNotRemembered: a token whose session could not be ended is not one that has been acted
// on, and does its work when the provider brings it again (S111).
func TestALogoutThatStoppedHalfwayIsNotRemembered(t *testing.T) {
	w := open(t, options{})
	b := w.signedIn()
	token := w.logoutToken("ada-1", b.sid(), nil)
	whole := w.engine.Engine
	w.engine.Engine = undeletable{whole}
	if answer := w.tell(token); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("while nothing can be deleted answered %d, want 503", answer.StatusCode)
	}
	w.engine.Engine = whole
	if answer := w.tell(token); answer.StatusCode != http.StatusOK || b.who() != "" {
		t.Errorf("brought again answered %d, signed in is %q; want 200 and nobody", answer.StatusCode, b.who())
	}
}
