package talk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
)

// RefusedError says why a user id is not given to whom an operator wants to give it.
type RefusedError = chat.RefusedError

// AliasImport says how aliases are made.
type AliasImport struct {
	// Providers are the keys of the configuration: nobody signs in at any other.
	Providers []string
	// Move takes the user id from people who are signed in, too.
	Move bool
	// DryRun changes nothing.
	DryRun bool
}

// Replacement is a provider in whose place another one came.
type Replacement struct {
	// Former and Provider are their keys, which may be one: then only the subjects are new.
	Former, Provider string
	Subjects         []chat.Renamed
}

// Replace lets everybody on a map go by the user id that they had with the former provider, and tells what became of each
// line. A line that cannot be taken changes nothing and holds up no other. It may be repeated: what stands already is left
// alone. An error ends it, and what was done stays.
func (d *Aliases) Replace(ctx context.Context, r Replacement, how AliasImport, told func(chat.ImportedLine)) error {
	old := map[string]bool{}
	for _, line := range r.Subjects {
		old[line.Old] = true
	}
	for _, line := range r.Subjects {
		outcome, err := chat.ImportRefused, error(nil)
		switch {
		case r.Former == r.Provider && line.Old == line.New:
			outcome = chat.ImportUnchanged
		case r.Former == r.Provider && old[line.New]:
			// Whose id it is would depend on the order of the lines, and on how often they are read.
			err = &RefusedError{Why: fmt.Sprintf("subject %q is an old one too: give the new provider a key of its own", line.New)}
		default:
			from, to := person{Provider: r.Former, Subject: line.Old}, person{Provider: r.Provider, Subject: line.New}
			outcome, err = d.give(ctx, from, to, "", how)
		}
		if err := chat.TellLine(told, line.Line, outcome, err); err != nil {
			return err
		}
	}
	return nil
}

// aliasLine is an alias as Export writes it and Import reads it: one JSON object on each line.
type aliasLine struct {
	Provider       string `json:"provider"`
	Subject        string `json:"subject"`
	UserID         string `json:"user_id"`
	FormerProvider string `json:"former_provider"`
	FormerSubject  string `json:"former_subject"`
}

// Export writes every alias that tells whose user id it is, and says how many do not: of those the former person was erased.
func (d *Aliases) Export(ctx context.Context, w io.Writer) (written, erased int, err error) {
	all, err := d.List(ctx)
	if err != nil {
		return 0, 0, err
	}
	encoder := json.NewEncoder(w)
	for _, a := range all {
		if a.FormerProvider == "" {
			erased++
			continue
		}
		if err := encoder.Encode(aliasLine(a)); err != nil {
			return written, erased, fmt.Errorf("write aliases: %w", err)
		}
		written++
	}
	return written, erased, nil
}

// Import reads aliases as Export writes them, in the manner of Replace.
func (d *Aliases) Import(ctx context.Context, r io.Reader, how AliasImport, told func(chat.ImportedLine)) error {
	return chat.EachLine(r, told, func(line []byte) (chat.Outcome, error) { return d.importLine(ctx, line, how) })
}

func (d *Aliases) importLine(ctx context.Context, raw []byte, how AliasImport) (chat.Outcome, error) {
	var line aliasLine
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil || decoder.More() || slices.Contains(line.texts(), "") {
		return "", &RefusedError{Why: "must be one JSON object with provider, subject, user_id, former_provider and former_subject"}
	}
	from, to := person{Provider: line.FormerProvider, Subject: line.FormerSubject}, person{Provider: line.Provider, Subject: line.Subject}
	return d.give(ctx, from, to, line.UserID, how)
}

func (l aliasLine) texts() []string {
	return []string{l.Provider, l.Subject, l.UserID, l.FormerProvider, l.FormerSubject}
}

// handover is a user id on its way from one person to another, with what is kept of both.
type handover struct {
	from, to       person
	fromKey, toKey string
	former, record alias // of from and of to
	id             string
}

