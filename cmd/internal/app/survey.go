package app

import (
	"context"
	"net/http"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/talk"
	"chatgate/oidc"
)

// What an installation is drawn up from before it is configured, by names of this package.
type (
	// Origin is scheme, host and port as a browser sends them.
	Origin = chat.Origin
	// Preset is the product that a provider is, ProviderSurvey what it tells of itself.
	Preset         = oidc.Preset
	ProviderSurvey = oidc.Survey
	// Release is a release of Rocket.Chat, Permission what a service account needs there.
	Release    = rocketchat.Release
	Permission = rocketchat.Permission
	// Comments is the product that serves comments: a Coral or a Talk 4.
	Comments = talk.Product
)

// The products whose client an installation has to know more of.
const (
	PresetKeycloak  = oidc.PresetKeycloak
	PresetEntra     = oidc.PresetEntra
	PresetOkta      = oidc.PresetOkta
	PresetGoogle    = oidc.PresetGoogle
	PresetAuthentik = oidc.PresetAuthentik
	PresetDex       = oidc.PresetDex
	PresetGitLab    = oidc.PresetGitLab
	PresetAuthelia  = oidc.PresetAuthelia
)

// The profiles of sites of Coral.
const (
	CoralOIDCProfile = talk.CoralOIDC
	CoralSSOProfile  = talk.CoralSSO
)

// Printable is text of others without what could forge, break or disguise a line (S135).
func Printable(text string) string { return chat.Printable(text) }

// ParseOrigin reads an origin in the one spelling that the configuration takes.
func ParseOrigin(text string) (Origin, error) { return chat.ParseOrigin(text) }

// SameSite says whether browsers send a cookie of one origin along to it from pages of the other, whatever they do with
// third-party cookies (B-29).
func SameSite(a, b Origin) bool { return sameSite(a, b) }

// ParseRelease reads a version of Rocket.Chat such as 7.13.
func ParseRelease(text string) (Release, bool) { return rocketchat.ParseRelease(text) }

// Presets are all products that have one.
func Presets() []Preset { return oidc.Presets() }

// PresetOfIssuer tells a provider's product by its issuer alone; it is empty where that does not tell.
func PresetOfIssuer(issuer string) Preset { return oidc.PresetOf(oidc.Metadata{Issuer: issuer}) }

// Surveyor looks at providers and chats from outside, before anything is configured.
type Surveyor struct {
	// Transport carries the calls; nil dials, as the gateway does.
	Transport http.RoundTripper
	// Development allows http and this machine's own addresses.
	Development bool
}

// Provider reads what an issuer tells of itself.
func (s Surveyor) Provider(ctx context.Context, issuer string) (ProviderSurvey, error) {
	return oidc.SurveyProvider(ctx, issuer, oidc.Env{Transport: s.transport(), Development: s.Development})
}

// RocketChat asks a Rocket.Chat for its release. On an error it is the newest one.
func (s Surveyor) RocketChat(ctx context.Context, origin Origin) (Release, error) {
	return rocketchat.SurveyWorkspace(ctx, origin, s.transport())
}

// Comments finds out what serves the comments at an address.
func (s Surveyor) Comments(ctx context.Context, origin Origin) (Comments, error) {
	return talk.SurveyProduct(ctx, origin, s.transport())
}

func (s Surveyor) transport() http.RoundTripper {
	if s.Transport != nil {
		return s.Transport
	}
	return newTransport()
}

// WorkspacePermissions are what the service account of a Rocket.Chat needs whose section leaves every default.
func WorkspacePermissions() ([]Permission, error) {
	var section rocketchat.Config
	const defaults = "access: {anyone: true}\nurl: https://chat.example.org\napi: {userID: id, token: token}\n"
	if err := Decode("defaults", []byte(defaults), &section, Options{}); err != nil {
		return nil, err
	}
	return section.Permissions(), nil
}
