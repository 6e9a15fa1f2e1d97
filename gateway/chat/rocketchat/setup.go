package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/chat"
)

// WayBack is how administrators get in again when nobody can sign in by the gateway. It is told before anything is
// switched on (R33).
const WayBack = `The way back, should nobody get in any more: start Rocket.Chat with the environment variable
OVERWRITE_SETTING_Accounts_iframe_enabled=false, and its own login page is there again. Keep the password of one
administrator, and stay signed in as it in a second browser until everything works.`

// setupHold is how long one run may take before another may begin.
const setupHold = 2 * time.Minute

// Operated is a connector that an operator works with from the command line.
type Operated interface {
	Setup() *Setup
	Desk() *Desk
}

var _ Operated = (*connector)(nil)

// Setup points a workspace at the gateway, and back. What stood in a setting before the first change to it is kept,
// sealed and durable, until it is put back.
type Setup struct {
	c         *connector
	originals chat.Originals
}

// Setup is the set-up of this workspace.
func (c *connector) Setup() *Setup {
	return &Setup{c: c, originals: chat.NewOriginals(c.env)}
}

// Plan is what Apply would do, in its order, and what is left to do by hand.
type Plan struct {
	Changes []chat.Change
	ByHand  []string
}

// Plan compares the workspace with what it must be, and changes nothing.
func (s *Setup) Plan(ctx context.Context) (Plan, error) {
	wanted, byHand := s.wanted(ctx)
	var ids []string
	for _, w := range wanted {
		ids = append(ids, w.id)
	}
	present, err := s.c.workspace.settings(ctx, ids...)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{ByHand: byHand}
	for _, w := range wanted {
		if w.met(present[w.id]) {
			continue
		}
		if w.byHand != "" {
			plan.ByHand = append(plan.ByHand, w.byHand)
			continue
		}
		value, err := json.Marshal(w.value)
		if err != nil {
			return Plan{}, fmt.Errorf("encode %s: %w", w.id, err)
		}
		plan.Changes = append(plan.Changes, chat.Change{Setting: w.id, Was: present[w.id], Set: value})
	}
	plan.ByHand = slices.Compact(plan.ByHand) // one choice may concern two settings
	return plan, nil
}

// wanted are the settings in the order in which they are set: what replaces the login page is the last.
func (s *Setup) wanted(ctx context.Context) (wanted []wantedSetting, byHand []string) {
	wanted = s.c.embedSettings()
	if len(s.c.cfg.EmbedOrigins) > 0 {
		// Rocket.Chat's own header is given up only where a policy stands in its place already: without either, every
		// page could frame the chat.
		if framing := s.c.examineFraming(ctx); framing.OK {
			wanted = append(wanted, wantedSetting{id: restrictAccess, value: false})
		} else {
			byHand = append(byHand, framing.String())
		}
	}
	return append(wanted, s.c.iframeSettings()...), byHand
}

// Obstacles are the findings with which Apply must not be called: people would stand before a login page that does not
// let them in.
func (s *Setup) Obstacles(ctx context.Context) []chat.Finding {
	var found []chat.Finding
	for _, f := range s.c.Examine(ctx) {
		if !f.OK && !f.Minor && f.Name != iframeFinding && f.Name != embedFinding {
			found = append(found, f)
		}
	}
	return found
}

// UnfinishedError says how far a run came and how to go on.
type UnfinishedError struct {
	// Setting is the one that could not be set, Err why.
	Setting string
	Err     error
	// Done are those that were.
	Done []string
	// Locked says that Rocket.Chat's own login page may be replaced as things stand.
	Locked bool
}

func (e *UnfinishedError) Error() string {
	done := "nothing was changed"
	if len(e.Done) > 0 {
		done = "changed so far: " + strings.Join(e.Done, ", ")
	}
	login := iframeEnabled + " was not touched, so people sign in as before"
	if e.Locked {
		login = iframeEnabled + " may be on: look at the login page in a private window, and see the way back above"
	}
	return fmt.Sprintf("%s: %v; %s; %s; run the same command again to go on", e.Setting, e.Err, done, login)
}

