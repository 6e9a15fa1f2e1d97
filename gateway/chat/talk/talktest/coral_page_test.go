package talktest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

const bootstrapURL = coralURL + "/embed/bootstrap"

func TestTheEmbedLearnsWhatThisCoralCanDo(t *testing.T) {
	inStream := oidcIntegration()
	inStream.TargetFilter = talktest.TargetFilter{Stream: true}
	tests := []struct {
		name string
		cfg  talktest.CoralConfig
		want string
	}{
		{"a login of its own that the stream does not offer stays closed", talktest.CoralConfig{OIDC: oidcIntegration()}, `{"refreshAccessToken":true,"ownLogin":false}`},
		{"one that the stream offers opens", talktest.CoralConfig{OIDC: inStream}, `{"refreshAccessToken":true,"ownLogin":true}`},
		{"single sign-on has none", talktest.CoralConfig{SSO: ssoIntegration()}, `{"refreshAccessToken":true,"ownLogin":false}`},
		{"6.3.7 asks pages for another token", talktest.CoralConfig{SSO: ssoIntegration(), Version: "6.3.7"}, `{"refreshAccessToken":true,"ownLogin":false}`},
		{"6.3.6 does not", talktest.CoralConfig{SSO: ssoIntegration(), Version: "6.3.6"}, `{"refreshAccessToken":false,"ownLogin":false}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := bodyOf(t, call(newCoral(t, tt.cfg), http.MethodGet, bootstrapURL, "", ""))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheEmbedsSettingsAreForListedPages(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{AllowedOrigins: []string{newsURL}})
	for origin, want := range map[string]string{newsURL: newsURL, "https://evil.example": ""} {
		res := call(coral, http.MethodGet, bootstrapURL, "", "", "Origin", origin)
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("allowed origin for %s = %q, want %q", origin, got, want)
		}
	}
}

func TestTheEndOfCoralsOwnWindowKnowsWhoMayHaveTheToken(t *testing.T) {
	coral := newCoral(t, talktest.CoralConfig{AllowedOrigins: []string{newsURL}})
	res := call(coral, http.MethodGet, coralURL+"/embed/auth/callback", "", "")
	if page := bodyOf(t, res); !strings.Contains(page, `data-origins="`+coralURL+" "+newsURL+`"`) {
		t.Errorf("the page does not list the origins:\n%s", page)
	}
}
