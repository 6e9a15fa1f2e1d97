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
	restrictAccess  = "Iframe_Restrict_Access"
	manuallyApprove = "Accounts_ManuallyApproveNewUsers"
)

// wantedSetting is a setting and what it must be: a text or a boolean.
type wantedSetting struct {
	id    string
	value any
	// or are other values that do as well.
	or []string
}

func (w wantedSetting) met(value json.RawMessage) bool {
	if _, text := w.value.(string); text {
		return plain(value) == w.value || slices.Contains(w.or, plain(value))
	}
	return plain(value) == fmt.Sprint(w.value)
}

func (w wantedSetting) text() string {
	return strings.Join(append([]string{fmt.Sprint(w.value)}, w.or...), " or ")
}

// iframeSettings are the four of Rocket.Chat's page Accounts, Iframe. The one that replaces its login page comes last:
// whoever sets them one by one must not leave people before a page that leads nowhere.
func (c *connector) iframeSettings() []wantedSetting {
	own := c.env.BaseURL + "/" + c.env.Name
	return []wantedSetting{
		{id: iframeURL, value: own + "/frame"},
		{id: iframeAPIURL, value: own + "/token"},
		{id: iframeAPIMethod, value: http.MethodPost, or: []string{http.MethodGet}},
		{id: iframeEnabled, value: true},
	}
}

// receiveSettings let the pages that may have login tokens hand them to the chat that they embed: exactly those, since
// every origin in the list can sign a reader in as anybody (B-30). Rocket.Chat compares the list's items as they are,
// without taking spaces away.
func (c *connector) receiveSettings() []wantedSetting {
	origins := c.embedders(func(r chat.EmbedRights) bool { return r.Token })
	if len(origins) == 0 {
		return nil
	}
	return []wantedSetting{
		{id: receiveOrigin, value: strings.Join(origins, ",")},
		{id: receiveEnable, value: true},
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
	if plain(stands) != plain(value) {
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
		shown(e.stands), e.id)
}
