package main

import "testing"

func TestBrowserShowsEveryStateOfTheFrame(t *testing.T) { browse(t, "frames.test.mjs", worldConfig{}) } // B-27
