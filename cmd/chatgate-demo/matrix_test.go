package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"chatgate/oidc/oidctest"
	"chatgate/store/storetest/redistest"
)

// TestBrowserMatrix walks from the chat through the provider, back in, and out again, in every kind of browser, on
// every layout of sites, under every policy on cookies, by every client. Pairs of all values are covered; with
// CHATGATE_MATRIX=full every cell is. CHATGATE_MATRIX_TABLE names a file for the table.
func TestBrowserMatrix(t *testing.T) { // B-11, B-12, B-13, B-16, B-17, B-21, B-26
	cells := pairwise(possible())
	if os.Getenv("CHATGATE_MATRIX") == "full" {
		cells = possible()
	}
	slices.SortFunc(cells, func(a, b cell) int { return slices.Compare(a[:], b[:]) })
	parts := needParts(t, "chromium", "firefox-esr")
	ground := openGround(t)
	results := results{}
	var mu sync.Mutex
	var walking sync.WaitGroup
	for kind, own := range byBrowser(cells) {
		walking.Go(func() {
			found, err := ground.walk(t, parts, own)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(results, found)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
	walking.Wait()
	results.report(t, cells)
	publish(t, table(results))
}

// results are what became of the cells, by their names, and of the checks that the browsers are as they should be.
type results map[string]tapResult

func (r results) report(t *testing.T, cells []cell) {
	for _, c := range cells {
		if _, walked := r[c.String()]; !walked {
			t.Errorf("%v was not walked", c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r)) {
		t.Run(name, func(t *testing.T) {
			if !r[name].ok {
				t.Error(r[name].diagnosis)
			}
		})
	}
}

// ground is a world for each layout and each provider, all on one Redis.
type ground struct {
	authority *authority
	worlds    map[cell]*world // by patterns of layout and COOP
}

func openGround(t *testing.T) ground {
	g := ground{authority: newAuthority(t), worlds: map[cell]*world{}}
	redis := redistest.Start(t).Addr
	for _, name := range dimensions[layoutOf].values {
		for _, policy := range dimensions[coop].values {
			w := start(t, worldConfig{
				Redis: redis, KeyPrefix: name + ":" + policy + ":", Layout: g.authority.layout(sites[name]),
			})
			if policy != "none" {
				w.Provider.Set(func(f *oidctest.Faults) { f.CrossOriginOpenerPolicy = policy })
			}
			g.worlds[cell{layoutOf: name, coop: policy}] = w
		}
	}
	return g
}

// cellPlan is a cell in the words of browser/matrix.test.mjs.
type cellPlan struct {
	Name    string    `json:"name"`
	Browser string    `json:"browser"`
	Layout  string    `json:"layout"`
	Cookies string    `json:"cookies"`
	Client  string    `json:"client"`
	World   addresses `json:"world"`
	Portal  string    `json:"portal,omitempty"` // the page around the chat, if any
}

func (g ground) plan(c cell) cellPlan {
	w := g.worlds[cell{layoutOf: c[layoutOf], coop: c[coop]}]
	plan := cellPlan{
		Name: c.String(), Browser: c[browser], Layout: c[layoutOf], Cookies: c[cookies], Client: c[client], World: w.Addresses(),
	}
	if strings.HasPrefix(c[layoutOf], "embedded") {
		plan.Portal = w.hosts["portal"].url() + "/?plain"
	}
	return plan
}

// walk sends one process through the cells of one browser.
func (g ground) walk(t *testing.T, parts parts, cells []cell) (results, error) {
	var plan struct {
		Stranger cellPlan   `json:"stranger"` // a page of another site that may read tokens
		Cells    []cellPlan `json:"cells"`
	}
	plan.Stranger = g.plan(cell{layoutOf: "embedded-cross-site", coop: "none"})
	for _, c := range cells {
		plan.Cells = append(plan.Cells, g.plan(c))
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	output, err := parts.run(t, "matrix.test.mjs", append(g.authority.environment(t), "CHATGATE_MATRIX_CELLS="+string(text))...)
	found := results{}
	for _, r := range readTAP(output) {
		found[r.name] = r
	}
	if err != nil && len(found) < len(cells) {
		return found, fmt.Errorf("node: %w\n%s", err, output)
	}
	return found, nil
}

func byBrowser(cells []cell) map[string][]cell {
	groups := map[string][]cell{}
	for _, c := range cells {
		groups[c[browser]] = append(groups[c[browser]], c)
	}
	return groups
}

// table shows what became of every combination: passed, failed, not walked this time, or why it does not exist. Those
// that are impossible for one reason share a line.
func table(found results) string {
	var text strings.Builder
	columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, d := range dimensions {
		fmt.Fprintf(columns, "%s\t", d.name)
	}
	fmt.Fprintln(columns, "result")
	row := func(c cell, result string) {
		for _, value := range c {
			if value == "" {
				value = "any"
			}
			fmt.Fprintf(columns, "%s\t", value)
		}
		fmt.Fprintln(columns, result)
	}
	walked := 0
	for _, c := range possible() {
		if r, ok := found[c.String()]; ok {
			walked++
			row(c, map[bool]string{true: "pass", false: "FAIL"}[r.ok])
		}
	}
	for _, i := range impossible {
		row(i.pattern, "impossible: "+i.why)
	}
	_ = columns.Flush() // into memory
	fmt.Fprintf(&text, "%d of %d cells walked\n", walked, len(possible()))
	return text.String()
}

func publish(t *testing.T, table string) {
	t.Log("\n" + table)
	if path := os.Getenv("CHATGATE_MATRIX_TABLE"); path != "" {
		if err := os.WriteFile(path, []byte(table), 0o644); err != nil {
			t.Error(err)
		}
	}
}
