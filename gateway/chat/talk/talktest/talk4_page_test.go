package talktest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/talk/talktest"
)

const (
	talk4Graph = talk4URL + "/api/v1/graph/ql"
	talk4Read  = `{"operationName":"CoralEmbedStream_Embed"}`
	talk4Post  = `{"operationName":"PostComment","variables":{"body":" Lovely. "}}`
)

func TestTalk4Comments(t *testing.T) {
	tests := []struct {
		name   string
		claims claims
		body   string
		status int
		want   string
	}{
		{"anybody reads", nil, talk4Read, http.StatusOK, `"author":"marit_k"`},
		{"a comment appears under its author's name", talk4Claims(), talk4Post, http.StatusOK, `"author":"ada","body":"Lovely."`},
		{"nobody may not comment", nil, talk4Post, http.StatusOK, "You are not authorized"},
		{"an empty comment is refused", talk4Claims(), `{"operationName":"PostComment"}`, http.StatusOK, "between 1 and"},
		{"an unknown operation is refused", talk4Claims(), `{"operationName":"DropTables"}`, http.StatusBadRequest, "NOT_FOUND"},
		{"a body that is not JSON is refused", talk4Claims(), `comments`, http.StatusBadRequest, "BAD_USER_INPUT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := ""
			if tt.claims != nil {
				token = talk4Token(t, tt.claims)
			}
			res := call(newTalk4(t, rs256Config(t)), http.MethodPost, talk4Graph, token, tt.body)
			if got := bodyOf(t, res); res.StatusCode != tt.status || !strings.Contains(got, tt.want) {
				t.Errorf("answer = %d %s, want %d with %s", res.StatusCode, got, tt.status, tt.want)
			}
		})
	}
}

func TestTalk4RefusesARevokedTokenEvenForReading(t *testing.T) { // G31
	talk := newTalk4(t, rs256Config(t))
	token := talk4Token(t, talk4Claims())
	call(talk, http.MethodDelete, talk4Auth, token, "")
	if got := call(talk, http.MethodPost, talk4Graph, token, talk4Read).StatusCode; got != http.StatusUnauthorized {
		t.Errorf("reading with a revoked token = %d, want 401", got)
	}
}

func TestTheGatewaysPluginLetsItsPeopleIn(t *testing.T) { // P2
	tests := []struct {
		name   string
		claims claims
		want   []talktest.Talk4User
	}{
		{"another issuer's people stay anonymous", talk4Claims().with("sub", "u-new").with("iss", "https://other.example"), nil},
		{"a token without a subject names nobody", talk4Claims().without("sub"), nil},
		{
			"a new person has a name that is settled", talk4Claims().with("sub", "u-new").with("username", "Grace Hopper"),
			[]talktest.Talk4User{{
				ID: "u-new", Username: "Grace_Hopper", UsernameFixed: true, DisplayName: "Grace Hopper",
				Profiles: []talktest.Talk4Profile{{ID: "u-new", Provider: "chatgate"}},
			}},
		},
		{
			"a verified address is kept", talk4Claims().with("sub", "u-new").with("username", "grace").with("email", "g@example.org").with("email_verified", true),
			[]talktest.Talk4User{{
				ID: "u-new", Username: "grace", UsernameFixed: true, DisplayName: "grace",
				Profiles: []talktest.Talk4Profile{{ID: "u-new", Provider: "chatgate"}, {ID: "g@example.org", Provider: talktest.ProfileLocal}},
			}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := rs256Config(t)
			cfg.DisableIssuer = true
			cfg.TokenUserNotFound = talktest.GatewayPlugin(cfg.Issuer)
			talk := newTalk4(t, cfg)
			if _, err := talk.Verify(t.Context(), talk4Token(t, tt.claims)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, talk.Users()); diff != "" && (len(tt.want) > 0 || len(talk.Users()) > 0) {
				t.Errorf("users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheGatewaysPluginLeavesAnAddressToWhoHasIt(t *testing.T) { // P2
	cfg := rs256Config(t)
	cfg.TokenUserNotFound = talktest.GatewayPlugin(cfg.Issuer)
	talk := newTalk4(t, cfg)
	talk.AddUser(talktest.Talk4User{ID: "1", Username: "first", Profiles: []talktest.Talk4Profile{{ID: "g@example.org", Provider: talktest.ProfileLocal}}})
	viewer, err := talk.Verify(t.Context(), talk4Token(t, talk4Claims().with("sub", "u-new").with("username", "grace").
		with("email", "g@example.org").with("email_verified", true)))
	if err != nil || viewer.ID != "u-new" || viewer.Email != "" {
		t.Errorf("viewer = %+v, %v, want the new person without an address", viewer.User, err)
	}
}
