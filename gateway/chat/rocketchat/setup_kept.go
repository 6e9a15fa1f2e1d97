package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"chatgate/store"
)

// keptID is the one record of a workspace's set-up.
const keptID = "before"

// originals are what settings were before they were first changed, in the order of those changes.
type originals struct {
	Settings []original `json:"s"`
}

type original struct {
	Setting string          `json:"i"`
	Value   json.RawMessage `json:"v"`
}

func (o originals) ids() []string {
	var ids []string
	for _, s := range o.Settings {
		ids = append(ids, s.Setting)
	}
	return ids
}

// lastFirst is the order of an undo. What gives people Rocket.Chat's own login page back comes before all.
func (o originals) lastFirst() []original {
	reversed := slices.Clone(o.Settings)
	slices.Reverse(reversed)
	slices.SortStableFunc(reversed, func(a, b original) int { return rank(a) - rank(b) })
	return reversed
}

func rank(o original) int {
	if o.Setting == iframeEnabled {
		return 0
	}
	return 1
}

func (s *Setup) originals(ctx context.Context) (originals, error) {
	kept, err := s.kept.Get(ctx, keptID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return kept, fmt.Errorf("read what was there before: %w", err)
	}
	if len(kept.Settings) == 0 {
		return kept, ErrNothingKept
	}
	return kept, nil
}

// remember keeps what a setting was, unless that is known already: the first value is the one that was there before us.
// It says whether it was new.
func (s *Setup) remember(ctx context.Context, o original) (fresh bool, err error) {
	err = s.edit(ctx, func(kept originals) originals {
		fresh = !slices.Contains(kept.ids(), o.Setting)
		if fresh {
			kept.Settings = append(kept.Settings, o)
		}
		return kept
	})
	if err != nil {
		return false, fmt.Errorf("remember what was there before: %w", err)
	}
	return fresh, nil
}

func (s *Setup) forget(ctx context.Context, setting string) error {
	err := s.edit(ctx, func(kept originals) originals {
		kept.Settings = slices.DeleteFunc(kept.Settings, func(o original) bool { return o.Setting == setting })
		return kept
	})
	if err != nil {
		return fmt.Errorf("forget what was there before: %w", err)
	}
	return nil
}

// edit changes the record, or makes it. Only one set-up of a workspace runs at a time.
func (s *Setup) edit(ctx context.Context, change func(originals) originals) error {
	_, err := s.kept.Update(ctx, keptID, 0, func(o originals) (originals, error) { return change(o), nil })
	if errors.Is(err, store.ErrNotFound) {
		return s.kept.Add(ctx, keptID, change(originals{}), 0)
	}
	return err
}

// reseal brings the record under the current sealing key, so that an operator can remove an older one (D23).
func (s *Setup) reseal(ctx context.Context) error {
	if _, err := s.kept.Reseal(ctx, keptID, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reseal what setup remembers: %w", err)
	}
	return nil
}
