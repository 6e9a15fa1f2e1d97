package talk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"chatgate/store"
)

// keptID is the one record of a site's set-up.
const keptID = "before"

// originals are what settings were before they were first changed, in the order of those changes.
type originals struct {
	Settings []original `json:"s"`
}

type original struct {
	Setting string          `json:"i"`
	Value   json.RawMessage `json:"v"`
}

func (o originals) has(setting string) bool {
	return slices.ContainsFunc(o.Settings, func(one original) bool { return one.Setting == setting })
}

func (c *connector) keptSettings() store.Bucket[originals] {
	return store.NewBucket[originals](c.env.Store.Durable("setup").In(c.env.Name))
}

// ErrNothingKept says that no setting was changed from here, or that everything was put back.
var ErrNothingKept = errors.New("nothing is remembered of this Coral: setup changed no setting, or everything was put back")

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

// remember keeps what settings were, unless that is known already: the first value is the one that was there before us.
// It returns those that were new.
func (s *Setup) remember(ctx context.Context, changes []Change) (fresh []string, err error) {
	err = s.edit(ctx, func(kept originals) originals {
		fresh = nil
		for _, change := range changes {
			if !kept.has(change.Setting) {
				fresh = append(fresh, change.Setting)
				kept.Settings = append(kept.Settings, original{Setting: change.Setting, Value: change.Was})
			}
		}
		return kept
	})
	if err != nil {
		return nil, fmt.Errorf("remember what was there before: %w", err)
	}
	return fresh, nil
}

func (s *Setup) forget(ctx context.Context, settings []string) error {
	err := s.edit(ctx, func(kept originals) originals {
		kept.Settings = slices.DeleteFunc(kept.Settings, func(o original) bool { return slices.Contains(settings, o.Setting) })
		return kept
	})
	if err != nil {
		return fmt.Errorf("forget what was there before: %w", err)
	}
	return nil
}

// edit changes the record, or makes it. Only one set-up of a site runs at a time.
func (s *Setup) edit(ctx context.Context, change func(originals) originals) error {
	_, err := s.kept.Update(ctx, keptID, 0, func(o originals) (originals, error) { return change(o), nil })
	if errors.Is(err, store.ErrNotFound) {
		return s.kept.Add(ctx, keptID, change(originals{}), 0)
	}
	return err
}

// resealKept brings the record under the current sealing key, so that an operator can remove an older one (D23).
func (c *connector) resealKept(ctx context.Context) error {
	if _, err := c.keptSettings().Reseal(ctx, keptID, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reseal what setup remembers: %w", err)
	}
	return nil
}
