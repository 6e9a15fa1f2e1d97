package talk

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
	"chatgate/store"
)

// Where a token signs itself out.
const (
	coralLogout = "/api/auth"    // C3
	talk4Logout = "/api/v1/auth" // A5
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
	status, retryAfter, err := c.call(ctx, http.MethodDelete, path, token)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusOK, status == http.StatusNoContent:
		return true, nil
	case status == http.StatusUnauthorized:
		return false, nil
	case status == http.StatusTooManyRequests:
		return false, outbox.Later(errors.New("the chat limits calls"), retryAfter)
	}
	return false, fmt.Errorf("the chat answers %d %s", status, http.StatusText(status))
}

// maxAnswer bounds what is read of an answer that nobody looks at, in bytes, so that its connection is used again.
const maxAnswer = 64 << 10

// call sends one request without a body to the product, as the bearer of a token. It goes to the configured server alone: a
// redirect is an answer like any other.
func (c *connector) call(ctx context.Context, method, path string, token store.Secret) (status int, retryAfter time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.cfg.API.Timeout, defaultTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, cmp.Or(c.cfg.API.URL, string(c.cfg.URL))+path, http.NoBody)
	if err != nil {
		return 0, 0, errors.New("the address of the chat's api is none")
	}
	req.Host = c.publicHost()
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	begun := c.env.Now()
	res, err := c.env.Transport.RoundTrip(req)
	if err != nil {
		c.env.Metrics.Call(c.env.Name, "revoke", "unavailable", c.env.Now().Sub(begun))
		return 0, 0, err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	c.env.Metrics.Call(c.env.Name, "revoke", strconv.Itoa(res.StatusCode/100)+"xx", c.env.Now().Sub(begun))
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return res.StatusCode, time.Duration(seconds) * time.Second, nil
}

// defaultTimeout is that of api.timeout.
const defaultTimeout = 5 * time.Second

// publicHost is the host that browsers know. Coral finds its tenant by it, whatever address the call goes to (C4).
func (c *connector) publicHost() string {
	u, err := url.Parse(string(c.cfg.URL))
	if err != nil {
		return ""
	}
	return u.Host
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
