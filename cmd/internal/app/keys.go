package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/keyring"
	"chatgate/store"
)

// What commands work with, by names of this package.
type (
	// KeyOverview tells about a chat's signing keys, SigningKey about one of them.
	KeyOverview = keyring.Overview
	SigningKey  = keyring.Key
)

// The states of a signing key.
const (
	KeyWaiting = keyring.Waiting
	KeySigning = keyring.Signing
)

var (
	// ErrKeysFromFiles says that a chat's keys are files, which no command changes.
	ErrKeysFromFiles = keyring.ErrFromFiles
	// ErrNoKey says that a chat has no such key.
	ErrNoKey = keyring.ErrNoKey
	// ErrNoKeysYet says that no gateway has made a chat's first key.
	ErrNoKeysYet = store.ErrNotFound
)

// GenerateKey makes a signing key for a file of the operator's: PEM, and what may be told of it.
func GenerateKey(bits int) (file store.Secret, made SigningKey, err error) {
	return keyring.Generate(bits)
}

func (a *App) openKeys() error {
	readings, err := newKeyReadings(a.registry, a.parts.now)
	if err != nil {
		return err
	}
	keys, err := keyring.New(keyring.Config{
		Store: a.parts.store, Log: a.log, Now: a.parts.now, Sets: a.cfg.keySets(), OnChange: a.keyChanged, OnRead: readings.count,
	})
	if err != nil {
		return err
	}
	a.parts.keys = keys
	a.work("keyring", keys.Run)
	return a.registry.Register(keyMetrics{keys: keys, now: a.parts.now})
}

// keySets are those of the chats that verify signatures.
func (c *Config) keySets() []keyring.SetConfig {
	var sets []keyring.SetConfig
	for _, name := range slices.Sorted(maps.Keys(c.Chats)) {
		signer, ok := c.Chats[name].(chat.Signer)
		if !ok {
			continue
		}
		if set, wanted := signer.SigningKeys(); wanted {
			set.Name = name
			sets = append(sets, set)
		}
	}
	return sets
}

// keyChanged audits a key that came or went (S142).
func (a *App) keyChanged(ctx context.Context, change keyring.Change) {
	e := audit.Event{
		Act: audit.KeyAdded, Reason: audit.Reason(change.Cause), Actor: audit.ActorGateway, Chat: change.Chat,
		Attrs: []slog.Attr{slog.String("kid", change.Key.KID)},
	}
	if change.Cause == keyring.Operator {
		e.Actor = audit.ActorOperator
	}
	if change.Removed {
		e.Act = audit.KeyRemoved
	} else {
		e.Attrs = append(e.Attrs, slog.String("signs_from", change.Key.SignsFrom.UTC().Format(time.RFC3339)))
	}
	a.audit.Record(ctx, e)
}

// SigningKeys is the desk of a chat's keys by the chat's name, which may be empty where there is only one that has keys.
func (t *Tools) SigningKeys(name string) (*KeyDesk, error) {
	chosen, err := choose(name, t.app.parts.keys.Names(), "with signing keys")
	if err != nil {
		return nil, err
	}
	section, ok := t.app.cfg.Chats[chosen].(*talk.Config)
	return &KeyDesk{
		Chat: chosen, ByHand: ok && section.Profile == talk.Talk4, keys: t.app.parts.keys, now: t.app.parts.now,
	}, nil
}

// KeyDesk is where an operator looks after the signing keys of one chat, as the store has them.
type KeyDesk struct {
	// Chat is the chat's name. ByHand says that it may be a Talk 4 without the plugin, which reads keys from its
	// environment when it starts and hears of no other (G14).
	Chat   string
	ByHand bool

	keys *keyring.Keyring
	now  func() time.Time
}

// Now is the time by which keys begin and end.
func (d *KeyDesk) Now() time.Time { return d.now() }

// Overview tells about the keys, or is ErrNoKeysYet.
func (d *KeyDesk) Overview(ctx context.Context) (KeyOverview, error) {
	return d.keys.Inspect(ctx, d.Chat)
}

// Rotate has another key take over in a quarter of an hour, and returns it; one that waits already is that key.
func (d *KeyDesk) Rotate(ctx context.Context) (SigningKey, error) { return d.keys.Rotate(ctx, d.Chat) }

// Remove has every replica drop a key within a minute.
func (d *KeyDesk) Remove(ctx context.Context, kid string) error {
	return d.keys.Remove(ctx, d.Chat, kid)
}
