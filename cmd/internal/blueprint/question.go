package blueprint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"chatgate/cmd/internal/app"
)

// Question is one thing that an installation has to be told. Its name is that of the flag that answers it.
type Question struct {
	Name string
	// Usage is the flag's line in the help.
	Usage string
	// Values are the only answers there are, for a shell to complete; empty where there is no end of them.
	Values []string

	prompt string // what a person is asked
	why    string // why, and what the answer looks like
	// what is what a flag would have to say, where it is missing and nobody can be asked; instead is a flag that would do too.
	what, instead string
	// when says whether the question arises; nil is always.
	when func(*sheet) bool
	// fallback is the answer of whoever gives none; nil or empty has none.
	fallback func(*sheet) string
	// offered is a fallback that only a person may agree to.
	offered bool
	// optional is a question that may stay open.
	optional func(*sheet) bool
	// silent is a question that only a flag answers.
	silent bool
	// take writes an answer down once it has been checked. One that is refused leaves everything as it was.
	take func(*sheet, string) error
}

// arises says whether somebody has to answer, after what is known already.
func (q Question) arises(s *sheet) bool { return !q.silent && (q.when == nil || q.when(s)) }

// Questions are all that have a flag, in the order in which they are asked.
func Questions() []Question { return slices.Concat(addressQuestions(), detailQuestions()) }

func always(*sheet) bool { return true }

// addressQuestions come first: everything else is looked up behind these addresses.
func addressQuestions() []Question {
	return []Question{
		{
			Name: "rocketchat", Usage: "the public `URL` of Rocket.Chat",
			prompt:   "Rocket.Chat",
			why:      "The address at which browsers reach Rocket.Chat, such as https://chat.example.org. Enter: there is none.",
			optional: always, take: func(s *sheet, text string) (err error) { s.RocketChat, err = s.origin(text); return err },
		},
		{
			Name: "coral", Usage: "the public `URL` of Coral or Talk 4",
			prompt: "Coral or Talk",
			why:    "The address at which browsers reach Coral or Talk, such as https://comments.example.org. Enter: there is none.",
			what:   "the address at which browsers reach the chat, such as https://chat.example.org", instead: "rocketchat",
			optional: func(s *sheet) bool { return s.RocketChat != "" },
			take:     func(s *sheet, text string) (err error) { s.Coral, err = s.origin(text); return err },
		},
		{
			Name: "gateway", Usage: "the public `URL` of the gateway",
			prompt:   "The gateway itself",
			why:      "A host of its own for the gateway. Beside the chat is best: on another site browsers hold its cookie back.",
			what:     "the address of its own that the gateway shall have, such as https://sso.example.org",
			fallback: besideTheChat, offered: true,
			take: func(s *sheet, text string) (err error) { s.Gateway, err = s.origin(text); return err },
		},
		{
			Name: "provider", Usage: "the `ISSUER` of your OpenID provider",
			prompt: "OpenID provider",
			why:    "Its issuer, as it stands in its discovery document, such as https://idp.example.org/realms/corp.",
			what:   "the issuer of your OpenID provider, such as https://idp.example.org/realms/corp",
			take:   func(s *sheet, text string) (err error) { s.Issuer, err = s.parseIssuer(text); return err },
		},
		{
			Name: "preset", Usage: "the provider's `PRODUCT`, where it is not the one that was found out, or none",
			Values: presets(), silent: true, take: takePreset,
		},
		{
			Name: "rocketchat-version", Usage: "Rocket.Chat's `VERSION`, such as 7.13, where it does not tell it",
			silent: true, take: takeRelease,
		},
	}
}

// detailQuestions are what is left once everybody has been looked at.
func detailQuestions() []Question {
	return []Question{
		{
			Name: "profile", Usage: "the `PROFILE` of the comments' tokens: coral-oidc, coral-sso or talk4",
			prompt: "Profile of the comments",
			why: "coral-oidc: no shared secret, accounts are the gateway's. coral-sso: with accounts that readers have there\n" +
				"already, or moderators by group. talk4: Talk 4. It cannot be changed later.",
			Values: []string{string(app.CoralOIDCProfile), string(app.CoralSSOProfile), string(app.Talk4Profile)},
			when:   hasComments, fallback: advisedProfile, take: takeProfile,
		},
		{
			Name: "page", Usage: "the `ORIGINS` of the sites whose pages show the comments, divided by commas",
			prompt: "Sites that show the comments",
			why:    "Their pages ask the gateway for readers' tokens, such as https://www.example.org.",
			what:   "the sites whose pages show the comments, such as https://www.example.org",
			when:   hasComments, take: takePages,
		},
		{
			Name: "sso-key-id", Usage: "the `ID` of Coral's key for single sign-on",
			prompt: "Key id of Coral's single sign-on",
			why:    "Coral shows it under Configure, Authentication, Single Sign On. Enter: later.",
			when:   func(s *sheet) bool { return s.Profile == app.CoralSSOProfile }, optional: always, take: takeKeyID,
		},
		{
			Name: "email-domains", Usage: "let in only people with a verified address at one of these `DOMAINS`, divided by commas",
			prompt: "Domains of the people who may enter",
			why: "Everybody can have an account at this provider: name the domains of verified addresses that may enter, or use\n" +
				"--groups, where it tells of groups.",
			what: "everybody can have an account at this provider, so somebody has to be named who may enter", instead: "groups",
			when: opensToEverybody, take: takeDomains,
		},
		{
			Name: "groups", Usage: "let in only members of one of these `GROUPS`, divided by commas; a name may have spaces",
			silent: true, take: func(s *sheet, text string) (err error) { s.Groups, err = names(text); return err },
		},
		{
			Name: "client-id", Usage: "the `ID` of the gateway's client at the provider",
			prompt: "Client id at the provider", why: "The gateway is a client there; its id is yours to choose, or the provider's.",
			fallback: func(s *sheet) string { return products[s.Preset].clientID }, optional: always, take: takeClientID,
		},
		{
			Name: "rocketchat-user-id", Usage: "the user `ID` of Rocket.Chat's service account",
			prompt:   "User id of Rocket.Chat's service account",
			why:      "Rocket.Chat shows it beside a new personal access token of that account. Enter: later.",
			when:     func(s *sheet) bool { return s.RocketChat != "" && s.secrets[rocketChatUserID] == "" },
			optional: always, take: takeUserID,
		},
		{
			Name: "redis", Usage: "the `ADDRESS` of Redis: host:port, rediss://host:port for TLS, or unix:/path",
			prompt: "Redis", why: "Where sessions and keys are kept: host:port, or rediss://host:port for TLS.",
			fallback: func(*sheet) string { return nearRedis }, take: takeRedis,
		},
		{
			Name: "trusted-proxies", Usage: "the `NETWORKS` of the proxy or Ingress controller that ends TLS, divided by commas",
			prompt: "Network of the proxy in front",
			why: "Whose X-Forwarded-For is believed, such as 10.42.0.0/16 for an Ingress controller. Enter: a proxy on the\n" +
				"gateway's own machine, and no Ingress yet.",
			when: func(s *sheet) bool { return !s.Development }, optional: always, take: takeProxies,
		},
	}
}

