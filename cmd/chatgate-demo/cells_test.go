package main

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

// cell is one way in which a person meets the gateway: a value of each dimension. In a pattern an empty value is any.
type cell [5]string

// The dimensions of a cell.
const (
	browser = iota
	layoutOf
	cookies
	coop
	client
)

var dimensions = [len(cell{})]struct {
	name   string
	values []string
}{
	browser:  {"browser", []string{"chromium", "firefox"}},
	layoutOf: {"layout", []string{"same-site", "cross-site", "embedded", "embedded-cross-site"}},
	cookies:  {"third-party cookies", []string{"allowed", "blocked", "partitioned"}},
	coop:     {"provider's COOP", []string{"same-origin", "none"}},
	client:   {"client", []string{"web", "electron", "mobile"}},
}

// impossibility is a pattern of cells that do not exist, with what in the platform rules them out.
type impossibility struct {
	pattern cell
	why     string
}

const (
	noPageAround = "the app opens the workspace itself, with no page around it"
	noStorage    = "Firefox withholds storage from the embedded chat, and Rocket.Chat does not start without"
)

var impossible = []impossibility{
	{cell{browser: "chromium", cookies: "partitioned"}, "Chromium allows third-party cookies or blocks them; to keep a jar for each site is Firefox's own"},
	{cell{browser: "firefox", client: "electron"}, "the desktop app is built on Chromium"},
	{cell{browser: "firefox", client: "mobile"}, "no phone's web view is Firefox"},
	{cell{layoutOf: "embedded", client: "electron"}, noPageAround},
	{cell{layoutOf: "embedded", client: "mobile"}, noPageAround},
	{cell{layoutOf: "embedded-cross-site", client: "electron"}, noPageAround},
	{cell{layoutOf: "embedded-cross-site", client: "mobile"}, noPageAround},
	{cell{browser: "firefox", layoutOf: "embedded", cookies: "blocked"}, noStorage},
	{cell{browser: "firefox", layoutOf: "embedded-cross-site", cookies: "blocked"}, noStorage},
}

func (c cell) String() string { return strings.Join(c[:], " ") }

// matches says whether a cell is one of the pattern's.
func (c cell) matches(pattern cell) bool {
	for d, value := range pattern {
		if value != "" && value != c[d] {
			return false
		}
	}
	return true
}

// reason says why there is no such cell; it is empty for those that there are.
func (c cell) reason() string {
	for _, i := range impossible {
		if c.matches(i.pattern) {
			return i.why
		}
	}
	return ""
}

// combinations are all cells, possible or not, in the order of the dimensions.
func combinations() []cell {
	all := []cell{{}}
	for d, dimension := range dimensions {
		var longer []cell
		for _, c := range all {
			for _, value := range dimension.values {
				c[d] = value
				longer = append(longer, c)
			}
		}
		all = longer
	}
	return all
}

func possible() []cell {
	return slices.DeleteFunc(combinations(), func(c cell) bool { return c.reason() != "" })
}

// facets are the patterns that a choice of cells has to cover where it covers this one: each pair of its values, and
// the three that decide together what becomes of a cookie.
func (c cell) facets() iter.Seq[cell] {
	return func(yield func(cell) bool) {
		for i := range c {
			for j := range i {
				var pair cell
				pair[i], pair[j] = c[i], c[j]
				if !yield(pair) {
					return
				}
			}
		}
		yield(cell{browser: c[browser], layoutOf: c[layoutOf], cookies: c[cookies]})
	}
}

// pairwise chooses from cells until all facets that occur in them are covered: the next is always the one that covers
// most of what is left, the first of equals. The same cells give the same choice.
func pairwise(cells []cell) []cell {
	left := map[cell]bool{}
	for _, c := range cells {
		for facet := range c.facets() {
			left[facet] = true
		}
	}
	var chosen []cell
	for len(left) > 0 {
		next, most := cell{}, 0
		for _, c := range cells {
			if n := c.covers(left); n > most {
				next, most = c, n
			}
		}
		chosen = append(chosen, next)
		for facet := range next.facets() {
			delete(left, facet)
		}
	}
	return chosen
}

// covers counts those of the facets that the cell has.
func (c cell) covers(facets map[cell]bool) int {
	n := 0
	for facet := range c.facets() {
		if facets[facet] {
			n++
		}
	}
	return n
}

func TestPairwiseCoversEveryPair(t *testing.T) {
	all, chosen := possible(), pairwise(possible())
	for i, a := range dimensions {
		for j, b := range dimensions[:i] {
			for _, pair := range product(i, a.values, j, b.values) {
				among := func(c cell) bool { return c.matches(pair) }
				if slices.ContainsFunc(all, among) && !slices.ContainsFunc(chosen, among) {
					t.Errorf("no cell has %s %s with %s %s", a.name, pair[i], b.name, pair[j])
				}
			}
		}
	}
	if len(chosen) > 24 {
		t.Errorf("%d cells are more than a change should wait for", len(chosen))
	}
	if again := pairwise(possible()); !slices.Equal(chosen, again) {
		t.Errorf("the choice differs from one time to the next: %v and %v", chosen, again)
	}
}

func product(i int, as []string, j int, bs []string) []cell {
	var pairs []cell
	for _, a := range as {
		for _, b := range bs {
			var pair cell
			pair[i], pair[j] = a, b
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

func TestEveryImpossibilityRulesSomethingOut(t *testing.T) {
	for n, i := range impossible {
		t.Run(fmt.Sprint(i.pattern), func(t *testing.T) {
			sole := slices.ContainsFunc(combinations(), func(c cell) bool {
				return slices.IndexFunc(impossible, func(other impossibility) bool { return c.matches(other.pattern) }) == n
			})
			if !sole {
				t.Errorf("no cell is impossible for this reason: %s", i.why)
			}
		})
	}
}
