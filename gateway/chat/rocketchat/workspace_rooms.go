package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// place is where people can be members: a channel, a private group, or a team.
type place struct {
	Kind placeKind `json:"k"`
	Name string    `json:"n"` // as the configuration has it
	ID   string    `json:"i"`
	// Room is what members of the place have among their rooms: for a team its main room.
	Room string `json:"r"`
}

type placeKind string

const (
	channel placeKind = "channel"
	group   placeKind = "group" // Rocket.Chat's word for a private channel
	team    placeKind = "team"
)

// find looks a channel, group or team up by its name, and says what is missing when there is none that we can see.
func (w *workspace) find(ctx context.Context, isTeam bool, name string) (place, error) {
	if isTeam {
		return w.findTeam(ctx, name)
	}
	found, err := w.findRoom(ctx, channel, "v1/channels.info", name)
	if noSuchRoom(err) {
		found, err = w.findRoom(ctx, group, "v1/groups.info", name)
	}
	if noSuchRoom(err) {
		return place{}, &operatorError{cause: err, advice: fmt.Sprintf(
			"accounts.channels names %q, which is no channel, and no private group that the service account is a member of", name)}
	}
	return found, err
}

func (w *workspace) findRoom(ctx context.Context, kind placeKind, route, name string) (place, error) {
	type room struct {
		ID string `json:"_id"`
	}
	var answer struct{ Channel, Group room }
	err := w.asOurselves(ctx, call{name: route, method: http.MethodGet, query: url.Values{"roomName": {name}}}, &answer)
	if err != nil {
		return place{}, err
	}
	id := answer.Channel.ID + answer.Group.ID // one of them is empty
	if !isID(id) {
		return place{}, fmt.Errorf("%s: %w: a room without an id", route, errUnavailable)
	}
	return place{Kind: kind, Name: name, ID: id, Room: id}, nil
}

func noSuchRoom(err error) bool {
	refusal, ok := errors.AsType[*apiError](err)
	return ok && (refusal.code == "error-room-not-found" || refusal.status == http.StatusNotFound)
}

func (w *workspace) findTeam(ctx context.Context, name string) (place, error) {
	const route = "v1/teams.info"
	var answer struct {
		TeamInfo struct {
			ID     string `json:"_id"`
			RoomID string `json:"roomId"`
		}
	}
	err := w.asOurselves(ctx, call{
		name: route, method: http.MethodGet, query: url.Values{"teamName": {name}}, permission: "view-all-teams",
	}, &answer)
	if refusal, ok := errors.AsType[*apiError](err); ok && refusal.status == http.StatusBadRequest {
		return place{}, &operatorError{cause: err, advice: fmt.Sprintf("accounts.teams names %q, which is no team", name)}
	}
	if err != nil {
		return place{}, err
	}
	if !isID(answer.TeamInfo.ID) || !isID(answer.TeamInfo.RoomID) {
		return place{}, fmt.Errorf("%s: %w: a team without ids", route, errUnavailable)
	}
	return place{Kind: team, Name: name, ID: answer.TeamInfo.ID, Room: answer.TeamInfo.RoomID}, nil
}

// join puts an account into a place; one that is there already is fine.
func (w *workspace) join(ctx context.Context, p place, userID string) error {
	switch p.Kind {
	case team:
		return w.act(ctx, "v1/teams.addMembers", "add-team-member", map[string]any{
			"teamId": p.ID, "members": []map[string]string{{"userId": userID}},
		})
	case group:
		return w.act(ctx, "v1/groups.invite", "add-user-to-any-p-room, or to be a member with add-user-to-joined-room", inRoom(p, userID))
	}
	return w.act(ctx, "v1/channels.invite", "add-user-to-any-c-room", inRoom(p, userID))
}

// leave takes an account out of a place; one that is not there any more is fine.
func (w *workspace) leave(ctx context.Context, p place, userID string) error {
	var err error
	switch p.Kind {
	case team:
		err = w.act(ctx, "v1/teams.removeMember", "edit-team-member", map[string]string{"teamId": p.ID, "userId": userID})
	case group:
		err = w.act(ctx, "v1/groups.kick", "remove-user", inRoom(p, userID))
	default:
		err = w.act(ctx, "v1/channels.kick", "remove-user", inRoom(p, userID))
	}
	if isRefusal(err, "error-user-not-in-room") {
		return nil
	}
	return err
}

func inRoom(p place, userID string) map[string]string {
	return map[string]string{"roomId": p.ID, "userId": userID}
}
