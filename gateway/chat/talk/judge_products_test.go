package talk_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
)

// TestTheJudgeAgreesWithTheProducts: what it finds nothing wrong with is taken, what is refused it names, and what ends
// Coral's process, pushed or at Coral's own login, it names as that.
func TestTheJudgeAgreesWithTheProducts(t *testing.T) {
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC, talk.Talk4} {
		d := goodDraft(profile)
		verdict, err := judgeOf(t, profile).Judge(d.sign(t))
		if err != nil || len(verdict.Broken) > 0 {
			t.Errorf("%s: a good token breaks %+v, %v", profile, verdict.Broken, err)
		}
		if err := productFor(t, profile, "").take(d.sign(t)); err != nil {
			t.Errorf("%s: the product refuses a token that breaks no rule: %v", profile, err)
		}
	}
	for _, tt := range badTokens {
		t.Run(string(tt.profile)+" "+tt.name, func(t *testing.T) {
			d := goodDraft(tt.profile)
			tt.change(d)
			err := productFor(t, tt.profile, tt.version).take(d.sign(t))
			stopped := errors.As(err, new(*talktest.ProcessStopped))
			if tt.profile == talk.CoralOIDC {
				stopped = stopped || errors.As(atLogin(t, tt.version, d), new(*talktest.ProcessStopped))
			}
			if stopped != tt.stops || tt.accepted != (err == nil) {
				t.Errorf("the product says %v and stops: %v, want accepted: %v and stops: %v", err, stopped, tt.accepted, tt.stops)
			}
			j := judgeOf(t, tt.profile)
			j.Version = tt.version
			verdict, err := j.Judge(d.sign(t))
			if err != nil {
				t.Fatal(err)
			}
			named := false
			for _, b := range verdict.Broken {
				named = named || b.Stops
			}
			if stopped && !named {
				t.Errorf("the token stops Coral, and the judge says only %+v", verdict.Broken)
			}
		})
	}
}

// taker is a product as a token meets it.
type taker struct{ verifier verifier }

func (p taker) take(token string) error {
	viewer, err := p.verifier.Verify(context.Background(), token)
	if err == nil && viewer.Anonymous() {
		return errors.New("taken for nobody")
	}
	return err
}

// productFor is the profile's product, set up for the tokens of drafts.
func productFor(t *testing.T, profile talk.Profile, version string) taker {
	t.Helper()
	now := func() time.Time { return judgedAt }
	switch profile {
	case talk.CoralSSO:
		return taker{newCoral(t, talktest.CoralConfig{URL: coralURL, Now: now, Version: version, SSO: &talktest.SSOIntegration{
			Enabled: true, AllowRegistration: true, Secrets: map[string]string{"kid-1": ssoSecret},
		}})}
	case talk.CoralOIDC:
		return taker{draftCoral(t, version, "")}
	}
	talk4, err := talktest.NewTalk4(talktest.Talk4Config{
		URL: coralURL, Now: now, Algorithm: "RS256", Issuer: judgedIssuer,
		Secrets: []talktest.Talk4Secret{{KID: "kid-1", Public: pemOf(t, &judgedKey(t).PublicKey)}},
		TokenUserNotFound: func(_ context.Context, talk4 *talktest.Talk4, claims map[string]any, _ string) (*talktest.Talk4User, error) {
			return talk4.UpsertExternalUser(claims["sub"].(string), "chatgate", "somebody")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return taker{talk4}
}

// draftCoral is a Coral whose provider signs with the test's key, and answers a code with idToken.
func draftCoral(t *testing.T, version, idToken string) *talktest.Coral {
	t.Helper()
	key := judgedKey(t).PublicKey
	keys := map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "kid": "kid-1", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB",
	}}}
	provider := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_ = json.NewEncoder(w).Encode(map[string]string{"id_token": idToken})
			return
		}
		_ = json.NewEncoder(w).Encode(keys)
	})
	return newCoral(t, talktest.CoralConfig{
		URL: coralURL, Version: version, Now: func() time.Time { return judgedAt }, Transport: handlerTransport{provider},
		OIDC: &talktest.OIDCIntegration{
			Enabled: true, AllowRegistration: true, ClientID: "coral", ClientSecret: "s", Issuer: judgedIssuer,
			JWKSURI: judgedIssuer + "/jwks.json", AuthorizationURL: judgedIssuer + "/a", TokenURL: judgedIssuer + "/t",
		},
	})
}

type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return answer(h.Handler, r), nil
}

// atLogin walks through Coral's own login with the draft as ID token, and returns what stopped Coral.
func atLogin(t *testing.T, version string, d draft) error {
	t.Helper()
	coral := draftCoral(t, version, d.sign(t))
	begin := answer(coral, httptest.NewRequest(http.MethodGet, coralURL+"/api/auth/oidc?redirectTo=/", http.NoBody))
	to, err := begin.Location()
	if err != nil {
		t.Fatal(err)
	}
	back := httptest.NewRequest(http.MethodGet, coralURL+"/api/auth/oidc/callback?code=c", http.NoBody)
	query := back.URL.Query()
	query.Set("state", to.Query().Get("state"))
	back.URL.RawQuery = query.Encode()
	for _, cookie := range begin.Cookies() {
		back.AddCookie(cookie)
	}
	answer(coral, back)
	return coral.Stopped()
}
