package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ReadyAddress checks the address of a running gateway's admin listener. An address without a path means its /readyz.
func ReadyAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("must be an address such as http://chatgate.sso.svc:9090/readyz, without a user name")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/readyz"
	}
	return u, nil
}

// AskReady asks a running gateway how it is, and what it says of each of its parts. It follows no redirect and goes
// through no proxy: whoever names a gateway's own address means that gateway.
func AskReady(ctx context.Context, target *url.URL) []Finding {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	f := Finding{About: "gateway", Name: "readyz", Level: Failure}
	got, err := browse(ctx, transport, target.String(), nil)
	if err != nil {
		f.Text = fmt.Sprintf("%s does not answer: %v", target, err)
		f.Fix = "see whether the gateway runs, and whether this address leads to its listen.admin"
		return []Finding{f}
	}
	var told struct {
		Status string
		Checks map[string]string
	}
	if err := json.Unmarshal(got.body, &told); err != nil || told.Checks == nil || !slices.Contains(readyWords(), told.Status) {
		f.Text = fmt.Sprintf("%s answers with %d, and not as a gateway does: %s", target, got.status, answerer(got))
		f.Fix = "name the address of /readyz at the gateway's listen.admin"
		return []Finding{f}
	}
	f.Text = fmt.Sprintf("%s (%d)", told.Status, got.status)
	if got.status == http.StatusOK && slices.Contains(servingWords(), told.Status) {
		f.Level = Well
	} else {
		f.Fix = "look at the parts that are not well, and at the gateway's log"
	}
	found := []Finding{f}
	for _, part := range slices.Sorted(maps.Keys(told.Checks)) {
		found = append(found, partOf(part, told.Checks[part]))
	}
	return found
}

// servingWords are the words of a gateway that serves, readyWords all that a gateway has for how it is.
func servingWords() []string { return []string{"ready", "degraded"} }

func readyWords() []string {
	return append(servingWords(), "starting", "draining", "sealing_mismatch", "names_mismatch")
}

// answerer says what has answered in a gateway's place, as far as that shows.
func answerer(got seen) string {
	kind, server := got.header.Get("Content-Type"), got.header.Get("Server")
	if kind == "" {
		kind = "something of no kind"
	}
	if server != "" {
		kind += " from " + server
	}
	return Printable(kind)
}

// partOf is what a gateway says of one part. What keeps it from serving is in its status; with anything else it serves
// and recovers by itself (D26), so that it is a warning here.
func partOf(part, told string) Finding {
	f := Finding{About: part, Name: "readyz", Level: Well, Text: told}
	if told != "ok" {
		f.Level = Warning
	}
	return f
}
