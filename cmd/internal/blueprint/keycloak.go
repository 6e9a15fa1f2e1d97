package blueprint

import (
	"encoding/json"
	"fmt"

	"chatgate/cmd/internal/app"
)

// keycloakClient is a client as Keycloak's administration imports it. It has no wildcard, no flow but the one that is used,
// the addresses for sign-outs, and a mapper for the groups claim, since Keycloak puts groups into no token by itself.
func (b *Blueprint) keycloakClient() (app.Secret, error) {
	gateway := string(b.Gateway)
	secret, _ := b.secret(oidcClient) // which is made here for Keycloak
	client := map[string]any{
		"clientId": b.ClientName(), "name": "chatgate", "enabled": true, "protocol": "openid-connect", "baseUrl": gateway,
		"publicClient": false, "clientAuthenticatorType": "client-secret", "secret": secret.Text.Reveal(),
		"standardFlowEnabled": true, "implicitFlowEnabled": false,
		"directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
		"redirectUris": []string{gateway + "/login/callback"}, "webOrigins": []string{},
		"frontchannelLogout": false, // it hides the back channel
		"attributes": map[string]string{
			"pkce.code.challenge.method":          "S256",
			"post.logout.redirect.uris":           gateway + "/logout/complete",
			"backchannel.logout.url":              gateway + "/logout/backchannel",
			"backchannel.logout.session.required": "true",
		},
		"protocolMappers": []map[string]any{{
			"name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
			"config": map[string]string{
				"claim.name": "groups", "full.path": "false",
				"id.token.claim": "true", "access.token.claim": "false", "userinfo.token.claim": "true",
			},
		}},
	}
	text, err := json.MarshalIndent(client, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write keycloak-client.json: %w", err)
	}
	return app.Secret(text) + "\n", nil
}
