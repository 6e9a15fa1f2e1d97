package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"slices"

	"chatgate/gateway"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/store"
	"chatgate/store/redisstore"
)

// What commands work with, by names of this package: it is all they see of the gateway.
type (
	// Setup points a Rocket.Chat workspace at the gateway, and back.
	Setup = rocketchat.Setup
	// Change is one setting that a set-up changes.
	Change = chat.Change
	// Desk is where an operator looks after whose account is whose.
	Desk = rocketchat.Desk
	// Link is an identity and its account.
	Link = rocketchat.Link
	// LinkRequest asks for a link, Target is the account that it means.
	LinkRequest = rocketchat.LinkRequest
	Target      = rocketchat.Target
	// Import says how links are read in, ImportedLine what became of one.
	Import       = rocketchat.Import
	ImportedLine = rocketchat.ImportedLine
	Outcome      = rocketchat.Outcome
	// StatusRequest asks for an account to be switched off or on, StatusChange is what became of it.
	StatusRequest = rocketchat.StatusRequest
	StatusChange  = rocketchat.StatusChange
)

// What can become of an imported line.
const (
	ImportLinked    = rocketchat.ImportLinked
	ImportMoved     = rocketchat.ImportMoved
	ImportUnchanged = rocketchat.ImportUnchanged
	ImportRefused   = rocketchat.ImportRefused
)

// WayBack is how people get into Rocket.Chat when nobody can sign in by the gateway.
const WayBack = rocketchat.WayBack

// ErrNotLinked says that there is no such link.
var ErrNotLinked = store.ErrNotFound

// ReadSubjects reads a file of old and new subjects.
func ReadSubjects(r io.Reader) (map[string]string, error) { return rocketchat.ReadSubjects(r) }

// Tools are a gateway's parts for commands: opened as for serving, with nobody served and no background work.
type Tools struct {
	app *App
	// lookup resolves a host name.
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// OpenTools opens the parts. It dials nothing. Without a logger of its own it writes audit lines, and nothing else, to
// standard error: a command tells by itself what it finds.
func OpenTools(cfg *Config, lend Lends) (*Tools, error) {
	if lend.Log == nil {
		lend.Log = slog.New(auditLines{slog.NewJSONHandler(os.Stderr, nil)})
	}
	redisstore.LogTo(lend.Log)
	lend.command = true
	a, err := Open(cfg, lend)
	if err != nil {
		return nil, err
	}
	return &Tools{app: a, lookup: resolve}, nil
}

// Close ends the connections to the store, and closes the audit file where there is one.
func (t *Tools) Close() error { return errors.Join(t.app.engine.Close(), t.app.base.audit.close()) }

// Setup is the set-up of a Rocket.Chat by the chat's name, which may be empty where there is only one.
func (t *Tools) Setup(name string) (*Setup, error) {
	c, err := t.operated(name)
	if err != nil {
		return nil, err
	}
	return c.Setup(), nil
}

// Desk is the desk of a Rocket.Chat by the chat's name, which may be empty where there is only one.
func (t *Tools) Desk(name string) (*Desk, error) {
	c, err := t.operated(name)
	if err != nil {
		return nil, err
	}
	return c.Desk(), nil
}

// Providers are the keys of the configured providers, in order.
func (t *Tools) Providers() []string { return slices.Sorted(maps.Keys(t.app.cfg.Providers)) }

// Lasting is an error where the gateway keeps its state inside its own process, out of every command's reach.
func (t *Tools) Lasting() error {
	if t.app.cfg.Redis.Memory {
		return errors.New("redis.memory: the gateway keeps its records in its own process, where no command reaches them: configure a Redis")
	}
	return nil
}

func (t *Tools) operated(name string) (rocketchat.Operated, error) {
	chats := map[string]rocketchat.Operated{}
	for key, c := range t.app.chats {
		if o, ok := c.Connector.(rocketchat.Operated); ok {
			chats[key] = o
		}
	}
	chosen, err := choose(name, slices.Sorted(maps.Keys(chats)), "of kind rocketchat")
	return chats[chosen], err
}

// choose is the chat that a command is about: the one named, or the only one there is.
func choose(name string, names []string, which string) (string, error) {
	switch {
	case slices.Contains(names, name):
		return name, nil
	case len(names) == 0:
		return "", fmt.Errorf("chats: the configuration has none %s", which)
	case name != "":
		return "", fmt.Errorf("--chat %s: %s", name, suggestion(name, names, "chats "+which))
	case len(names) > 1:
		return "", fmt.Errorf("there are several chats %s, so --chat must name one: %s", which, suggestion("", names, "chats"))
	}
	return names[0], nil
}

// connectors are all chats with their names, in order.
func (t *Tools) connectors(each func(name string, c gateway.Chat)) {
	for _, name := range slices.Sorted(maps.Keys(t.app.chats)) {
		each(name, t.app.chats[name])
	}
}

// auditLines lets nothing pass but audit lines.
type auditLines struct{ slog.Handler }

// Handle drops a record without audit=true.
func (h auditLines) Handle(ctx context.Context, r slog.Record) error {
	audited := false
	r.Attrs(func(a slog.Attr) bool {
		audited = a.Key == "audit" && a.Value.Kind() == slog.KindBool && a.Value.Bool()
		return !audited
	})
	if !audited {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the filter.
func (h auditLines) WithAttrs(attrs []slog.Attr) slog.Handler {
	return auditLines{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the filter.
func (h auditLines) WithGroup(name string) slog.Handler { return auditLines{h.Handler.WithGroup(name)} }
