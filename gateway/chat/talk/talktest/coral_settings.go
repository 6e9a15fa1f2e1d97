package talktest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// SigningSecret is a secret of Coral's single sign-on. The one that was not rotated is current; another one is good
// until it is inactive.
type SigningSecret struct {
	KID        string     `json:"kid"`
	Secret     string     `json:"secret"`
	CreatedAt  time.Time  `json:"createdAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"`
	RotatedAt  *time.Time `json:"rotatedAt"`
	InactiveAt *time.Time `json:"inactiveAt"`
}

func (s SigningSecret) active(now time.Time) bool {
	return s.InactiveAt == nil || now.Before(*s.InactiveAt)
}

// Site is one site of the tenant, whose pages may call the API.
type Site struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	AllowedOrigins []string `json:"allowedOrigins"`
}

// settings are what administrators set. They are replaced as a whole and never changed in place.
type settings struct {
	// auth is "settings.auth" as it is stored, without what is computed.
	auth map[string]any
	// oidc, sso and duration are what auth says.
	oidc     OIDCIntegration
	sso      SSOIntegration
	duration time.Duration
	secrets  []SigningSecret // oldest first
	sites    []Site
}

func (s *settings) origins() []string {
	var all []string
	for _, site := range s.sites {
		all = append(all, site.AllowedOrigins...)
	}
	return all
}

// newSettings are those of a tenant that was configured as cfg has it, and otherwise left as Coral makes it.
func newSettings(cfg CoralConfig) (*settings, error) {
	everywhere := TargetFilter{Admin: true, Stream: true}
	oidc, sso := OIDCIntegration{TargetFilter: everywhere}, SSOIntegration{TargetFilter: everywhere}
	if cfg.OIDC != nil {
		oidc = *cfg.OIDC
		oidc.Name = defaultName(oidc.Name)
	}
	if cfg.SSO != nil {
		sso = *cfg.SSO
	}
	local := LocalIntegration{Enabled: true, AllowRegistration: true, TargetFilter: everywhere}
	auth := map[string]any{"sessionDuration": cfg.SessionDuration.Seconds(), "integrations": map[string]any{
		"oidc": document(oidc), "sso": document(sso), "local": document(local),
	}}
	s := &settings{
		secrets: firstSecrets(sso, cfg.Now()),
		sites:   []Site{{ID: "site-1", Name: "Example", AllowedOrigins: slices.Clone(cfg.AllowedOrigins)}},
	}
	return s.with(auth)
}

// defaultName is the label of an integration that a test describes without one: without a label it would count as off.
func defaultName(name string) string {
	if name == "" {
		return "OpenID Connect"
	}
	return name
}

// LocalIntegration is Coral's own accounts with a password. It is here to be left alone.
type LocalIntegration struct {
	Enabled           bool         `json:"enabled"`
	AllowRegistration bool         `json:"allowRegistration"`
	TargetFilter      TargetFilter `json:"targetFilter"`
}

// with is the same settings with another auth.
func (s *settings) with(auth map[string]any) (*settings, error) {
	raw, err := json.Marshal(auth)
	if err != nil {
		return nil, fmt.Errorf("encode the settings: %w", err)
	}
	var read struct {
		SessionDuration float64 `json:"sessionDuration"`
		Integrations    struct {
			OIDC OIDCIntegration `json:"oidc"`
			SSO  SSOIntegration  `json:"sso"`
		} `json:"integrations"`
	}
	if err := json.Unmarshal(raw, &read); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	changed := *s
	changed.auth, changed.oidc, changed.sso = auth, read.Integrations.OIDC, read.Integrations.SSO
	changed.duration = time.Duration(read.SessionDuration) * time.Second
	return &changed, nil
}

// document is a value as GraphQL shows it. A text that was never set is null.
func document(v any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // a struct of texts and booleans
	}
	var d map[string]any
	if err := json.Unmarshal(raw, &d); err != nil {
		panic(err) // it was encoded two lines above
	}
	for key, value := range d {
		if value == "" {
			d[key] = nil
		}
	}
	return d
}

// firstSecrets are those that a test chose, or the one that Coral makes with the tenant.
func firstSecrets(sso SSOIntegration, now time.Time) []SigningSecret {
	if len(sso.Secrets) == 0 {
		return []SigningSecret{newSigningSecret(now)}
	}
	kids := slices.Sorted(maps.Keys(sso.Secrets))
	current := sso.Current
	if current == "" {
		current = kids[len(kids)-1]
	}
	var secrets []SigningSecret
	for _, kid := range kids {
		s := SigningSecret{KID: kid, Secret: sso.Secrets[kid], CreatedAt: now}
		if kid != current {
			s.RotatedAt = &now
		}
		secrets = append(secrets, s)
	}
	return secrets
}

// newSigningSecret has the lengths that Coral's have.
func newSigningSecret(now time.Time) SigningSecret {
	var kid [9]byte
	var secret [34]byte
	_, _ = rand.Read(kid[:]) // never fails: crypto/rand ends the program instead
	_, _ = rand.Read(secret[:])
	return SigningSecret{KID: hex.EncodeToString(kid[:]), Secret: "ssosec_" + hex.EncodeToString(secret[:]), CreatedAt: now}
}

// merge is a patch of stored settings: what it does not name stays. Fields that are not stored, and values of another
// type, are refused as GraphQL refuses them.
func merge(stored, patch map[string]any) (map[string]any, error) {
	merged := maps.Clone(stored)
	for key, value := range patch {
		before, known := stored[key]
		if !known {
			return nil, fmt.Errorf("Field %q is not defined by type", key)
		}
		inner, object := before.(map[string]any)
		switch v := value.(type) {
		case map[string]any:
			if !object {
				return nil, fmt.Errorf("%q must be a value", key)
			}
			changed, err := merge(inner, v)
			if err != nil {
				return nil, err
			}
			merged[key] = changed
		default:
			if object || !sameKind(before, value) {
				return nil, fmt.Errorf("%q cannot represent %v", key, value)
			}
			merged[key] = value
		}
	}
	return merged, nil
}

// sameKind lets null be given for a text alone: it is how one is taken away again.
func sameKind(before, value any) bool {
	switch before.(type) {
	case bool:
		_, ok := value.(bool)
		return ok
	case float64:
		n, ok := value.(float64)
		return ok && n == float64(int64(n))
	default:
		_, ok := value.(string)
		return ok || value == nil
	}
}

// Settings is everything that administrators set, for a test to compare before and after.
func (c *Coral) Settings() map[string]any {
	s := c.state.Load()
	return map[string]any{"auth": s.auth, "signingSecrets": slices.Clone(s.secrets), "sites": slices.Clone(s.sites)}
}

// SigningSecrets are the secrets of single sign-on, oldest first.
func (c *Coral) SigningSecrets() []SigningSecret { return slices.Clone(c.state.Load().secrets) }

// Set changes settings, as somebody at Coral's administration does: patch is a part of "settings.auth". Saving empties
// the cache of the provider's keys.
func (c *Coral) Set(patch map[string]any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.state.Load()
	auth, err := merge(now.auth, patch)
	if err != nil {
		return err
	}
	changed, err := now.with(auth)
	if err != nil {
		return err
	}
	c.state.Store(changed)
	c.oidc.keys.reset(changed.oidc.JWKSURI)
	return nil
}
