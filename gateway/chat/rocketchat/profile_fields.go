package rocketchat

import (
	"context"
	"encoding/json"
	"fmt"
)

// Each field is brought over by a call of its own when it differs, and not at all otherwise (R24): one that Rocket.Chat
// refuses holds up no other.

func (u *update) setName(ctx context.Context) error {
	if u.Wanted.Name == "" || u.Wanted.Name == u.account.Name {
		return nil
	}
	return u.tried(u.workspace.update(ctx, u.job.UserID, accountChange{Name: u.Wanted.Name}))
}

func (u *update) setFields(ctx context.Context) error {
	changed := u.changedFields()
	if changed == nil {
		return nil
	}
	return u.tried(u.workspace.update(ctx, u.job.UserID, accountChange{CustomFields: changed}))
}

// changedFields is nil when all custom fields are as wanted. Otherwise it has all the account's fields, because
// workspaces differ in whether they keep those that are not sent.
func (u *update) changedFields() map[string]any {
	fields := map[string]any{}
	if json.Unmarshal(u.account.CustomFields, &fields) != nil || fields == nil { // none, or no object (R30)
		fields = map[string]any{}
	}
	changed := false
	for field, text := range u.Wanted.Fields {
		if fields[field] != text {
			fields[field], changed = text, true
		}
	}
	if !changed {
		return nil
	}
	return fields
}

// setAddress brings a verified address over. One that is taken stays with whoever has it, and this account keeps its own.
func (u *update) setAddress(ctx context.Context) error {
	if u.Wanted.Email == "" || u.account.confirmed(u.Wanted.Email) {
		return nil
	}
	err := u.workspace.update(ctx, u.job.UserID, accountChange{Email: u.Wanted.Email, Verified: true})
	if isRefusal(err, "error-field-unavailable") {
		err = fmt.Errorf("another account has the new e-mail address, so the former one stays: %w", err)
	}
	return u.tried(err)
}

// setAvatar has a picture fetched whose address is new. What people choose for themselves afterwards stays.
func (u *update) setAvatar(ctx context.Context) error {
	if u.Wanted.Avatar == "" || u.Wanted.Avatar == u.Given.Avatar {
		return nil
	}
	err := u.workspace.setAvatar(ctx, u.job.UserID, u.Wanted.Avatar)
	if isRefusal(err, "error-avatar-invalid-url", "error-avatar-url-handling") {
		err = fmt.Errorf("the picture must be one that Rocket.Chat itself can fetch: %w", err)
	}
	if err == nil {
		u.Given.Avatar = u.Wanted.Avatar
	}
	return u.tried(err)
}
