package main

import "testing"

func TestBrowserEmbeds(t *testing.T) { browse(t, "portal.test.mjs", worldConfig{}) } // B-26

// Firefox keeps cookies and storage apart for each site, by default. Its settings can also refuse them altogether in
// other sites' frames, where Rocket.Chat itself does not start, whoever signs people in.
func TestBrowserEmbedsInFirefox(t *testing.T) {
	parts := needParts(t, "firefox-esr")
	authority := newAuthority(t)
	cfg := worldConfig{Layout: authority.layout(sites["embedded-cross-site"])}
	parts.browse(t, "portal-firefox.test.mjs", cfg, authority.environment(t)...)
}
