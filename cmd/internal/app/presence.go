package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"chatgate/store"
)

const (
	// Every running gateway tells of itself this often, and is forgotten when it has not for six times as long.
	tellEvery = 5 * time.Second
	tellLives = 6 * tellEvery
	// replicaSet is the set of all cards, mostReplicas how many of them are read.
	replicaSet   = "all"
	mostReplicas = 256
	// partingTime bounds the last word of a gateway that stops.
	partingTime = time.Second
)

// card is what a running gateway tells about itself, for the doctor to compare with the others. It lies in the store as it
// is, so that a doctor with other sealing keys can read it, and holds no secret and nothing of people.
type card struct {
	// Name is the host's, which is the pod's; Instance tells two processes of one host apart.
	Name     string `json:"name"`
	Instance string `json:"instance"`
	Version  string `json:"version"`
	// Status is that of /readyz, Unwell the parts that are not well there.
	Status string   `json:"status"`
	Unwell []string `json:"unwell,omitempty"`
	// Current is the fingerprint of the key that seals, Holds are those of all keys.
	Current string   `json:"current"`
	Holds   []string `json:"holds"`
	// Ignores says that forwarded headers of a peer that is not trusted were met.
	Ignores bool `json:"ignores,omitempty"`
}

// presence keeps one gateway's card in the store.
type presence struct {
	app      *App
	index    store.Index
	instance string
	told     string // the card as it was last told
}

func newPresence(a *App) *presence {
	return &presence{app: a, index: replicaIndex(a.parts.store), instance: rand.Text()}
}

func replicaIndex(s *store.Store) store.Index { return store.NewIndex(s.Passing("replicas")) }

// Run tells until ctx ends, and then takes the card away. While the store is away nobody could read it.
func (p *presence) Run(ctx context.Context) error {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		_ = p.tell(ctx)
		select {
		case <-ctx.Done():
			parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
			defer cancel()
			_ = p.index.Drop(parting, replicaSet, p.told)
			return nil
		case <-ticker.C:
		}
	}
}

// tell puts the card as it is now in the place of the former one.
func (p *presence) tell(ctx context.Context) error {
	member, err := json.Marshal(p.card(ctx))
	if err != nil {
		return fmt.Errorf("encode card: %w", err)
	}
	now := p.app.parts.now()
	if p.told != "" && p.told != string(member) {
		if err := p.index.Drop(ctx, replicaSet, p.told); err != nil {
			return err
		}
	}
	p.told = string(member)
	if err := p.index.Put(ctx, replicaSet, p.told, now.Add(tellLives), tellLives); err != nil {
		return err
	}
	return p.index.Trim(ctx, replicaSet, now)
}

func (p *presence) card(ctx context.Context) card {
	keys, status := p.app.parts.store.SealingKeys(), p.app.server.Status(ctx)
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	c := card{
		Name: cmp.Or(host, "unnamed"), Instance: p.instance, Version: Version().Version, Status: status.Word,
		Current: keys.Current, Holds: slices.Sorted(maps.Keys(keys.Names)), Ignores: p.app.server.IgnoresForwarded(),
	}
	for _, part := range slices.Sorted(maps.Keys(status.Checks)) {
		if status.Checks[part] != "ok" {
			c.Unwell = append(c.Unwell, part)
		}
	}
	return c
}

// replicas are the cards of all running gateways, in the order of their names. What is no card is left out: it is of
// another release, or of somebody else.
func (a *App) replicas(ctx context.Context) ([]card, error) {
	now := a.parts.now()
	entries, err := replicaIndex(a.parts.store).List(ctx, replicaSet, now, now.Add(2*tellLives), mostReplicas)
	if err != nil {
		return nil, err
	}
	var cards []card
	for _, entry := range entries {
		var c card
		if json.Unmarshal([]byte(entry.Member), &c) == nil && c.Instance != "" {
			cards = append(cards, c)
		}
	}
	slices.SortFunc(cards, func(a, b card) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Instance, b.Instance)) })
	return cards, nil
}