func hasComments(s *sheet) bool { return s.Coral != "" }

// opensToEverybody says whether anybody can have an account at the provider, and no rule holds them off yet (D7).
func opensToEverybody(s *sheet) bool {
	return s.given["groups"] == "" && isPublic(s.Issuer)
}

func advisedProfile(s *sheet) string {
	if s.Product.Talk4 {
		return string(app.Talk4Profile)
	}
	return string(app.CoralOIDCProfile)
}

func takeProfile(s *sheet, text string) error {
	profile := app.TalkProfile(text)
	switch {
	case !slices.Contains([]app.TalkProfile{app.CoralOIDCProfile, app.CoralSSOProfile, app.Talk4Profile}, profile):
		return errors.New("must be coral-oidc, coral-sso or talk4")
	case s.Product.Talk4 != (profile == app.Talk4Profile) && s.Product != (app.Comments{}):
		return fmt.Errorf("must fit %s, which is what answers there", s.Product)
	}
	s.Profile = profile
	return nil
}

// noPreset is the answer of whoever wants none, whatever the provider looks like.
const noPreset = "none"

func presets() []string {
	all := []string{noPreset}
	for _, preset := range app.Presets() {
		all = append(all, string(preset))
	}
	return all
}

func takePreset(s *sheet, text string) error {
	preset := app.Preset(text)
	switch {
	case text == noPreset:
		preset = ""
	case !slices.Contains(app.Presets(), preset):
		return fmt.Errorf("must be none or one of %q, got %q", app.Presets(), text)
	}
	s.Preset, s.presetGiven = preset, true
	return nil
}

func takeRelease(s *sheet, text string) error {
	release, ok := app.ParseRelease(text)
	if !ok {
		return errors.New("must be a version such as 8.8 or 7.13")
	}
	s.Release, s.releaseGiven = release, true
	return nil
}

func takePages(s *sheet, text string) error {
	list, err := words(text)
	if err != nil {
		return err
	}
	var pages []app.Origin
	for _, word := range list {
		page, err := s.origin(word)
		if err != nil {
			return err
		}
		if page != s.Coral { // which has every right already
			pages = append(pages, page)
		}
	}
	s.Pages = pages
	return nil
}

func takeDomains(s *sheet, text string) error {
	domains, err := words(text)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(domains, func(d string) bool { return !domainPattern.MatchString(d) }) {
		return errors.New("must be domains such as example.org, divided by commas")
	}
	s.Domains = domains
	return nil
}

func takeKeyID(s *sheet, text string) error {
	if !plainID.MatchString(text) {
		return errors.New("must be the key id that Coral shows: letters, digits and hyphens")
	}
	s.KeyID = text
	return nil
}

func takeClientID(s *sheet, text string) error {
	if !clientID.MatchString(text) {
		return errors.New("must be a client id without spaces, quotes and $")
	}
	s.ClientID = text
	return nil
}

func takeUserID(s *sheet, text string) error {
	if !plainID.MatchString(text) {
		return errors.New("must be the user id, letters and digits, that Rocket.Chat shows beside the token")
	}
	s.secrets[rocketChatUserID] = app.Secret(text)
	return nil
}

// besideTheChat is a host name on the chat's own site (B-29).
func besideTheChat(s *sheet) string {
	for _, chat := range []app.Origin{s.RocketChat, s.Coral} {
		scheme, host, _ := strings.Cut(string(chat), "://")
		_, parent, below := strings.Cut(host, ".")
		beside := app.Origin(scheme + "://sso." + parent)
		if below && beside != chat && app.SameSite(beside, chat) {
			if _, err := app.ParseOrigin(string(beside)); err == nil {
				return string(beside)
			}
		}
	}
	return ""
}
