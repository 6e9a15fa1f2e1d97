package main

import "testing"

func TestBrowserEmbeds(t *testing.T) { browse(t, "portal.test.mjs", worldConfig{}) } // B-26
