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
		f := t.examineKeysOf(ctx, chat)
		f.About, f.Name = "chat "+chat, "signing keys"
		found = append(found, f)
	}
	return found
}

func (t *Tools) examineKeysOf(ctx context.Context, chat string) Finding {
	o, err := t.app.parts.keys.Inspect(ctx, chat)
	switch {
	case errors.Is(err, ErrNoKeysYet) && t.app.cfg.Redis.Memory:
		return Finding{Level: Well, Text: "they are in the gateway's own process, where nobody else sees them"}
	case errors.Is(err, ErrNoKeysYet):
		return Finding{Level: Well, Text: "there are none yet: the gateway makes the first one when it starts"}
	case err != nil:
		return Finding{Level: Failure, Text: err.Error() + ": a gateway that starts now signs nothing for this chat", Fix: "see redis and sealing.keys"}
	case o.FromFiles:
		return judgeKeyFiles(o, chat)
	}
	return judgeStoredKeys(o, chat, t.app.parts.now())
}

func judgeKeyFiles(o KeyOverview, chat string) Finding {
	if len(o.Exposed) > 0 {
		files := strings.Join(o.Exposed, ", ")
		return Finding{Level: Warning, Text: fmt.Sprintf("everybody on this machine may read %s, and sign as anybody", files), Fix: "chmod 600 " + files}
	}
	signer := o.Signer()
	return Finding{Level: Well, Text: fmt.Sprintf("%s (RSA, %d bits) signs, from a file; %s published. They change when chats.%s.signingKeys.files does",
		signer.KID, signer.Public.N.BitLen(), Count(len(o.Keys), "key is", "keys are"), chat)}
}

func judgeStoredKeys(o KeyOverview, chat string, now time.Time) Finding {
	signer := o.Signer()
	age := now.Sub(signer.Created)
	text := fmt.Sprintf("%s (RSA, %d bits) signs, made %s; ", signer.KID, signer.Public.N.BitLen(), daysAgo(age))
	switch {
	case o.Next.IsZero() && age > oldKey:
		return Finding{Level: Warning, Text: text + "nothing replaces it",
			Fix: "set chats." + chat + ".signingKeys.rotateEvery, or run chatgate keys rotate --chat " + chat}
	case o.Next.IsZero():
		return Finding{Level: Well, Text: text + "another takes over when chatgate keys rotate says so"}
	case o.Next.Before(now):
		return Finding{Level: Warning, Text: text + "another was to take over at " + Moment(o.Next) + ", and no gateway has added it",
			Fix: "see whether a gateway is running, and what its log says of signing keys"}
	}
	return Finding{Level: Well, Text: text + "another takes over at " + Moment(o.Next)}
}
