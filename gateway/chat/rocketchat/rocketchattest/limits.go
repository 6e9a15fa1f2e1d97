package rocketchattest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// limitKey is what the limiter counts by: all people behind one address share its windows.
type limitKey struct{ ip, route, method string }

type limitWindow struct {
	calls int
	ends  time.Time
}

// limit counts the call and refuses the eleventh within a minute, or whatever the settings say. The permission
// api-bypass-rate-limit of the authenticated caller lifts the limit.
func (s *Server) limit(header http.Header, entry route, c *call) error {
	if entry.unlimited || fromPage(c.Request) || !s.flag("API_Enable_Rate_Limiter") || s.bypassesLimit(entry, c) {
		return nil
	}
	now := s.cfg.Now()
	key := limitKey{c.ip, c.route, c.Method}
	window := s.limits[key]
	if window == nil || !now.Before(window.ends) {
		interval := time.Duration(s.number("API_Enable_Rate_Limiter_Limit_Time_Default")) * time.Millisecond
		window = &limitWindow{ends: now.Add(interval)}
		s.limits[key] = window
	}
	window.calls++
	allowed := s.number("API_Enable_Rate_Limiter_Limit_Calls_Default")
	if window.calls > allowed {
		return refuseLimit(header, allowed, now, window.ends)
	}
	setLimitHeaders(header, allowed, allowed-window.calls, window.ends)
	return nil
}

// bypassesLimit: routes that need no credentials did not look at any before 8.0.
func (s *Server) bypassesLimit(entry route, c *call) bool {
	if entry.anonymous && !s.can.loginBypass {
		return false
	}
	return s.may(c.caller, "api-bypass-rate-limit")
}

func refuseLimit(header http.Header, allowed int, now, ends time.Time) *refusal {
	setLimitHeaders(header, allowed, 0, ends)
	wait := int(math.Ceil(ends.Sub(now).Seconds()))
	text := fmt.Sprintf("Error, too many requests. Please slow down. You must wait %d seconds before trying this endpoint again. [error-too-many-requests]", wait)
	return &refusal{http.StatusTooManyRequests, reply{"success": false, "error": text}}
}

// setLimitHeaders tells the reset in milliseconds since 1970; there is no Retry-After.
func setLimitHeaders(header http.Header, allowed, left int, ends time.Time) {
	header.Set("X-RateLimit-Limit", strconv.Itoa(allowed))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(ends.UnixMilli(), 10))
}
