package blueprint

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"chatgate/cmd/internal/app"
)

// secretsFolder is where secrets are, beside chatgate.yaml; secretsMount is where the chart mounts them.
const (
	secretsFolder = "secrets"
	secretsMount  = "/run/secrets/chatgate"
)

// The names of secrets: those of their files, and of their keys in the Secret for the chart.
const (
	sealing               = "sealing"
	oidcClientID          = "oidc-client-id"
	oidcClient            = "oidc-client"
	rocketChatUserID      = "rocketchat-user-id"
	rocketChatToken       = "rocketchat-token"
	rocketChatCreateToken = "rocketchat-create-token"
	coralClient           = "coral-client"
	coralSSO              = "coral-sso"
	talkClient            = "talk-client"
	redisPassword         = "redis-password"
)

// Secret is a file below the folder of secrets.
type Secret struct {
	Name string
	// Text is empty for one that is not known yet: its file is then missing, and config check names it.
	Text app.Secret
	// Whence says where a secret comes from that is not made here.
	Whence string
	// Kept says that its file was there already, and stays as it is.
	Kept bool
}

// wanted is a secret that the installation needs.
type wanted struct {
	name string
	// make makes one; nil for those that others make.
	make func() string
	// prompt asks for one that others make. Without it only a file brings it.
	prompt string
	// whence says where it comes from; empty for one that an installation need not have.
	whence string
}

// wantedSecrets are all secrets of this installation, in the order in which they are needed.
func (s *sheet) wantedSecrets() []wanted {
	all := []wanted{{name: sealing, make: sealingKey}}
	if s.ClientID == "" {
		all = append(all, wanted{name: oidcClientID, whence: "the client id that the provider shows"})
	}
	if products[s.Preset].takesSecret {
		all = append(all, wanted{name: oidcClient, make: rand.Text})
	} else {
		all = append(all, wanted{name: oidcClient, prompt: "Client secret", whence: "the client secret that the provider shows"})
	}
	if s.RocketChat != "" {
		all = append(all,
			wanted{name: rocketChatUserID, whence: "the user id that Rocket.Chat shows beside the service account's token"},
			wanted{
				name: rocketChatToken, prompt: "Personal access token of Rocket.Chat's service account",
				whence: "the service account's personal access token",
			})
		if _, secret := s.Release.TokenVariable(); secret {
			all = append(all, wanted{name: rocketChatCreateToken, make: rand.Text})
		}
	}
	switch s.Profile {
	case app.CoralOIDCProfile:
		all = append(all, wanted{name: coralClient, make: sharedSecret})
	case app.CoralSSOProfile:
		all = append(all, wanted{
			name: coralSSO, prompt: "Secret of Coral's single sign-on", whence: "the secret that Coral shows beside its key id",
		})
	case app.Talk4Profile:
		all = append(all, wanted{name: talkClient, make: sharedSecret})
	}
	return append(all, wanted{name: redisPassword, prompt: "Password of Redis"})
}

// sealingBytes is how long a sealing key is at least, as the configuration wants it.
const sealingBytes = 32

// checkSealing objects to a sealing key of an earlier run, or of somebody's own, that seals nothing: whoever guesses it
// reads and forges every session.
func checkSealing(key app.Secret) error {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key.Reveal()))
	if err == nil && len(raw) >= sealingBytes && bytes.Count(raw, raw[:1]) < len(raw) {
		return nil
	}
	return errors.New(secretsFolder + "/sealing is there already and is no key: it must be at least 32 random bytes in base64, as " +
		"openssl rand -base64 32 makes them; without the file one is made")
}

func sealingKey() string {
	key := make([]byte, sealingBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(key)
}

// sharedSecret is long enough to key a signature: rand.Text alone is not.
func sharedSecret() string { return rand.Text() + rand.Text() }

// askSecrets asks for those that others made and that are at hand. Answers are not shown, and may wait.
func (s *sheet) askSecrets() error {
	if s.asker == nil {
		return nil
	}
	for _, w := range s.wantedSecrets() {
		if w.prompt == "" || s.secrets[w.name] != "" {
			continue
		}
		if err := s.askSecret(w); err != nil {
			return err
		}
	}
	return nil
}

// unanswered is what it means when nobody gives it.
func (w wanted) unanswered() string {
	if w.whence == "" {
		return "it has none"
	}
	return "later"
}

func (s *sheet) askSecret(w wanted) error {
	for {
		fmt.Fprintf(s.asker.Out, "\n%s (not shown; Enter: %s): ", w.prompt, w.unanswered())
		text, err := s.asker.hidden()
		if err == nil && strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			err = errNoSecret
		}
		switch {
		case errors.Is(err, errNoSecret):
			fmt.Fprintf(s.asker.Out, "  %s\n", err)
		case err != nil:
			return fmt.Errorf("secrets/%s: %w", w.name, err)
		default:
			s.secrets[w.name] = app.Secret(text)
			return nil
		}
	}
}

var errNoSecret = errors.New("must be one line of ASCII characters without spaces")

// collectSecrets makes what is to be made and leaves open what others have to say. A password of Redis that nobody gave is
// none.
func (s *sheet) collectSecrets() []Secret {
	var all []Secret
	for _, w := range s.wantedSecrets() {
		secret := Secret{Name: w.name, Text: s.secrets[w.name], Whence: w.whence, Kept: s.kept[w.name] != ""}
		if secret.Text == "" && w.make != nil {
			secret.Text = app.Secret(w.make())
		}
		if secret.Text != "" || secret.Whence != "" {
			all = append(all, secret)
		}
	}
	return all
}
