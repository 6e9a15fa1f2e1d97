package talk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
	"chatgate/store"
)

// Where a token signs itself out.
const (
	coralLogout = "/api/auth"
	talk4Logout = "/api/v1/auth"
)

// revoke carries out one revocation of the outbox: the product is told to take a token no more, by the token itself. It
// is tried again until that has happened or the token has expired (G31, D25).
func (c *connector) revoke(ctx context.Context, job outbox.Job) error {
	var r outbox.RevokeJob
	if err := json.Unmarshal(job.Payload, &r); err != nil {
		return outbox.Permanent(errors.New("revoke talk token: the job does not decode"))
	}
	if !r.Expires.IsZero() && !c.env.Now().Before(r.Expires) {
		return nil
	}
	taken, err := c.logOut(ctx, r.Token)
	switch {
	case err != nil:
		return fmt.Errorf("revoke talk token: %w", err)
	case !taken:
		c.env.Log.InfoContext(ctx, "talk token not taken any more", "jti", jtiOf(r.Token))
		return nil
	}
	c.env.Audit.Record(ctx, audit.Event{
		Act: audit.TalkTokenRevoked, Reason: causes[r.Cause], Actor: audit.ActorGateway, Chat: c.env.Name,
		Provider: r.Provider, Subject: r.Subject, Attrs: []slog.Attr{slog.String("jti", jtiOf(r.Token))},
	})
	return nil
}

// causes words the ledger's causes for the audit log.
var causes = map[outbox.Cause]audit.Reason{
	outbox.CauseSignOut:    audit.SessionEnded,
	outbox.CauseSessionEnd: audit.AbsoluteLimit,
}

// logOut signs a token out. It says false where the product did not take the token before, so that nothing was left to do:
// its person signed out there, or the secret was changed.
func (c *connector) logOut(ctx context.Context, token store.Secret) (taken bool, err error) {
	path := coralLogout
	if c.cfg.Profile == Talk4 {
		path = talk4Logout
	}
	r, err := c.atProduct(ctx, http.MethodDelete, path, nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	got, err := c.measured(ctx, "revoke", r)
	switch {
	case err != nil:
		return false, err
	case got.status == http.StatusOK, got.status == http.StatusNoContent:
		return true, nil
	case got.status == http.StatusUnauthorized:
		return false, nil
	case got.status == http.StatusTooManyRequests:
		seconds, _ := strconv.Atoi(got.header.Get("Retry-After"))
		return false, outbox.Later(errors.New("the chat limits calls"), time.Duration(seconds)*time.Second)
	}
	return false, fmt.Errorf("the chat answers %d %s", got.status, http.StatusText(got.status))
}

// jtiOf reads the id out of a token of our own.
func jtiOf(token store.Secret) string {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		ID string `json:"jti"`
	}
	if json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.ID
}
