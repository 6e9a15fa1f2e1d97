package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"chatgate/gateway"
	"chatgate/gateway/chat"
	"chatgate/gateway/chat/talk"
	"chatgate/store"
)

// What commands work with at a site of Talk or Coral, by names of this package.
type (
	// CoralSetup points a Coral at the gateway, and back; CoralPlan is what it would do.
	CoralSetup = talk.Setup
	CoralPlan  = talk.Plan
	// CoralAdministrator is who sets it up, SigningSecret a secret of its single sign-on.
	CoralAdministrator = talk.Administrator
	SigningSecret      = talk.SigningSecret
	// TalkEnvironment asks for the environment of a Talk 4, TalkVariable is one line of it.
	TalkEnvironment = talk.Environment
	TalkVariable    = talk.Variable
	// TokenJudge holds tokens to rules; TokenVerdict is what comes of one, TokenBreach one rule that it breaks.
	TokenJudge   = talk.Judge
	TokenVerdict = talk.Verdict
	TokenBreach  = talk.Breach
	// TalkProfile is the kind of token that a site takes.
	TalkProfile = talk.Profile
	// Aliases are who kept a user id when a provider was replaced; Alias is one of them.
	Aliases = talk.Aliases
	Alias   = talk.Alias
	// AliasImport says how they are made, Replacement which provider came in the place of which, Renamed one line of its map.
	AliasImport = talk.AliasImport
	Replacement = talk.Replacement
	Renamed     = chat.Renamed
	// Secret is a text that shows itself to nobody who does not ask.
	Secret = store.Secret
)

// Talk4Profile is the profile of a site that is set up by its environment.
const Talk4Profile = talk.Talk4

// ErrNoTokenRules says that no rules are known for a site's tokens.
var ErrNoTokenRules = talk.ErrNoRules

// ReadMap reads a file of old and new subjects, line by line.
func ReadMap(r io.Reader) ([]Renamed, error) { return chat.ReadSubjects(r) }

// TalkSite is where an operator sets up a site of Talk or Coral, and looks at its tokens.
type TalkSite struct {
	talk.Operated
	// Name is the chat's.
	Name  string
	tools *Tools
}

// TalkSite is a site of Talk or Coral by the chat's name, which may be empty where there is only one.
func (t *Tools) TalkSite(name string) (*TalkSite, error) {
	sites := t.talkSites()
	chosen, err := choose(name, slices.Sorted(maps.Keys(sites)), "of kind talk")
	if err != nil {
		return nil, err
	}
	return &TalkSite{Operated: sites[chosen], Name: chosen, tools: t}, nil
}

// HasComments says whether a chat is a site of Talk or Coral: the one of that name or, without a name, all that there are.
func (t *Tools) HasComments(name string) bool {
	sites := t.talkSites()
	if name == "" {
		return len(sites) == len(t.app.chats)
	}
	return sites[name] != nil
}

func (t *Tools) talkSites() map[string]talk.Operated {
	sites := map[string]talk.Operated{}
	t.connectors(func(name string, c gateway.Chat) {
		if o, ok := c.Connector.(talk.Operated); ok {
			sites[name] = o
		}
	})
	return sites
}

// PublishedKeys are the keys that the site publishes, as the store has them: none for a site that shares a secret, and
// ErrNoKeysYet before a gateway has made the first.
func (s *TalkSite) PublishedKeys(ctx context.Context) ([]SigningKey, error) {
	keys := s.tools.app.parts.keys
	if !slices.Contains(keys.Names(), s.Name) {
		return nil, nil
	}
	o, err := keys.Inspect(ctx, s.Name)
	if errors.Is(err, store.ErrUnavailable) {
		err = fmt.Errorf("%w: see redis in the configuration", err)
	}
	return o.Keys, err
}

// JudgeTokens holds tokens to the site's rules at that release of the product, or at the newest one.
func (s *TalkSite) JudgeTokens(ctx context.Context, version string) (TokenJudge, error) {
	keys, err := s.PublishedKeys(ctx)
	if err != nil {
		return TokenJudge{}, err
	}
	j := s.Judge(version)
	if len(keys) > 0 {
		j.Keys = talk.PublicKeys(keys)
	}
	return j, nil
}

// AdminTokenVariable is the environment variable with the token of one of Coral's administrators.
const AdminTokenVariable = "CORAL_ADMIN_TOKEN"

// AdminToken is what the environment has for a site's administrator: in a variable of the site's own, or where there is
// one Coral in the one for all. It is never sent to another site than the one that it is meant for.
func (t *Tools) AdminToken(site string) store.Secret {
	own := AdminTokenVariable + "_" + strings.ToUpper(strings.ReplaceAll(site, "-", "_"))
	if token := os.Getenv(own); token != "" {
		return store.Secret(strings.TrimSpace(token))
	}
	corals := 0
	for _, other := range t.talkSites() {
		if other.Profile() != talk.Talk4 {
			corals++
		}
	}
	if corals != 1 {
		return ""
	}
	return store.Secret(strings.TrimSpace(os.Getenv(AdminTokenVariable)))
}

// examineTalk looks a site over with what its administrator sees, where the environment has a token.
func (t *Tools) examineTalk(ctx context.Context, name string, site talk.Operated) []chat.Finding {
	return site.ExamineAs(ctx, t.AdminToken(name))
}
