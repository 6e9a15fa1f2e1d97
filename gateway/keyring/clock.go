package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chatgate/store"
)

// mayDiffer is how far a clock may be off (S97). signLead and keepAfter leave room for it.
const mayDiffer = 2 * time.Minute

// ErrClocks says that this machine's clock and the store's are more than two minutes apart. One of them is wrong, and
// keys are neither added nor dropped by it: a key that is dropped too soon takes the tokens of every replica with it.
var ErrClocks = errors.New("the clocks of this machine and of the store disagree")

// sureTime is the time by which keys come and go: this machine's, provided that the store's agrees, or ErrClocks. A store
// that tells no time is taken to agree.
func (k *Keyring) sureTime(ctx context.Context) (time.Time, error) {
	asked := k.now()
	theirs, err := k.storeNow(ctx)
	now := k.now()
	switch {
	case errors.Is(err, store.ErrNoClock):
		return now, nil
	case err != nil:
		return time.Time{}, fmt.Errorf("compare clocks: %w", err)
	}
	// The store looked at its clock some time between asked and now.
	if off := max(asked.Sub(theirs), theirs.Sub(now)); off > mayDiffer {
		return time.Time{}, fmt.Errorf("%w by %s: let both follow a time server", ErrClocks, off.Round(time.Minute))
	}
	return now, nil
}

// firstDocument is a set of one fresh key. It signs at once, whatever any clock says, so that a wrong one must not keep
// people waiting for it. The earlier of the two clocks keeps it from seeming to wait for its turn, with no other key to
// follow until then.
func (k *Keyring) firstDocument(ctx context.Context) (document, error) {
	now := k.now()
	theirs, err := k.storeNow(ctx)
	switch {
	case errors.Is(err, store.ErrNoClock):
	case err != nil:
		return document{}, fmt.Errorf("compare clocks: %w", err)
	case theirs.Before(now):
		now = theirs
	}
	return newDocument(now)
}
