package talktest

import (
	"context"
	"errors"
)

// GatewayPlugin is the hook of a plugin that lets the people of one issuer in, for Talk4Config.TokenUserNotFound: it
// passes on everybody else's tokens, takes the name from "username", and keeps a verified address for notices (P2).
func GatewayPlugin(issuer string) func(context.Context, *Talk4, map[string]any, string) (*Talk4User, error) {
	return func(_ context.Context, talk *Talk4, claims map[string]any, _ string) (*Talk4User, error) {
		id := text(claims, "sub")
		if claims["iss"] != issuer || id == "" {
			return nil, nil
		}
		user, err := talk.UpsertExternalUser(id, "chatgate", text(claims, "username"))
		if err != nil || claims["email_verified"] != true {
			return user, err
		}
		withEmail, err := talk.AddProfile(user.ID, Talk4Profile{ID: text(claims, "email"), Provider: ProfileLocal})
		if errors.Is(err, errDuplicate) {
			return user, nil // somebody else's address already: this person does without
		}
		return withEmail, err
	}
}