// give lets one person have the user id of another, who has none then. When userID is not empty it must be the one.
func (d *Aliases) give(ctx context.Context, from, to person, userID string, how AliasImport) (outcome chat.Outcome, err error) {
	switch {
	case from == to:
		return "", &RefusedError{Why: from.String() + " cannot follow on itself"}
	case !slices.Contains(how.Providers, to.Provider):
		return "", &RefusedError{Why: fmt.Sprintf("provider %q is not in the configuration", to.Provider)}
	}
	err = d.alone(ctx, func(ctx context.Context) error {
		outcome, err = d.giveAlone(ctx, from, to, userID, how)
		return err
	})
	return outcome, err
}

func (d *Aliases) giveAlone(ctx context.Context, from, to person, userID string, how AliasImport) (chat.Outcome, error) {
	h, err := d.handover(ctx, from, to)
	if err != nil {
		return "", err
	}
	if had := d.c.cfg.numbered(h.id); userID != "" && userID != had {
		return "", &RefusedError{Why: fmt.Sprintf("the user id of %s is %s here", from, had)}
	}
	if h.done() {
		return chat.ImportUnchanged, nil
	}
	if err := h.refusal(); err != nil {
		return "", err
	}
	if err := d.mayMove(ctx, from, how); err != nil || how.DryRun {
		return chat.ImportMoved, err
	}
	if h.back() {
		_, err := d.unlink(ctx, from)
		return chat.ImportMoved, err
	}
	return chat.ImportMoved, d.ending(ctx, func() error { return d.hand(ctx, h) }, from, to)
}

// mayMove keeps a person's account from going over while they are using it.
func (d *Aliases) mayMove(ctx context.Context, from person, how AliasImport) error {
	if how.Move {
		return nil
	}
	using, err := d.signedIn(ctx, from)
	if err == nil && using {
		err = &RefusedError{Why: from.String() + " is signed in: with --move the user id is taken all the same"}
	}
	return err
}

func (d *Aliases) handover(ctx context.Context, from, to person) (h handover, err error) {
	a := d.c.aliases
	h.from, h.to = from, to
	for _, end := range []struct {
		who    person
		key    *string
		record *alias
	}{{from, &h.fromKey, &h.former}, {to, &h.toKey, &h.record}} {
		if *end.key, err = a.key(ctx, end.who); err != nil {
			return h, err
		}
		if *end.record, err = a.record(ctx, *end.key); err != nil {
			return h, err
		}
	}
	h.id, err = a.held(ctx, from, h.former)
	return h, err
}

// done says whether the id has gone over already.
func (h handover) done() bool {
	return h.former.To == h.toKey && h.record.From == h.fromKey && h.record.ID != ""
}

// back says whether the id comes from the person whom it goes to, as when a former provider is taken into use again.
func (h handover) back() bool { return h.record.To == h.fromKey }

// refusal is why the id cannot go over. An id that was begun to go over, and stopped, may go on.
func (h handover) refusal() error {
	switch {
	case h.former.To != "" && h.former.To != h.toKey:
		return &RefusedError{Why: "the user id of " + h.from.String() + " went to somebody else already"}
	case h.back():
		return nil
	case h.record.To != "":
		return &RefusedError{Why: "the user id of " + h.to.String() + " went to somebody else: take it back first"}
	case h.record.From != "" && h.record.From != h.fromKey:
		return &RefusedError{Why: h.to.String() + " has another person's user id already: unlink it first"}
	}
	return nil
}

// hand writes that nobody has the id first, and whose it is second: whatever comes in between leaves it with nobody, and
// never with two. To read the line once more finishes that.
func (d *Aliases) hand(ctx context.Context, h handover) error {
	h.former.Provider, h.former.Subject, h.former.To = h.from.Provider, h.from.Subject, h.toKey
	if err := d.c.aliases.put(ctx, h.fromKey, h.former); err != nil {
		return err
	}
	h.record.Provider, h.record.Subject = h.to.Provider, h.to.Subject
	h.record.ID, h.record.From = h.id, h.fromKey
	if err := d.c.aliases.put(ctx, h.toKey, h.record); err != nil {
		return err
	}
	d.record(ctx, audit.AccountLinked, h.to, d.c.cfg.numbered(h.id))
	return nil
}
