package rocketchat

import (
	"context"
	"log/slog"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
)

// revoke carries out one revocation: Rocket.Chat is told to forget one login token, as its owner (R13,
// S90). It is tried again until that has happened or the token has expired by itself.
func (c *connector) revoke(ctx context.Context, r outbox.RevokeJob) error {
	if !r.Expires.IsZero() && !c.env.Now().Before(r.Expires) {
		return nil
	}
	if err := c.workspace.revoke(ctx, credentials{userID: r.UserID, token: r.Token}); err != nil {
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
