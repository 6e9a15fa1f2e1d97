package talk

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

// The integrations of Coral that concern us, by their names in its settings.
const (
	integrationOIDC = "oidc"
	integrationSSO  = "sso"
)

// sessionDuration is the life of the tokens that Coral makes itself, in seconds.
const sessionDuration = "sessionDuration"

// coralSettings are the settings of a Coral that concern us.
type coralSettings struct {
	// values are JSON as Coral has it, by a name such as oidc.enabled.
	values   map[string]json.RawMessage
	callback string // where Coral expects its own login to end
	secrets  []SigningSecret
}

// SigningSecret is a secret of Coral's single sign-on.
type SigningSecret struct {
	// KID is empty for the only secret of a Coral before 5.3.
	KID    string
	Secret store.Secret
	// Current says that Coral would sign with it itself: it was not rotated.
	Current bool
}

// The texts by which settings are read. Releases before 5.3 have a single secret, and no key ids.
const (
	settingsQuery = `query ChatgateSettings { settings { auth { sessionDuration integrations {
  oidc { enabled allowRegistration targetFilter { admin stream } name clientID clientSecret authorizationURL tokenURL jwksURI issuer callbackURL }
  sso { enabled allowRegistration targetFilter { admin stream } ` + severalSecrets + ` }
} } } }`
	severalSecrets = `signingSecrets { kid secret rotatedAt inactiveAt }`
	singleSecret   = `key`
)

// settings reads them all at once.
func (a administration) settings(ctx context.Context) (coralSettings, error) {
	var answer settingsAnswer
	err := a.ask(ctx, settingsQuery, nil, &answer)
	if unknown(err) {
		err = a.ask(ctx, strings.Replace(settingsQuery, severalSecrets, singleSecret, 1), nil, &answer)
	}
	if err != nil {
		return coralSettings{}, err
	}
	return answer.read(a.c.env.Now()), nil
}

type settingsAnswer struct {
	Settings struct {
		Auth struct {
			SessionDuration json.RawMessage
			Integrations    map[string]map[string]json.RawMessage
		}
	}
}

func (a settingsAnswer) read(now time.Time) coralSettings {
	s := coralSettings{values: map[string]json.RawMessage{sessionDuration: a.Settings.Auth.SessionDuration}}
	for integration, fields := range a.Settings.Auth.Integrations {
		for field, value := range fields {
			s.values[integration+"."+field] = value
		}
	}
	_ = json.Unmarshal(s.values["oidc.callbackURL"], &s.callback) // a null is no address
	s.secrets = secretsOf(s.values, now)
	for _, read := range []string{"oidc.callbackURL", "sso.signingSecrets", "sso.key"} {
		delete(s.values, read)
	}
	return s
}

// secretsOf are the secrets that are good now, the current one first.
func secretsOf(values map[string]json.RawMessage, now time.Time) []SigningSecret {
	var several []struct {
		KID, Secret           string
		RotatedAt, InactiveAt *time.Time
	}
	var single string
	_ = json.Unmarshal(values["sso.signingSecrets"], &several)
	_ = json.Unmarshal(values["sso.key"], &single) // one of the two is there
	var secrets []SigningSecret
	if single != "" {
		secrets = append(secrets, SigningSecret{Secret: store.Secret(single), Current: true})
	}
	for _, s := range several {
		if s.InactiveAt == nil || now.Before(*s.InactiveAt) {
			secrets = append(secrets, SigningSecret{KID: s.KID, Secret: store.Secret(s.Secret), Current: s.RotatedAt == nil})
		}
	}
	slices.SortStableFunc(secrets, func(a, b SigningSecret) int {
		switch {
		case a.Current == b.Current:
			return cmp.Compare(a.KID, b.KID)
		case a.Current:
			return -1
		}
		return 1
	})
	return secrets
}

// is says whether a setting has this value.
func (s coralSettings) is(setting string, value any) bool {
	encoded, err := json.Marshal(value)
	return err == nil && chat.SameValue(s.values[setting], encoded)
}

// seconds is the life of Coral's own tokens.
func (s coralSettings) seconds() int {
	var n int
	_ = json.Unmarshal(s.values[sessionDuration], &n) // Coral has a number there
	return n
}

const updateSettings = `mutation ChatgateUpdateSettings($input: UpdateSettingsInput!) {
  updateSettings(input: $input) { clientMutationId }
}`

// update writes settings in one step, so that nobody meets half of them. Coral takes none without the session's duration.
func (a administration) update(ctx context.Context, now coralSettings, values map[string]json.RawMessage) error {
	integrations := map[string]map[string]json.RawMessage{}
	duration := now.values[sessionDuration]
	for setting, value := range values {
		integration, field, inner := strings.Cut(setting, ".")
		if !inner {
			duration = value
			continue
		}
		if integrations[integration] == nil {
			integrations[integration] = map[string]json.RawMessage{}
		}
		integrations[integration][field] = value
	}
	auth := map[string]any{sessionDuration: duration}
	if len(integrations) > 0 {
		auth["integrations"] = integrations
	}
	var answer struct{}
	return a.ask(ctx, updateSettings, map[string]any{"input": map[string]any{
		"clientMutationId": "chatgate", "settings": map[string]any{"auth": auth},
	}}, &answer)
}

const sitesQuery = `query ChatgateSites($after: Cursor) {
  sites(first: 20, after: $after) { edges { node { allowedOrigins } } pageInfo { hasNextPage endCursor } }
}`

// maxSitePages bounds how many pages of sites are read.
const maxSitePages = 50

// origins are the pages that Coral's sites let in. Releases before 6.0 have no sites, and let in nobody by them.
func (a administration) origins(ctx context.Context) (origins map[string]bool, told bool, err error) {
	origins = map[string]bool{}
	var after *string
	for range maxSitePages {
		var answer struct {
			Sites struct {
				Edges []struct {
					Node struct{ AllowedOrigins []string }
				}
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		err := a.ask(ctx, sitesQuery, map[string]any{"after": after}, &answer)
		if unknown(err) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, edge := range answer.Sites.Edges {
			for _, origin := range edge.Node.AllowedOrigins {
				origins[origin] = true
			}
		}
		if after = answer.Sites.PageInfo.EndCursor; !answer.Sites.PageInfo.HasNextPage || after == nil {
			break
		}
	}
	return origins, true, nil
}

// notLetIn are the embedding pages that no site of Coral lets in, in order.
func (c *connector) notLetIn(origins map[string]bool) []string {
	var missing []string
	for _, origin := range slices.Sorted(maps.Keys(c.cfg.EmbedOrigins)) {
		if !origins[string(origin)] && origin != c.cfg.URL {
			missing = append(missing, string(origin))
		}
	}
	return missing
}
