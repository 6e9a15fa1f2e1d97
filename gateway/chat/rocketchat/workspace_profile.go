package rocketchat

import (
	"context"
	"fmt"
	"net/http"
)

// accountChange is what users.update is sent: the fields that change and no others. There is no password among them,
// which would end every login of the account (R24).
type accountChange struct {
	Name         string         `json:"name,omitempty"`
	Email        string         `json:"email,omitempty"`
	Verified     bool           `json:"verified,omitempty"`
	CustomFields map[string]any `json:"customFields,omitempty"`
}

func (w *workspace) update(ctx context.Context, userID string, change accountChange) error {
	return w.act(ctx, "v1/users.update", "edit-other-user-info", struct {
		UserID string        `json:"userId"`
		Data   accountChange `json:"data"`
	}{userID, change})
}

// setAvatar has Rocket.Chat fetch a picture by itself.
func (w *workspace) setAvatar(ctx context.Context, userID, address string) error {
	return w.act(ctx, "v1/users.setAvatar", "edit-other-user-avatar", map[string]string{"userId": userID, "avatarUrl": address})
}

// giveRole and takeRole name roles by id, which every version takes (R25). Doing either twice is fine.
func (w *workspace) giveRole(ctx context.Context, username, role string) error {
	err := w.act(ctx, "v1/roles.addUserToRole", rolePermission(role), map[string]string{"roleId": role, "username": username})
	switch {
	case isRefusal(err, "error-user-already-in-role"):
		return nil
	case isRefusal(err, "error-invalid-role-properties"):
		return &operatorError{cause: err, advice: fmt.Sprintf("accounts.roles names %q, which is no role's id", role)}
	}
	return err
}

func (w *workspace) takeRole(ctx context.Context, username, role string) error {
	err := w.act(ctx, "v1/roles.removeUserFromRole", rolePermission(role), map[string]string{"roleId": role, "username": username})
	if isRefusal(err, "error-user-not-in-role") {
		return nil
	}
	return err
}

func rolePermission(role string) string {
	if role == adminRole {
		return "access-permissions and assign-admin-role"
	}
	return "access-permissions"
}

// act makes a call that changes something and answers nothing of interest.
func (w *workspace) act(ctx context.Context, route, permission string, body any) error {
	return w.asOurselves(ctx, call{name: route, method: http.MethodPost, body: body, permission: permission}, &struct{}{})
}
