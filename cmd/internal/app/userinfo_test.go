package app_test

import (
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

func TestNoPasswordOfAnAddressIsTold(t *testing.T) { // S133
	const secret = "p4ssw0rd"
	for _, tc := range []struct{ name, from, to string }{
		{"baseURL", "https://sso.example.org", "https://ada:p4ssw0rd@sso.example.org"},
		{"an issuer", "https://idp.example.org", "https://ada:p4ssw0rd@idp.example.org"},
		{"an issuer whose password has a slash", "https://idp.example.org", "https://ada:p4ssw0rd/x@idp.example.org"},
		{"a chat", "https://chat.example.org", "https://ada:p4ssw0rd@chat.example.org"},
		{"its API", "http://rocketchat.chat.svc:3000", "http://ada:p4ssw0rd@rocketchat.chat.svc:3000"},
		{"a page that embeds", "https://news.example.org", "https://ada:p4ssw0rd@news.example.org"},
		{"the Redis", "cache:6379", "redis://:p4ssw0rd@cache:6379"},
		{"a Redis without a scheme", "cache:6379", ":p4ssw0rd@cache:6379"},
		{"a trusted proxy", "redis:\n", "trustedProxies: [\"https://ada:p4ssw0rd@proxy\"]\nredis:\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			loaded, err := parse(t, strings.Replace(working, tc.from, tc.to, 1))
			if err == nil {
				err = app.Check(loaded.Config)
			}
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %v; want one that does not tell the password", err)
			}
		})
	}
}
