package blueprint

import "chatgate/cmd/internal/app"

// product is what has to be known of a provider's product to make the gateway a client there.
type product struct {
	name string
	// clientID is what the client is called where whoever registers it chooses; empty where the product makes ids.
	clientID string
	// takesSecret says that the product is told the client's secret, and does not make it.
	takesSecret bool
}

// products are told by their presets. The zero preset is any provider that keeps to the standard.
var products = map[app.Preset]product{
	"":                  {name: "a provider that keeps to the standard", clientID: "chatgate"},
	app.PresetKeycloak:  {name: "Keycloak", clientID: "chatgate", takesSecret: true},
	app.PresetEntra:     {name: "Entra ID"},
	app.PresetOkta:      {name: "Okta"},
	app.PresetGoogle:    {name: "Google"},
	app.PresetAuthentik: {name: "authentik"},
	app.PresetDex:       {name: "dex", clientID: "chatgate", takesSecret: true},
	app.PresetGitLab:    {name: "GitLab"},
	app.PresetAuthelia:  {name: "Authelia", clientID: "chatgate", takesSecret: true},
}
