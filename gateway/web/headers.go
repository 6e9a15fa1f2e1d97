package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// permissions switches off what no page of ours asks for. Storage access is absent on purpose: a frame may try it.
const permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
	"microphone=(), payment=(), usb=()"

// setHeaders writes what S149 and the header table of the frame (B-06, B-24) demand of a page.
func (p *Pages) setHeaders(h http.Header, page Page, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", permissions)
	h.Add("Vary", "Accept-Language")
	// Not no-referrer: with it a form post says "Origin: null", and sign-in would refuse its own frame (B-24). Only the
	// login callback has said that, because a code is in its address (S29), and its error pages keep it.
	if h.Get("Referrer-Policy") != "no-referrer" {
		h.Set("Referrer-Policy", "strict-origin")
	}
	if len(page.FrameAncestors) == 0 {
		// Severing the opener costs nothing: a sign-in window reports through the server, and a window that a form
		// opened may still close itself under this policy.
		if !page.KeepOpener {
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		h.Set("X-Frame-Options", "DENY")
	} else {
		h.Del("X-Frame-Options") // a middleware's caution would contradict the list (S81)
	}
	if p.hsts {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// contentSecurityPolicy allows our own files and nothing inline. The nonce is new with every answer (S83).
func contentSecurityPolicy(page Page, nonce string) (string, error) {
	ancestors, err := sources("'none'", page.FrameAncestors)
	if err != nil {
		return "", fmt.Errorf("frame ancestors: %w", err)
	}
	actions, err := sources("'self'", append([]string{"'self'"}, page.FormAction...))
	if err != nil {
		return "", fmt.Errorf("form action: %w", err)
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'nonce-" + nonce + "'",
		"style-src 'self'",
		"img-src 'self' data:",
		"connect-src 'self'",
		"form-action " + actions,
		"base-uri 'none'",
		"object-src 'none'",
		"frame-ancestors " + ancestors,
	}, "; "), nil
}

// source is what may stand in a source list: 'self', or an origin in the form that browsers send.
var source = regexp.MustCompile(`^('self'|https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$`)

// sources joins a source list. A value with a path, a wildcard or a separator would widen the policy or end it early,
// so it is an error rather than a header.
func sources(none string, list []string) (string, error) {
	if len(list) == 0 {
		return none, nil
	}
	for _, s := range list {
		if !source.MatchString(s) {
			return "", fmt.Errorf("%q is not an origin", s)
		}
	}
	return strings.Join(list, " "), nil
}
