package talk

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"chatgate/gateway/keyring"
	"chatgate/store"
)

// Environment says which environment of a Talk 4 is wanted.
type Environment struct {
	// Plugin is one with chatgate's plugin, which leaves Talk's own key alone.
	Plugin bool
	// Keys are those that the site publishes; a site with a shared secret has none.
	Keys []keyring.Key
	// OwnKey is the private key that Talk signs its own tokens with, in PEM; its place is marked when empty.
	OwnKey store.Secret
	// Reveal shows secrets. Without it their places are marked.
	Reveal bool
}

// Variable is one line of an environment.
type Variable struct{ Name, Value string }

// String is the line as a POSIX shell reads it.
func (v Variable) String() string {
	return v.Name + "='" + strings.ReplaceAll(v.Value, "'", `'\''`) + "'"
}

// ErrNotTalk4 says that the site is a Coral, which is set up by its settings.
var ErrNotTalk4 = errors.New("the site is a Coral: it is set up by its settings")

// ownKID is the key id of Talk's own pair.
const ownKID = "talk-own"

// Environment is what a Talk 4 is started with (G14, P6).
func (c *connector) Environment(e Environment) ([]Variable, error) {
	switch {
	case c.cfg.Profile != Talk4:
		return nil, ErrNotTalk4
	case e.Plugin && c.cfg.SharedSecret != "":
		return nil, errors.New("the plugin takes tokens by signing keys, and sharedSecret makes none of those: leave one of them out")
	case e.Plugin:
		return c.pluginEnvironment(e), nil
	case c.cfg.SharedSecret != "":
		return c.pair("HS256", Variable{"TALK_JWT_SECRET", e.secret(c.cfg.SharedSecret, "sharedSecret")}), nil
	}
	secrets, err := e.secrets()
	if err != nil {
		return nil, err
	}
	return c.pair("RS256", Variable{"TALK_JWT_SECRETS", secrets}), nil
}

func (c *connector) pair(algorithm string, keys Variable) []Variable {
	return []Variable{
		{"TALK_JWT_ALG", algorithm}, {"TALK_JWT_ISSUER", c.cfg.Issuer}, {"TALK_JWT_AUDIENCE", c.cfg.audience()}, keys,
	}
}

func (c *connector) pluginEnvironment(e Environment) []Variable {
	lines := []Variable{
		{"TALK_CHATGATE_ISSUER", c.cfg.Issuer},
		{"TALK_CHATGATE_AUDIENCE", c.cfg.audience()},
		{"TALK_CHATGATE_JWKS_URL", c.env.BaseURL + "/" + c.env.Name + "/jwks.json"},
	}
	if !c.Plugin() {
		return lines
	}
	lines = append(lines,
		Variable{"TALK_CHATGATE_CLIENT_ID", c.cfg.Client.ID},
		Variable{"TALK_CHATGATE_CLIENT_SECRET", e.secret(c.cfg.Client.Secret, "client.secret")},
	)
	if own := c.env.BaseURL + "/" + c.env.Name; c.cfg.Issuer != own { // the plugin finds the endpoints below the issuer
		lines = append(lines,
			Variable{"TALK_CHATGATE_AUTHORIZATION_URL", own + "/oauth/authorize"},
			Variable{"TALK_CHATGATE_TOKEN_URL", own + "/oauth/token"},
		)
	}
	return lines
}

// secret is a secret, or a mark in its place that says which one.
func (e Environment) secret(s store.Secret, name string) string {
	if e.Reveal {
		return s.Reveal()
	}
	return "<" + name + ">"
}

// talkSecret is one entry of TALK_JWT_SECRETS. JSON writes a line break of a PEM as the two characters that Talk wants.
type talkSecret struct {
	KID     string `json:"kid"`
	Public  string `json:"public"`
	Private string `json:"private,omitempty"`
}

// secrets is TALK_JWT_SECRETS. The first entry signs Talk's own tokens, so it is Talk's own pair (G14).
func (e Environment) secrets() (string, error) {
	if len(e.Keys) == 0 {
		return "", errors.New("the site has no keys yet: the gateway makes the first one when it starts")
	}
	own, err := e.ownPair()
	if err != nil {
		return "", err
	}
	all := []talkSecret{own}
	for _, key := range e.Keys {
		public, err := key.PublicPEM()
		if err != nil {
			return "", err
		}
		all = append(all, talkSecret{KID: key.KID, Public: public})
	}
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // a mark is to be read
	if err := encoder.Encode(all); err != nil {
		return "", fmt.Errorf("encode TALK_JWT_SECRETS: %w", err)
	}
	return strings.TrimSpace(encoded.String()), nil
}

func (e Environment) ownPair() (talkSecret, error) {
	if e.OwnKey == "" {
		return talkSecret{KID: ownKID, Public: "<public half of a pair of Talk's own>", Private: "<private half of the same pair>"}, nil
	}
	own, err := keyring.PublicOf(e.OwnKey)
	if err != nil {
		return talkSecret{}, fmt.Errorf("the key of Talk's own: %w", err)
	}
	public, err := own.PublicPEM()
	if err != nil {
		return talkSecret{}, err
	}
	for _, ours := range e.Keys {
		if ours.Public.Equal(own.Public) {
			return talkSecret{}, errors.New("the key of Talk's own must not be one of the gateway's: whoever reads Talk's environment could sign as anybody")
		}
	}
	return talkSecret{KID: ownKID, Public: public, Private: e.secret(e.OwnKey, "private half of Talk's own pair")}, nil
}
