package rocketchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// record is a link as Export writes it and Import reads it: one JSON object on each line.
type record struct {
	Provider string `json:"provider"`
	Subject  string `json:"subject"`
	UserID   string `json:"user_id"`
}

// Export writes every link that tells whose it is, and says how many do not.
func (d *Desk) Export(ctx context.Context, w io.Writer) (written, unknown int, err error) {
	links, err := d.List(ctx)
	if err != nil {
		return 0, 0, err
	}
	encoder := json.NewEncoder(w)
	for _, l := range links {
		if !l.Known() {
			unknown++
			continue
		}
		if err := encoder.Encode(record(l)); err != nil {
			return written, unknown, fmt.Errorf("write account links: %w", err)
		}
		written++
	}
	return written, unknown, nil
}

// Import says how links are read in.
type Import struct {
	// Providers are the keys of the configuration; a link to any other would be nobody's.
	Providers []string
	// Provider, when set, is the key that every link is given in place of its own, and Subjects, when not nil, the new
	// subject of each old one: a provider was replaced (D6).
	Provider string
	Subjects map[string]string
	// Admin allows administrators' accounts, like that of a LinkRequest.
	Admin bool
	// DryRun changes nothing.
	DryRun bool
}

// What became of one line, and what can.
type (
	Outcome      = chat.Outcome
	ImportedLine = chat.ImportedLine
)

// The outcomes.
const (
	ImportLinked    = chat.ImportLinked
	ImportMoved     = chat.ImportMoved
	ImportUnchanged = chat.ImportUnchanged
	ImportRefused   = chat.ImportRefused
)

// Import reads links as Export writes them and tells what became of each line. A line that cannot be taken as it stands
// changes nothing and holds up no other. It may be repeated: what stands already is left alone. An error ends it, and
// what was done stays.
func (d *Desk) Import(ctx context.Context, r io.Reader, how Import, told func(ImportedLine)) error {
	return chat.EachLine(r, told, func(line []byte) (Outcome, error) { return d.importLine(ctx, line, how) })
}

func (d *Desk) importLine(ctx context.Context, line []byte, how Import) (outcome Outcome, err error) {
	from, err := readRecord(line)
	if err != nil {
		return "", err
	}
	to, err := how.target(from)
	if err != nil {
		return "", err
	}
	err = d.c.accounts.alone(ctx, to.Provider, to.Subject, func(ctx context.Context) error {
		outcome, err = d.importLink(ctx, from, to, how)
		return err
	})
	return outcome, err
}

// importLink links an identity that has no account yet.
func (d *Desk) importLink(ctx context.Context, from, to Link, how Import) (outcome Outcome, err error) {
	present, err := d.links().Account(ctx, to.Provider, to.Subject)
	switch {
	case err == nil && present == to.UserID:
		return ImportUnchanged, nil
	case err == nil:
		return "", &RefusedLinkError{Why: fmt.Sprintf("%s is linked to account %s already", whose(to), present)}
	case !errors.Is(err, store.ErrNotFound):
		return "", err
	}
	err = d.links().alone(ctx, func(ctx context.Context) error {
		outcome, err = d.importAccount(ctx, from, to, how)
		return err
	}, to.UserID)
	return outcome, err
}

// importAccount links an account that is nobody's, or that is still the old identity's of the same line.
func (d *Desk) importAccount(ctx context.Context, from, to Link, how Import) (Outcome, error) {
	if _, err := d.links().Account(ctx, from.Provider, from.Subject); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err // read so that a link of the first release knows whose it is
	}
	owner, err := d.links().Owner(ctx, to.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return ImportLinked, d.importNew(ctx, to, how)
	case err != nil:
		return "", err
	case owner != from:
		return "", &RefusedLinkError{Why: fmt.Sprintf("account %s is linked to %s", to.UserID, whose(owner))}
	case how.DryRun:
		return ImportMoved, nil
	}
	// The account is nobody's in between: a crash there leaves a line that a second run links.
	if err := d.release(ctx, from); err != nil {
		return "", err
	}
	return ImportMoved, d.put(ctx, to)
}

// importNew asks Rocket.Chat about the account: a file must not link what Link would refuse.
func (d *Desk) importNew(ctx context.Context, to Link, how Import) error {
	if _, err := d.grantable(ctx, Target{UserID: to.UserID}, how.Admin); err != nil || how.DryRun {
		return err
	}
	return d.put(ctx, to)
}

func readRecord(line []byte) (Link, error) {
	var r record
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		return Link{}, &RefusedLinkError{Why: "must be one JSON object with provider, subject and user_id"}
	}
	if r.Provider == "" || r.Subject == "" || !isID(r.UserID) {
		return Link{}, &RefusedLinkError{Why: "must have provider, subject and a valid user_id"}
	}
	return Link(r), nil
}

// target is the link that a line asks for.
func (i Import) target(from Link) (Link, error) {
	to := from
	if i.Provider != "" {
		to.Provider = i.Provider
	}
	if i.Subjects != nil {
		subject, ok := i.Subjects[from.Subject]
		if !ok {
			return to, &RefusedLinkError{Why: fmt.Sprintf("subject %q has no line in the map", from.Subject)}
		}
		to.Subject = subject
	}
	for _, known := range i.Providers {
		if to.Provider == known {
			return to, nil
		}
	}
	return to, &RefusedLinkError{Why: fmt.Sprintf("provider %q is not in the configuration", to.Provider)}
}

// ReadSubjects reads a map of subjects: from each old one to the new one.
func ReadSubjects(r io.Reader) (map[string]string, error) {
	lines, err := chat.ReadSubjects(r)
	if err != nil {
		return nil, err
	}
	subjects := map[string]string{}
	for _, line := range lines {
		subjects[line.Old] = line.New
	}
	return subjects, nil
}
