package rocketchat

import (
	"context"
	"errors"
	"net/http"
	"time"

	"chatgate/gateway/chat"
)

// Release is a release of Rocket.Chat, as precise as it tells strangers. The zero value is no release.
type Release struct{ version version }

// NewestRelease is the last release this package was written for.
func NewestRelease() Release { return Release{newest} }

// ParseRelease reads a version such as 7.13.
func ParseRelease(text string) (Release, bool) {
	v, ok := parseVersion(text)
	return Release{v}, ok
}

// String is the major and the minor number.
func (r Release) String() string { return r.version.String() }

// Unsound says whether iframe authentication is broken in this release.
func (r Release) Unsound() bool { return r.version.unsound() }

// TokenVariable names the variable of Rocket.Chat's server without which it makes no login tokens. Its value is the text of
// api.createTokenSecret where secret is true, and the word true otherwise (R26).
func (r Release) TokenVariable() (name string, secret bool) {
	if r.version.needs().tokenSecret {
		return tokenSecretVariable, true
	}
	return tokenFlagVariable, false
}

// SurveyWorkspace asks a Rocket.Chat for its release, before anything is configured. On an error the release is the newest.
func SurveyWorkspace(ctx context.Context, origin chat.Origin, transport http.RoundTripper) (Release, error) {
	c := newClient(API{URL: string(origin), Timeout: defaultTimeout}, chat.Env{Transport: transport, Now: time.Now})
	c.measure = func(string, string, time.Duration) {} // nobody reads the metrics of a command
	v, understood, err := c.version(ctx)
	if err == nil && !understood {
		err = errors.New("info: it tells no version: is this Rocket.Chat?")
	}
	return Release{v}, err
}

// Permission is what a service account needs for one purpose: one of AnyOf, whichever.
type Permission struct {
	AnyOf   []string
	Purpose string
}

// Permissions are what the service account needs with this section, but for the rooms that accounts.channels names: whether
// those are public, only Rocket.Chat can tell.
func (c *Config) Permissions() []Permission {
	var all []Permission
	for _, p := range c.permissions(places{}) {
		all = append(all, Permission{AnyOf: p.anyOf, Purpose: p.purpose})
	}
	return all
}
