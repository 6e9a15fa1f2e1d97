package talk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// setupHold is how long one run may take before another may begin.
const setupHold = time.Minute

// Setup points a Coral at the gateway, and back. What stood in a setting before the first change to it is kept, sealed and
// durable, until it is put back.
type Setup struct {
	c         *connector
	admin     administration
	originals chat.Originals
	locks     store.Locks
	duration  time.Duration
}

// Administrator is who sets a Coral up.
type Administrator struct {
	// Token is one of Coral's own, of somebody with the role ADMIN. It is kept nowhere.
	Token store.Secret
	// SessionDuration is what the life of Coral's own tokens shall be; 0 leaves it as it is.
	SessionDuration time.Duration
}

// ErrNotCoral says that the site is a Talk 4, which has no settings but its environment.
var ErrNotCoral = errors.New("the site is a Talk 4: it is set up by its environment")

// Setup is the set-up of this site's Coral, or ErrNotCoral.
func (c *connector) Setup(by Administrator) (*Setup, error) {
	if c.cfg.Profile == Talk4 {
		return nil, ErrNotCoral
	}
	return &Setup{
		c: c, admin: administration{c: c, token: by.Token}, duration: by.SessionDuration,
		originals: chat.NewOriginals(c.env),
		locks:     store.NewLocks(c.env.Store.Passing("lock").In(c.env.Name)),
	}, nil
}

// Plan is what Apply would do, why it would not, and what is left to do by hand.
type Plan struct {
	Changes   []chat.Change
	Obstacles []string
	ByHand    []string
}

// Plan compares Coral with what it must be, and changes nothing.
func (s *Setup) Plan(ctx context.Context) (Plan, error) {
	now, err := s.admin.settings(ctx)
	if err != nil {
		return Plan{}, err
	}
	plan, err := s.changes(now)
	if err != nil {
		return Plan{}, err
	}
	origins, told, err := s.admin.origins(ctx)
	if err != nil {
		return Plan{}, err
	}
	byHand := []string{s.c.foreignSecret(now), s.c.foreignCallback(now)}
	if told {
		byHand = append(byHand, lockedOut(s.c.notLetIn(origins)))
	}
	if s.duration == 0 {
		byHand = append(byHand, s.c.longSession(now))
	}
	plan.ByHand = slices.DeleteFunc(byHand, isEmpty)
	plan.Obstacles = slices.DeleteFunc([]string{s.c.bothOn(now)}, isEmpty)
	return plan, nil
}

func isEmpty(text string) bool { return text == "" }

func (s *Setup) changes(now coralSettings) (Plan, error) {
	all := s.c.wanted()
	if s.duration > 0 {
		all = append(all, wanted{setting: sessionDuration, value: int(s.duration.Seconds())})
	}
	var plan Plan
	for _, w := range all {
		if w.met(now) {
			continue
		}
		value, err := json.Marshal(w.value)
		if err != nil {
			return Plan{}, fmt.Errorf("encode %s: %w", w.setting, err)
		}
		plan.Changes = append(plan.Changes, changeOf(w.setting, now.values[w.setting], value))
	}
	return plan, nil
}

// Errors of Apply and Undo after which everything is as it was.
var (
	ErrObstacle = errors.New("nothing was changed: Coral's other integration is switched on; switch it off, or say bothIntegrations: true")
)

// Apply makes the changes of a plan that a person has seen, all at once, remembered before and read back after, and tells
// of each. Where Plan says something else by now it changes nothing and returns chat.ErrPlanChanged. After an error or a crash
// a new plan has what is left, and what was remembered first stays.
func (s *Setup) Apply(ctx context.Context, plan Plan, told func(chat.Change)) error {
	return s.alone(ctx, func(ctx context.Context) error {
		now, err := s.Plan(ctx)
		switch {
		case err != nil:
			return err
		case len(now.Obstacles) > 0:
			return ErrObstacle
		}
		if err := chat.Agreed(plan.Changes, now.Changes); err != nil {
			return err
		}
		fresh, err := s.originals.Remember(ctx, plan.Changes...)
		if err != nil {
			return err
		}
		err = s.write(ctx, plan.Changes, told)
		if _, refused := errors.AsType[*coralError](err); refused { // it was not changed, so there is nothing to remember
			return errors.Join(err, s.originals.Forget(ctx, fresh))
		}
		return err
	})
}

func (s *Setup) alone(ctx context.Context, work func(context.Context) error) error {
	return s.locks.Do(ctx, "setup", setupHold, work)
}

// write makes changes and reads them back.
func (s *Setup) write(ctx context.Context, changes []chat.Change, told func(chat.Change)) error {
	if len(changes) == 0 {
		return nil
	}
	now, err := s.admin.settings(ctx)
	if err != nil {
		return err
	}
	values := map[string]json.RawMessage{}
	for _, change := range changes {
		values[change.Setting] = change.Set
	}
	if err := s.admin.update(ctx, now, values); err != nil {
		return err
	}
	stands, err := s.admin.settings(ctx)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	for _, change := range changes {
		if !chat.SameValue(stands.values[change.Setting], change.Set) {
			return fmt.Errorf("%s still is %s, although Coral took another value: run the same command again", change.Setting,
				shown(change.Setting, stands.values[change.Setting]))
		}
		s.c.env.RecordSetting(ctx, change.Setting)
		told(change)
	}
	return nil
}

// UndoPlan is what Undo would do: the settings that are not what they were.
func (s *Setup) UndoPlan(ctx context.Context) ([]chat.Change, error) {
	kept, err := s.originals.List(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.admin.settings(ctx)
	if err != nil {
		return nil, err
	}
	var changes []chat.Change
	for _, o := range slices.Backward(kept) {
		if !chat.SameValue(now.values[o.Setting], o.Value) {
			changes = append(changes, changeOf(o.Setting, now.values[o.Setting], o.Value))
		}
	}
	return changes, nil
}

// Undo makes the changes of an UndoPlan that a person has seen, and so puts back what was there before the first Apply;
// then it forgets it. Where UndoPlan says something else by now it changes nothing and returns chat.ErrPlanChanged. Without
// anything to put back it returns chat.ErrNothingKept.
func (s *Setup) Undo(ctx context.Context, changes []chat.Change, told func(chat.Change)) error {
	return s.alone(ctx, func(ctx context.Context) error {
		now, err := s.UndoPlan(ctx)
		if err != nil {
			return err
		}
		if err := chat.Agreed(changes, now); err != nil {
			return err
		}
		if err := s.write(ctx, changes, told); err != nil {
			return err
		}
		return s.originals.Clear(ctx)
	})
}

// SigningSecrets are the secrets of Coral's single sign-on that are good now, the current one first. They are what
// ssoSecrets must have.
func (s *Setup) SigningSecrets(ctx context.Context) ([]SigningSecret, error) {
	now, err := s.admin.settings(ctx)
	return now.secrets, err
}
