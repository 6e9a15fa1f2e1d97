package gateway

import (
	"errors"
	"maps"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
)

// A provider tells of a sign-out there in two ways: from server to server (OpenID Connect Back-Channel Logout 1.0) and by a
// frame in the person's browser (OpenID Connect Front-Channel Logout 1.0). Neither needs a cookie, and neither looks at one
// to decide anything.

// providersOf are the keys of the providers with an issuer: several, where the gateway is registered there more than once.
func (s *Server) providersOf(issuer string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(s.cfg.Providers)) {
		if issuer != "" && s.cfg.Providers[key].Issuer() == issuer {
			keys = append(keys, key)
		}
	}
	return keys
}

// refuseLogout counts and audits a call that is none. Good ones are never counted: all of a provider's come from one
// address, and nobody else at it can keep them out (S112, S125).
func (s *Server) refuseLogout(c *gin.Context, reason audit.Reason, refusal error) error {
	ctx := c.Request.Context()
	var exceeded *limit.Exceeded
	switch err := s.cfg.Limits.Allow(ctx, s.cfg.Rules.LogoutAddress, clientKey(c)); {
	case err == nil:
		s.cfg.Audit.Record(ctx, audit.Event{Act: audit.LogoutRefused, Reason: reason, Address: c.ClientIP()})
	case errors.As(err, &exceeded):
		if exceeded.First {
			s.cfg.Audit.Record(ctx, audit.Event{Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule), Address: c.ClientIP()})
		}
		return problem.TooManyRequests(exceeded.RetryAfter, err)
	}
	return refusal
}

var errFrontchannel = errors.New("no issuer that is known, or no session")
