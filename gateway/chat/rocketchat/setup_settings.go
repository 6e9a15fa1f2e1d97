package rocketchat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"chatgate/gateway/chat"
)

// The settings of Rocket.Chat that concern us, by _id. The capital I of two of them is Rocket.Chat's own.
const (
	iframeEnabled   = "Accounts_iframe_enabled"
	iframeURL       = "Accounts_iframe_url"
	iframeAPIURL    = "Accounts_Iframe_api_url"
	iframeAPIMethod = "Accounts_Iframe_api_method"
	siteURL         = "Site_Url"
	receiveEnable   = "Iframe_Integration_receive_enable"
	receiveOrigin   = "Iframe_Integration_receive_origin"
	sendEnable      = "Iframe_Integration_send_enable"
	sendOrigin      = "Iframe_Integration_send_target_origin"
	restrictAccess  = "Iframe_Restrict_Access"
	manuallyApprove = "Accounts_ManuallyApproveNewUsers"
)

// wantedSetting is a setting and what it must be: a text or a boolean.
type wantedSetting struct {
	id    string
	value any
	// or are other values that do as well.
	or []any
	// byHand says why only an operator can choose among the values, and what follows from the choice.
	byHand string
}

func (w wantedSetting) values() []any { return append([]any{w.value}, w.or...) }

func (w wantedSetting) met(value json.RawMessage) bool {
	return slices.ContainsFunc(w.values(), func(wanted any) bool { return isValue(value, wanted) })
}

func (w wantedSetting) text() string {
	var words []string
	for _, value := range w.values() {
		words = append(words, fmt.Sprint(value))
	}
	return strings.Join(words, " or ")
}

// isValue says whether a setting is a text or a boolean.
func isValue(value json.RawMessage, wanted any) bool {
	encoded, err := json.Marshal(wanted)
	return err == nil && chat.SameValue(value, encoded)
}

// iframeSettings are the four of Rocket.Chat's page Accounts, Iframe. The one that replaces its login page comes last:
// whoever sets them one by one must not leave people before a page that leads nowhere.
func (c *connector) iframeSettings() []wantedSetting {
	own := c.env.BaseURL + "/" + c.env.Name
	return []wantedSetting{
		{id: iframeURL, value: own + "/frame"},
		{id: iframeAPIURL, value: own + "/token"},
		{id: iframeAPIMethod, value: http.MethodPost, or: []any{http.MethodGet}},
		{id: iframeEnabled, value: true},
	}
}

// embedSettings are those of Iframe Integration, in the order in which they are set.
func (c *connector) embedSettings() []wantedSetting {
	return append(c.receiveSettings(), c.sendSettings()...)
}

// tokenPages are the origins whose pages may have login tokens.
func (c *connector) tokenPages() []string {
	return c.embedders(func(r chat.EmbedRights) bool { return r.Token })
}

// receiveSettings let the pages that may have login tokens hand them to the chat that they embed: exactly those, since
// every origin in the list can sign a reader in as anybody (B-30). Rocket.Chat compares the list's items as they are,
// without taking spaces away.
func (c *connector) receiveSettings() []wantedSetting {
	origins := c.tokenPages()
	if len(origins) == 0 {
		return nil
	}
	return []wantedSetting{
		{id: receiveOrigin, value: strings.Join(origins, ",")},
		{id: receiveEnable, value: true},
	}
}

// sendSettings have the chat tell the page around it who is signed in. Rocket.Chat tells one origin alone: which of
// several it is to be, nobody can know from here.
func (c *connector) sendSettings() []wantedSetting {
	origins := c.tokenPages()
	switch len(origins) {
	case 0:
		return nil
	case 1:
		return []wantedSetting{{id: sendOrigin, value: origins[0]}, {id: sendEnable, value: true}}
	}
	var others []any
	for _, origin := range origins[1:] {
		others = append(others, origin)
	}
	const choice = "turn " + sendEnable + " on and enter the one page that is to be told in " + sendOrigin + ": Rocket.Chat takes no more than one, " +
		"and the others learn neither that a login was taken nor of a sign-out in the chat"
	return []wantedSetting{
		{id: sendOrigin, value: origins[0], or: others, byHand: choice},
		{id: sendEnable, value: true, byHand: choice},
	}
}

// settings reads settings one by one as the service account. Unlike the route that everybody may call, this one is not
// limited to ten calls a minute from one address.
func (w *workspace) settings(ctx context.Context, ids ...string) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	for _, id := range ids {
		value, err := w.privateSetting(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", id, err)
		}
		values[id] = value
	}
	return values, nil
}

// privateSetting reads one setting as the service account, which takes the permission view-privileged-setting.
func (w *workspace) privateSetting(ctx context.Context, id string) (json.RawMessage, error) {
	var answer struct{ Value json.RawMessage }
	err := w.asOurselves(ctx, call{
		name: "v1/settings/" + id, method: http.MethodGet, permission: "view-privileged-setting",
	}, &answer)
	return answer.Value, err
}

// writeSetting sets one setting and reads it back. An environment variable of Rocket.Chat's server wins over what is
// set, and Rocket.Chat does not say so.
func (w *workspace) writeSetting(ctx context.Context, id string, value json.RawMessage) error {
	var answer struct{}
	err := w.asOurselves(ctx, call{
		name: "v1/settings/" + id, method: http.MethodPost, body: map[string]json.RawMessage{"value": value},
		permission: "edit-privileged-setting",
	}, &answer)
	if err != nil {
		return err
	}
	stands, err := w.privateSetting(ctx, id)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if !chat.SameValue(stands, value) {
		return &stuckError{id: id, stands: stands}
	}
	return nil
}

// stuckError says that Rocket.Chat took a value and kept another.
type stuckError struct {
	id     string
	stands json.RawMessage
}

func (e *stuckError) Error() string {
	return fmt.Sprintf("it still is %s: the environment variable OVERWRITE_SETTING_%s of Rocket.Chat's server wins; remove it there, restart Rocket.Chat and try again",
		chat.Shown(e.stands), e.id)
}
