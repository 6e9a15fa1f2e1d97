package app

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"chatgate/gateway"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
)

// Level is how a finding of the doctor is to be taken.
type Level string

// The levels.
const (
	Well    Level = "ok"
	Warning Level = "warn" // it works, and something should be looked at
	Failure Level = "fail" // people cannot sign in, or will lose something
)

// Finding is one thing the doctor looked at.
type Finding struct {
	// About is the part of the installation, Name what was looked at there.
	About string `json:"about"`
	Name  string `json:"name"`
	Level Level  `json:"level"`
	// Text says what was found. It may quote others, so that a terminal must not be given it as it is.
	Text string `json:"text"`
	// Fix says what to change; empty where nothing is wrong, and where the text says all that can be said.
	Fix string `json:"fix,omitempty"`
}

// examineTime bounds the look at one provider or chat.
const examineTime = 60 * time.Second

// lookupTime bounds the look-up of one host.
const lookupTime = 3 * time.Second

// Doctor looks the installation over from top to bottom: the store, every provider, every chat, and how browsers will
// reach them. It changes nothing in them, but for one login token of each Rocket.Chat's service account, which it has
// made and revoked again.
func (t *Tools) Doctor(ctx context.Context) []Finding {
	found := slices.Concat(t.examineStore(ctx), t.examineStrength(), t.examineReplicas(ctx))
	for _, key := range t.Providers() {
		found = append(found, t.examineProvider(ctx, key)...)
	}
	found = append(found, t.examineGateway(ctx)...)
	found = append(found, t.examineOrigins(ctx)...)
	found = append(found, t.examineAddresses(ctx)...)
	found = append(found, t.examineProxies())
	found = append(found, t.examineCertificates(ctx)...)
	found = append(found, t.examineKeys(ctx)...)
	t.connectors(func(name string, c gateway.Chat) {
		found = append(found, t.examineChat(ctx, name, c)...)
	})
	return found
}

func (t *Tools) examineChat(ctx context.Context, name string, c gateway.Chat) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	var told []chat.Finding
	switch connector := c.Connector.(type) {
	case talk.Operated:
		told = t.examineTalk(ctx, name, connector)
	case chat.Examiner:
		told = connector.Examine(ctx)
	case chat.Checker:
		told = connector.Check(ctx)
	}
	found := make([]Finding, len(told))
	for i, f := range told {
		found[i] = Finding{About: "chat " + name, Name: f.Name, Level: levelOf(f), Text: f.Text, Fix: f.Fix}
	}
	return found
}

func levelOf(f chat.Finding) Level {
	switch {
	case f.OK:
		return Well
	case f.Minor:
		return Warning
	}
	return Failure
}

// examineAddresses says which pages' cookies browsers may hold back, and which they may not let reach us at all (B-29,
// B-30).
func (t *Tools) examineAddresses(ctx context.Context) []Finding {
	cfg := t.app.cfg
	networks, found := t.networks(ctx)
	for _, name := range slices.Sorted(maps.Keys(cfg.Chats)) {
		addresses := cfg.Chats[name].Addresses()
		for _, key := range slices.Sorted(maps.Keys(addresses)) {
			found = append(found, t.examineAddress("chat "+name, key, addresses[key], networks)...)
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{About: "network", Name: "sites", Level: Well, Text: "gateway and chats are on one site and in one kind of network"})
	}
	return found
}

func (t *Tools) examineAddress(about, key string, origin chat.Origin, networks map[string]network) []Finding {
	base := t.app.cfg.BaseURL
	if !strings.HasSuffix(key, "."+string(origin)) { // embedOrigins have their origin as their key
		key += " " + string(origin)
	}
	var found []Finding
	if !sameSite(base, origin) {
		found = append(found, Finding{About: about, Name: "site", Level: Warning, Text: fmt.Sprintf(
			"%s is on another site than baseURL %s, so the session cookie is a third-party cookie there, which many browsers block",
			key, base), Fix: "give the gateway a host name beside it, and put that into baseURL"})
	}
	if networks[hostOf(base)] == private && networks[hostOf(origin)] == public {
		found = append(found, Finding{About: about, Name: "network", Level: Warning, Text: fmt.Sprintf(
			"%s is on the public internet and baseURL %s on a private network: browsers block such calls or ask first", key, base),
			Fix: "put both in one network"})
	}
	return found
}

// network is where an address lies, as seen from here.
type network int

const (
	unresolved network = iota
	public
	private
)

// networks says where the gateway's host and the chats' lie, and which of them nobody can tell of from here.
func (t *Tools) networks(ctx context.Context) (map[string]network, []Finding) {
	hosts := map[string]network{hostOf(t.app.cfg.BaseURL): unresolved}
	for _, section := range t.app.cfg.Chats {
		for _, origin := range section.Addresses() {
			hosts[hostOf(origin)] = unresolved
		}
	}
	var found []Finding
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		if hosts[host] = t.network(ctx, host); hosts[host] == unresolved {
			found = append(found, Finding{About: "network", Name: "addresses", Level: Warning, Text: fmt.Sprintf(
				"%s does not resolve from here, so its network is unknown", host), Fix: "look at its name, or run this where it does"})
		}
	}
	return hosts, found
}

// network says where a host lies, private when any of its addresses is: a browser may take that one.
func (t *Tools) network(ctx context.Context, host string) network {
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	addresses, err := t.lookup(ctx, host)
	if err != nil || len(addresses) == 0 {
		return unresolved
	}
	if slices.ContainsFunc(addresses, isPrivate) {
		return private
	}
	return public
}

func hostOf(origin chat.Origin) string {
	u, err := url.Parse(string(origin))
	if err != nil {
		return string(origin)
	}
	return u.Hostname()
}

func isPrivate(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}
