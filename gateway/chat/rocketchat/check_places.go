package rocketchat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

// places are the channels, groups and teams that the configuration names, as the service account finds them.
type places struct {
	channels, groups []place
	// wrong are those that it does not find, each with what to change.
	wrong []string
	// unseen is why not all of them were looked for: Rocket.Chat did not answer, or counted the calls.
	unseen error
}

func (p places) public() bool  { return p.unseen != nil || len(p.channels) > 0 }
func (p places) private() bool { return p.unseen != nil || len(p.groups) > 0 }

// findPlaces looks for each place by its name, as a profile job does: what a job would not find it names.
func (c *connector) findPlaces(ctx context.Context) places {
	var p places
	for _, name := range c.cfg.Accounts.Channels.everything() {
		found, err := c.workspace.find(ctx, false, name)
		if p.note(found, err); p.unseen != nil {
			return p
		}
	}
	for _, name := range c.cfg.Accounts.Teams.everything() {
		found, err := c.workspace.find(ctx, true, name)
		if p.note(found, err); p.unseen != nil {
			return p
		}
	}
	return p
}

func (p *places) note(found place, err error) {
	switch {
	case err == nil && found.Kind == channel:
		p.channels = append(p.channels, found)
	case err == nil && found.Kind == group:
		p.groups = append(p.groups, found)
	case err != nil && hopeless(err):
		p.wrong = append(p.wrong, err.Error())
	case err != nil:
		p.unseen = err
	}
}

// examinePlaces says which places are not there, and which the service account could not put anybody into.
func (c *connector) examinePlaces(ctx context.Context, l look, p places, granted map[string]bool) chat.Finding {
	const name = "channels and teams"
	wrong, err := p.wrong, p.unseen
	if err == nil && len(p.channels) > 0 && !granted["add-user-to-any-c-room"] && granted["add-user-to-joined-room"] {
		var outside []string
		outside, err = c.outside(ctx, l, p.channels)
		wrong = append(wrong, outside...)
	}
	switch {
	case err != nil:
		return chat.Finding{Name: name, Minor: true, Text: "could not be looked at: " + err.Error()}
	case len(wrong) > 0:
		return chat.Finding{Name: name, Minor: true, Text: strings.Join(wrong, "; ")}
	}
	return chat.Finding{Name: name, OK: true, Text: "all there"}
}

// outside are the channels that the service account is no member of, which add-user-to-joined-room is not enough for. Of
// a private group it is a member, or it would not have found it.
func (c *connector) outside(ctx context.Context, l look, channels []place) ([]string, error) {
	me, err := c.workspace.withRooms(ctx, l.version, l.me.ID)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, p := range channels {
		if !me.in(p) {
			texts = append(texts, fmt.Sprintf("the service account may put nobody into the channel %q: make it a member there, or give it add-user-to-any-c-room", p.Name))
		}
	}
	return texts, nil
}

// in says whether the account is a member of a place, as far as its rooms are shown.
func (a account) in(p place) bool {
	return slices.ContainsFunc(a.Rooms, func(r struct{ RID string }) bool { return r.RID == p.Room })
}

// everything is all that the mapping names, each once and in order.
func (m Mapping) everything() []string { return m.of(slices.Collect(maps.Keys(m))) }
