package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	statusRoute      = "v1/users.setActiveStatus"
	statusPermission = "edit-other-user-active-status"
)

// accountStatus is what users.setActiveStatus is sent.
type accountStatus struct {
	UserID            string `json:"userId"`
	ActiveStatus      bool   `json:"activeStatus"`
	ConfirmRelinquish bool   `json:"confirmRelinquish,omitempty"`
}

var (
	errFederated = errors.New("the account belongs to another server, which alone may switch it off or on")
	errLastAdmin = errors.New("the account is the workspace's last active administrator")
)

// activate switches an account on. Rocket.Chat asks for a confirmation where a change of status costs somebody a room
// that nobody else owns; being switched on costs nothing.
func (w *workspace) activate(ctx context.Context, userID string) error {
	err := w.setStatus(ctx, accountStatus{UserID: userID, ActiveStatus: true})
	if _, asks := errors.AsType[*ownsRoomsError](err); asks {
		return w.setStatus(ctx, accountStatus{UserID: userID, ActiveStatus: true, ConfirmRelinquish: true})
	}
	return err
}

// deactivate switches an account off, which ends all its logins and personal access tokens. An account that alone owns
// rooms is left as it is, with an *ownsRoomsError, unless relinquish gives them up.
func (w *workspace) deactivate(ctx context.Context, userID string, relinquish bool) error {
	return w.setStatus(ctx, accountStatus{UserID: userID, ConfirmRelinquish: relinquish})
}

func (w *workspace) setStatus(ctx context.Context, s accountStatus) error {
	err := w.act(ctx, statusRoute, statusPermission, s)
	switch {
	case isRefusal(err, "user-last-owner"):
		return ownsRooms(err)
	case isRefusal(err, "error-user-is-federated"):
		return fmt.Errorf("%w: %w", errFederated, err)
	case isRefusal(err, "error-action-not-allowed") && aboutLastAdmin(err):
		return errLastAdmin
	}
	return err
}

// aboutLastAdmin tells the refusal to lose the last administrator from the one for want of a permission, which has the
// same code.
func aboutLastAdmin(err error) bool {
	var details struct{ Action string }
	refusal, ok := errors.AsType[*apiError](err)
	return ok && json.Unmarshal(refusal.details, &details) == nil && details.Action == "Remove_last_admin"
}

// ownsRoomsError says that an account is not switched off because it alone owns rooms. It prints without their names,
// which may be for members only.
type ownsRoomsError struct {
	// Removed are the names of rooms with nobody else in them, which go with the account; Inherited are those that
	// another member would own. Both are empty where Rocket.Chat does not tell.
	Removed, Inherited []string
	cause              error
}

func (e *ownsRoomsError) Error() string {
	return fmt.Sprintf("the account alone owns rooms: %d with nobody else in them, %d with other members",
		len(e.Removed), len(e.Inherited))
}

func (e *ownsRoomsError) Unwrap() error { return e.cause }

// ownsRooms reads which rooms are concerned. The details have had more than one shape (R30), so that they may tell nothing.
func ownsRooms(err error) error {
	told := &ownsRoomsError{cause: err}
	var details struct{ ShouldBeRemoved, ShouldChangeOwner []string }
	if refusal, ok := errors.AsType[*apiError](err); ok && json.Unmarshal(refusal.details, &details) == nil {
		told.Removed, told.Inherited = details.ShouldBeRemoved, details.ShouldChangeOwner
	}
	return told
}
