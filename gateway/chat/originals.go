package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"chatgate/gateway/audit"
	"chatgate/store"
)

// Originals remember what settings of a chat were before they were first changed from here, sealed and durable, until
// they are put back. Only one set-up of a chat may run at a time.
type Originals struct{ kept store.Bucket[originals] }

// NewOriginals are those of one chat.
func NewOriginals(env Env) Originals {
	return Originals{kept: store.NewBucket[originals](env.Store.Durable("setup").In(env.Name))}
}

// Original is what one setting was.
type Original struct {
	Setting string          `json:"i"`
	Value   json.RawMessage `json:"v"`
}

// originals are in the order in which the settings were first changed.
type originals struct {
	Settings []Original `json:"s"`
}

// keptID is the one record of a chat's set-up.
const keptID = "before"

// ErrNothingKept says that no setting was changed from here, or that everything was put back.
var ErrNothingKept = errors.New("nothing is remembered of this chat: setup changed no setting, or everything was put back")

// List returns what is remembered, in the order in which the settings were first changed, or ErrNothingKept.
func (o Originals) List(ctx context.Context) ([]Original, error) {
	kept, err := o.kept.Get(ctx, keptID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("read what was there before: %w", err)
	}
	if len(kept.Settings) == 0 {
		return nil, ErrNothingKept
	}
	return kept.Settings, nil
}

// Remember keeps what settings were, unless that is known already: the first value is the one that was there before us.
// It returns the settings that were new.
func (o Originals) Remember(ctx context.Context, changes ...Change) (fresh []string, err error) {
	err = o.edit(ctx, func(kept []Original) []Original {
		fresh = nil // this may be another try
		for _, change := range changes {
			known := slices.ContainsFunc(kept, func(one Original) bool { return one.Setting == change.Setting })
			if !known {
				fresh = append(fresh, change.Setting)
				kept = append(kept, Original{Setting: change.Setting, Value: change.Was})
			}
		}
		return kept
	})
	if err != nil {
		return nil, fmt.Errorf("remember what was there before: %w", err)
	}
	return fresh, nil
}

// Forget drops settings that were not changed after all.
func (o Originals) Forget(ctx context.Context, settings []string) error {
	err := o.edit(ctx, func(kept []Original) []Original {
		return slices.DeleteFunc(kept, func(one Original) bool { return slices.Contains(settings, one.Setting) })
	})
	if err != nil {
		return fmt.Errorf("forget what was there before: %w", err)
	}
	return nil
}

// edit changes the record, or makes it.
func (o Originals) edit(ctx context.Context, change func([]Original) []Original) error {
	_, err := o.kept.Update(ctx, keptID, 0, func(was originals) (originals, error) {
		return originals{Settings: change(was.Settings)}, nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return o.kept.Add(ctx, keptID, originals{Settings: change(nil)}, 0)
	}
	return err
}

// Clear forgets everything, once it has been put back.
func (o Originals) Clear(ctx context.Context) error { return o.kept.Delete(ctx, keptID) }

// Reseal brings the record under the current sealing key, so that an operator can remove an older one (D23).
func (o Originals) Reseal(ctx context.Context) error {
	if _, err := o.kept.Reseal(ctx, keptID, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("reseal what setup remembers: %w", err)
	}
	return nil
}

// RecordSetting audits a setting that an operator had changed.
func (e *Env) RecordSetting(ctx context.Context, setting string) {
	e.Audit.Record(ctx, audit.Event{
		Act: audit.SettingChanged, Actor: audit.ActorOperator, Chat: e.Name,
		Attrs: []slog.Attr{slog.String("setting", setting)},
	})
}
