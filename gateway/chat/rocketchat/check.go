package rocketchat

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"chatgate/gateway/chat"
)

// Check looks at what has to be right for people to sign in: Rocket.Chat answers, its release is sound, our service
// account is let in, and its iframe settings lead to us (R31, R32). It stops where the rest would only repeat itself.
func (c *connector) Check(ctx context.Context) []chat.Finding {
	traits, err := c.workspace.read(ctx)
	if err != nil {
		return []chat.Finding{{Name: "reachable", Text: c.cfg.API.URL + ": " + err.Error()}}
	}
	found := []chat.Finding{{Name: "reachable", OK: true, Text: "Rocket.Chat " + traits.version.String() + " at " + c.cfg.API.URL}}
	found = append(found, checkVersion(traits.version), c.checkTokenSecret(traits.version), c.checkServiceAccount(ctx))
	return append(found, c.checkIframe(ctx, traits.version))
}

func checkVersion(v version) chat.Finding {
	if v.unsound() {
		return chat.Finding{Name: "version", Text: "iframe authentication is broken in 7.8 to 7.10: upgrade to 7.11 or later"}
	}
	return chat.Finding{Name: "version", OK: true, Text: v.String() + " has no known defect that matters here"}
}

func (c *connector) checkTokenSecret(v version) chat.Finding {
	if v.needs().tokenSecret && c.cfg.API.CreateTokenSecret == "" {
		return chat.Finding{Name: "createTokenSecret", Text: "api.createTokenSecret is missing: " + v.tokenAdvice()}
	}
	return chat.Finding{Name: "createTokenSecret", OK: true, Text: "as this version needs it"}
}

func (c *connector) checkServiceAccount(ctx context.Context) chat.Finding {
	var me account
	err := c.workspace.asOurselves(ctx, call{name: "v1/me", method: http.MethodGet}, &me)
	switch {
	case err != nil:
		return chat.Finding{Name: "service account", Text: err.Error()}
	case me.deactivated():
		return chat.Finding{Name: "service account", Text: "the account is deactivated in Rocket.Chat"}
	}
	return chat.Finding{Name: "service account", OK: true, Text: "signed in"}
}

// checkIframe compares the four settings that everybody may read with what they must be.
func (c *connector) checkIframe(ctx context.Context, v version) chat.Finding {
	const name = "iframe settings"
	own := c.env.BaseURL + "/" + c.env.Name
	wanted := []struct{ id, value string }{
		{"Accounts_iframe_enabled", "true"},
		{"Accounts_iframe_url", own + "/frame"},
		{"Accounts_Iframe_api_url", own + "/token"},
	}
	var ids []string
	for _, w := range wanted {
		ids = append(ids, w.id)
	}
	settings, err := c.workspace.publicSettings(ctx, v, append(ids, "Accounts_Iframe_api_method")...)
	if err != nil {
		return chat.Finding{Name: name, Text: err.Error()}
	}
	var wrong []string
	for _, w := range wanted {
		if plain(settings[w.id]) != w.value {
			wrong = append(wrong, w.id+" must be "+w.value)
		}
	}
	if method := plain(settings["Accounts_Iframe_api_method"]); method != http.MethodPost && method != http.MethodGet {
		wrong = append(wrong, "Accounts_Iframe_api_method must be POST or GET")
	}
	if len(wrong) > 0 {
		return chat.Finding{Name: name, Text: strings.Join(wrong, "; ")}
	}
	return chat.Finding{Name: name, OK: true, Text: "lead to this gateway"}
}

// plain is a setting's value as text.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}
