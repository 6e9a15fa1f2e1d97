package outbox

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"chatgate/store"
)

// LedgerConfig says what a Ledger works with.
type LedgerConfig struct {
	// Store keeps the entries, in its durable part.
	Store *store.Store
	// Names derives the records' names from identities.
	Names *store.Names
	// Outbox carries the revocations.
	Outbox *Outbox
	// Held says whether a live replica holds the sealing key with this fingerprint (store.Heartbeat.Held); nil: always.
	Held func(fingerprint string) bool
	// Log takes entries that do not open; nil discards them.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Ledger knows every login token that is out. It is safe for concurrent use.
//
// Each of its revocations is queued first and forgotten by the ledger second. A crash in between queues it twice.
type Ledger struct {
	store   *store.Store
	records store.Records
	due     store.Index
	names   *store.Names
	outbox  *Outbox
	held    func(fingerprint string) bool
	log     *slog.Logger
	now     func() time.Time
	noted   noted
}

const (
	dueSet = "due"
	// dueKeeps is how much longer the due index lives than its last member is due: as long as all replicas may be
	// down without a token being forgotten.
	dueKeeps = 30 * 24 * time.Hour
)

// NewLedger checks the configuration. It starts nothing: Run sweeps.
func NewLedger(cfg LedgerConfig) (*Ledger, error) {
	if cfg.Store == nil || cfg.Names == nil || cfg.Outbox == nil {
		return nil, errors.New("ledger: a store, names and an outbox are needed")
	}
	if cfg.Held == nil {
		cfg.Held = func(string) bool { return true }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Ledger{
		store:   cfg.Store,
		records: store.NewRecords(cfg.Store.Durable("ledger"), ""),
		due:     store.NewIndex(cfg.Store.Durable("ledgerdue")),
		names:   cfg.Names,
		outbox:  cfg.Outbox,
		held:    cfg.Held,
		log:     cfg.Log,
		now:     cfg.Now,
	}, nil
}

// Record enters a token before a browser is given it. After an error the token may not be in the ledger: the caller
// gives it to nobody and revokes it itself.
func (l *Ledger) Record(ctx context.Context, e Entry) error {
	if err := e.check(l.now()); err != nil {
		return err
	}
	id, err := l.id(ctx, e.Provider, e.Subject)
	if err != nil {
		return err
	}
	// The due index first: a member without an entry is tidied up, an entry without a member would never be swept. It
	// stands far enough ahead that no sweep tidies it up before the entry is written.
	h := e.held()
	if err := l.schedule(ctx, id, e.field(), latest(h.due(), l.now().Add(lease))); err != nil {
		return err
	}
	return l.write(ctx, id, map[string]held{e.field(): h})
}

// Revoke has one token revoked that the caller holds, whether it is in the ledger or not.
func (l *Ledger) Revoke(ctx context.Context, e Entry) error {
	id, err := l.id(ctx, e.Provider, e.Subject)
	if err != nil {
		return err
	}
	job := RevokeJob{
		Provider: e.Provider, Subject: e.Subject,
		UserID: e.UserID, Token: e.Token, Expires: e.Expires, Cause: CauseSignOut,
	}
	if err := l.outbox.Enqueue(ctx, KindRevoke, e.Chat, job); err != nil {
		return err
	}
	return l.forget(ctx, id, e.field())
}

// RevokeSession has the tokens of one session revoked: those of one chat, or of all when chat is empty.
//
// An entry sealed under a key that only other replicas hold stays, and the error then wraps store.ErrUnknownKey: the
// caller answers 503 and the sign-out is repeated. One whose key nobody holds is passed over, because nobody can ever
// read it (D23). The same goes for RevokeSubject and RevokeSID.
func (l *Ledger) RevokeSession(ctx context.Context, provider, subject, session, chat string) error {
	mark := digest(session)
	return l.revoke(ctx, provider, subject, func(h held) bool {
		return h.Session == mark && (chat == "" || h.Chat == chat)
	})
}

// RevokeSubject has the tokens of an identity revoked, whatever session they belong to: those of one chat, or of all
// when chat is empty.
func (l *Ledger) RevokeSubject(ctx context.Context, provider, subject, chat string) error {
	return l.revoke(ctx, provider, subject, func(h held) bool { return chat == "" || h.Chat == chat })
}

// RevokeSID has the tokens revoked that belong to one session at the provider.
func (l *Ledger) RevokeSID(ctx context.Context, provider, subject, sid string) error {
	if sid == "" {
		return errors.New("revoke by sid: sid is empty")
	}
	mark := digestSID(sid)
	return l.revoke(ctx, provider, subject, func(h held) bool { return h.SID == mark })
}

func (l *Ledger) revoke(ctx context.Context, provider, subject string, covered func(held) bool) error {
	id, entries, unreadable, err := l.entries(ctx, provider, subject)
	if err != nil {
		return err
	}
	var revoked []string
	for _, field := range slices.Sorted(maps.Keys(entries)) {
		if !covered(entries[field]) {
			continue
		}
		job := entries[field].revocation(CauseSignOut)
		job.Provider, job.Subject = provider, subject
		if err := l.outbox.Enqueue(ctx, KindRevoke, entries[field].Chat, job); err != nil {
			return err
		}
		revoked = append(revoked, field)
	}
	return errors.Join(unreadable, l.forget(ctx, id, revoked...))
}

// Holder is the session that a token belongs to.
type Holder struct {
	// Session is its key, SID the provider's session behind it.
	Session, SID string
	// End is when the session is over for a chat.
	End func(chat string) time.Time
}

// Move gives the tokens of one session to another of the same identity: the same person has signed in again in the same
// browser (D11, D27). All tokens move in one step. Kept tokens stay kept.
//
// A Move that races a sign-out may write back the entry of a token whose revocation is queued already. It stays until
// its new session ends, and is then revoked once more.
func (l *Ledger) Move(ctx context.Context, provider, subject, fromSession string, to Holder) error {
	id, entries, unreadable, err := l.entries(ctx, provider, subject)
	if err != nil {
		return err
	}
	mark := digest(fromSession)
	moved := map[string]held{}
	for field, h := range entries {
		if h.Session != mark {
			continue
		}
		h.Session, h.SID = digest(to.Session), digestSID(to.SID)
		if h.End != 0 {
			h.End = to.End(h.Chat).Unix()
		}
		moved[field] = h
	}
	if err := l.write(ctx, id, moved); err != nil {
		return err
	}
	// The due index second: until then it is early, and the sweep puts right what it meets too early.
	for _, field := range slices.Sorted(maps.Keys(moved)) {
		if err := l.schedule(ctx, id, field, moved[field].due()); err != nil {
			return err
		}
	}
	return unreadable
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Forget removes a token that is known to be dead: refused by the chat, or expired.
func (l *Ledger) Forget(ctx context.Context, e Entry) error {
	id, err := l.id(ctx, e.Provider, e.Subject)
	if err != nil {
		return err
	}
	return l.forget(ctx, id, e.field())
}