func (e *UnfinishedError) Unwrap() error { return e.Err }

// Apply makes the changes of a plan that a person has seen, each remembered before it is made and read back after, and
// tells of each that stands. Where Plan says something else by now it changes nothing and returns chat.ErrPlanChanged. After an
// error or a crash a new plan has what is left, and what was remembered first stays.
func (s *Setup) Apply(ctx context.Context, plan Plan, told func(chat.Change)) error {
	return s.c.locks.Do(ctx, "setup", setupHold, func(ctx context.Context) error {
		now, err := s.Plan(ctx)
		if err != nil {
			return err
		}
		if err := chat.Agreed(plan.Changes, now.Changes); err != nil {
			return err
		}
		return s.carryOut(ctx, plan.Changes, s.apply, told)
	})
}

func (s *Setup) carryOut(ctx context.Context, changes []chat.Change, do func(context.Context, chat.Change) error, told func(chat.Change)) error {
	var done []string
	for _, change := range changes {
		if err := do(ctx, change); err != nil {
			return &UnfinishedError{Setting: change.Setting, Err: err, Done: done, Locked: change.Setting == iframeEnabled}
		}
		done = append(done, change.Setting)
		s.c.env.RecordSetting(ctx, change.Setting)
		told(change)
	}
	return nil
}

// apply makes one change. What Rocket.Chat refused has not been changed, so there is nothing to remember of it.
func (s *Setup) apply(ctx context.Context, change chat.Change) error {
	fresh, err := s.originals.Remember(ctx, change)
	if err != nil {
		return err
	}
	err = s.c.workspace.writeSetting(ctx, change.Setting, change.Set)
	if _, refused := errors.AsType[*apiError](err); refused {
		return errors.Join(err, s.originals.Forget(ctx, fresh))
	}
	return err
}

// UndoPlan is what Undo would do: the settings that are not what they were, the login page first.
func (s *Setup) UndoPlan(ctx context.Context) ([]chat.Change, error) {
	kept, err := s.originals.List(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range kept {
		ids = append(ids, o.Setting)
	}
	present, err := s.c.workspace.settings(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var changes []chat.Change
	for _, o := range undoOrder(kept) {
		if !chat.SameValue(present[o.Setting], o.Value) {
			changes = append(changes, chat.Change{Setting: o.Setting, Was: present[o.Setting], Set: o.Value})
		}
	}
	return changes, nil
}

// undoOrder is the order of an undo: what was set last comes first, and before all what gives people Rocket.Chat's own
// login page back.
func undoOrder(kept []chat.Original) []chat.Original {
	reversed := slices.Clone(kept)
	slices.Reverse(reversed)
	slices.SortStableFunc(reversed, func(a, b chat.Original) int { return rank(a) - rank(b) })
	return reversed
}

func rank(o chat.Original) int {
	if o.Setting == iframeEnabled {
		return 0
	}
	return 1
}

// Undo makes the changes of an UndoPlan that a person has seen, and so puts back what was there before the first Apply,
// Rocket.Chat's own login page first; then it forgets it. Where UndoPlan says something else by now it changes nothing and
// returns chat.ErrPlanChanged. Without anything to put back it returns chat.ErrNothingKept.
func (s *Setup) Undo(ctx context.Context, changes []chat.Change, told func(chat.Change)) error {
	return s.c.locks.Do(ctx, "setup", setupHold, func(ctx context.Context) error {
		now, err := s.UndoPlan(ctx)
		if err != nil {
			return err
		}
		if err := chat.Agreed(changes, now); err != nil {
			return err
		}
		put := func(ctx context.Context, change chat.Change) error {
			return s.c.workspace.writeSetting(ctx, change.Setting, change.Set)
		}
		if err := s.carryOut(ctx, changes, put, told); err != nil {
			return err
		}
		return s.originals.Clear(ctx)
	})
}
