package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// oldKey is how long a key may sign without a schedule before the doctor asks for another.
	oldKey = 365 * 24 * time.Hour
	day    = 24 * time.Hour
)

// examineKeys says of each chat with signing keys which one signs, and whether another takes over in time (G3, S99).
func (t *Tools) examineKeys(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	var found []Finding
	for _, chat := range t.app.parts.keys.Names() {
		level, text := t.examineKeysOf(ctx, chat)
		found = append(found, Finding{About: "chat " + chat, Name: "signing keys", Level: level, Text: text})
	}
	return found
}

func (t *Tools) examineKeysOf(ctx context.Context, chat string) (Level, string) {
	o, err := t.app.parts.keys.Inspect(ctx, chat)
	switch {
	case errors.Is(err, ErrNoKeysYet) && t.app.cfg.Redis.Memory:
		return Well, "they are in the gateway's own process, where nobody else sees them"
	case errors.Is(err, ErrNoKeysYet):
		return Well, "there are none yet: the gateway makes the first one when it starts"
	case err != nil:
		return Failure, err.Error() + ": a gateway that starts now signs nothing for this chat"
	case o.FromFiles:
		return judgeKeyFiles(o, chat)
	}
	return judgeStoredKeys(o, chat, t.app.parts.now())
}

func judgeKeyFiles(o KeyOverview, chat string) (Level, string) {
	if len(o.Exposed) > 0 {
		return Warning, fmt.Sprintf("everybody on this machine may read %s, and sign as anybody: chmod 600",
			strings.Join(o.Exposed, ", "))
	}
	return Well, fmt.Sprintf("%s signs, from a file; %d are published. They change when chats.%s.signingKeys.files does",
		o.Signer().KID, len(o.Keys), chat)
}

func judgeStoredKeys(o KeyOverview, chat string, now time.Time) (Level, string) {
	signer := o.Signer()
	age := now.Sub(signer.Created)
	text := fmt.Sprintf("%s signs, made %d days ago; ", signer.KID, age/day)
	switch {
	case o.Next.IsZero() && age > oldKey:
		return Warning, text + "nothing replaces it: set chats." + chat + ".signingKeys.rotateEvery, or run chatgate keys rotate"
	case o.Next.IsZero():
		return Well, text + "another takes over when chatgate keys rotate says so"
	case o.Next.Before(now):
		return Warning, text + "another was to take over at " + Moment(o.Next) +
			", and no gateway has added it: is one running, and does its log say why?"
	}
	return Well, text + "another takes over at " + Moment(o.Next)
}

// Moment is a time as people read it, to the minute.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
