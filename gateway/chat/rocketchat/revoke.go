package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
)

// revoke carries out one revocation of the outbox: Rocket.Chat is told to forget one login token, as its owner (R13,
// S90). It is tried again until that has happened or the token has expired by itself.
func (c *connector) revoke(ctx context.Context, job outbox.Job) error {
	var r outbox.RevokeJob
	if err := json.Unmarshal(job.Payload, &r); err != nil {
		return outbox.Permanent(errors.New("revoke login token: the job does not decode"))
	}
	if !r.Expires.IsZero() && !c.env.Now().Before(r.Expires) {
		return nil
	}
	err := c.workspace.revoke(ctx, credentials{userID: r.UserID, token: r.Token})
	if limited, ok := errors.AsType[*limitedError](err); ok {
		return outbox.Later(err, limited.wait)
	}
	if err != nil {
		return err
	}
	c.env.Audit.Record(ctx, audit.Event{
		Act: audit.LoginTokenRevoked, Reason: causes[r.Cause], Actor: audit.ActorGateway, Chat: c.env.Name,
		Provider: r.Provider, Subject: r.Subject, Attrs: []slog.Attr{slog.String("account", r.UserID)},
	})
	return nil
}

// causes words the ledger's causes for the audit log.
var causes = map[outbox.Cause]audit.Reason{
	outbox.CauseSignOut:    audit.SessionEnded,
	outbox.CauseSessionEnd: audit.AbsoluteLimit,
}
