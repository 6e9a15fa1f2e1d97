package main

import (
	"testing"

	"chatgate/store/storetest/redistest"
)

// TestBrowserAttacks tries to come by somebody else's sign-in from pages that are not ours, with the production checks
// in force.
func TestBrowserAttacks(t *testing.T) { // B-03, B-06, B-08, B-09
	a := newAuthority(t)
	cfg := worldConfig{Redis: redistest.Start(t).Addr, Layout: a.layout(sites["cross-site"])}
	browse(t, "attacks.test.mjs", cfg, a.environment(t)...)
}
