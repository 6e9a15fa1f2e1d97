package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/gateway/sdk"
)

// ssoKID is the name that Coral gave to its secret.
const ssoKID = "4f2a9c10d3b7e6a851"

// profiles are the kinds of token that comments take, with whose comments those are.
var profiles = map[talk.Profile]string{
	talk.CoralOIDC: "Coral's, by OpenID Connect",
	talk.CoralSSO:  "Coral's, by single sign-on",
	talk.Talk4:     "Talk 4's",
}

// talkFlag lets whoever starts the demo choose the comments; empty means the world's own choice.
func talkFlag(flags *flag.FlagSet) *talk.Profile {
	var chosen talk.Profile
	usage := fmt.Sprintf("the newspaper's comments, by the `profile` of their tokens: %v (default %s)",
		slices.Sorted(maps.Keys(profiles)), talk.CoralOIDC)
	flags.Func("talk", usage, func(value string) error {
		chosen = talk.Profile(value)
		if profiles[chosen] == "" {
			return errors.New("there is no such profile")
		}
		return nil
	})
	return &chosen
}

// buildTalk opens the comments and the newspaper that shows them. It returns what of the gateway's section for them is the
// profile's own.
func (w *world) buildTalk(cfg worldConfig) (section string, err error) {
	news := talktest.NewsConfig{GatewayURL: w.hosts["sso"].url(), Integrity: sdk.Integrity(sdk.Module)}
	comments := w.hosts["comments"]
	if w.profile == talk.Talk4 {
		news.TalkURL = comments.url()
		comments.handler, section, err = w.openTalk4(cfg)
	} else {
		news.CoralURL = comments.url()
		comments.handler, section, err = w.openCoral(cfg)
	}
	if err != nil {
		return "", err
	}
	w.hosts["news"].handler, err = talktest.NewNews(news)
	return section, err
}

// openCoral opens a Coral 9 that takes tokens of the gateway by single sign-on or OpenID Connect.
func (w *world) openCoral(cfg worldConfig) (http.Handler, string, error) {
	sso, secret := w.hosts["sso"].url(), rand.Text()+rand.Text()
	coral := talktest.CoralConfig{
		URL: w.hosts["comments"].url(), AllowedOrigins: []string{w.hosts["news"].url()}, Transport: w.transport, Now: cfg.Now,
	}
	section := `
    profile: coral-oidc
    client: {id: coral, secret: "` + secret + `"}`
	if w.profile == talk.CoralSSO {
		coral.SSO = &talktest.SSOIntegration{Enabled: true, AllowRegistration: true, Secrets: map[string]string{ssoKID: secret}}
		section = `
    profile: coral-sso
    ssoSecrets: {"` + ssoKID + `": "` + secret + `"}`
	} else {
		coral.OIDC = &talktest.OIDCIntegration{
			Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: secret,
			TargetFilter: talktest.TargetFilter{Admin: true},
			Issuer:       sso + "/talk", JWKSURI: sso + "/talk/jwks.json",
			AuthorizationURL: sso + "/talk/oauth/authorize", TokenURL: sso + "/talk/oauth/token",
		}
	}
	var err error
	w.Coral, err = talktest.NewCoral(coral)
	return w.Coral, section, err
}

// openTalk4 opens a Talk 4 that shares a secret with the gateway and has a plugin for people whom it does not know.
func (w *world) openTalk4(cfg worldConfig) (http.Handler, string, error) {
	issuer, secret := w.hosts["sso"].url()+"/talk", rand.Text()+rand.Text()
	var err error
	w.Talk4, err = talktest.NewTalk4(talktest.Talk4Config{
		URL: w.hosts["comments"].url(), Secret: secret, Issuer: issuer, TokenUserNotFound: talktest.GatewayPlugin(issuer), Now: cfg.Now,
	})
	return w.Talk4, `
    profile: talk4
    sharedSecret: "` + secret + `"`, err
}
