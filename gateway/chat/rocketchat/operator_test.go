package rocketchat

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestLoginAdvice: a login by password that is refused says what an operator has to change, whatever words Rocket.Chat
// has for it (R26, R30).
func TestLoginAdvice(t *testing.T) {
	for said, want := range map[string]string{
		"totp-required":                "Accounts_TwoFactorAuthentication_By_Email_Auto_Opt_In",
		"totp-invalid":                 "Accounts_TwoFactorAuthentication_By_Email_Auto_Opt_In",
		"error-login-blocked-for-ip":   "Block_Multiple_Failed_Logins_Ip_Whitelist",
		"error-login-blocked-for-user": "Block_Multiple_Failed_Logins_Ip_Whitelist",
		"error-invalid-email":          "Accounts_EmailVerification",
		"Unauthorized":                 "api.passwordKey",
		"unauthorized":                 "api.passwordKey", // all that 9.0 says
		"":                             "api.passwordKey",
	} {
		if got := loginAdvice(&apiError{status: 401, text: said}); !strings.Contains(got, want) {
			t.Errorf("advice about %q is %q, want it to name %s", said, got, want)
		}
	}
	for what, err := range map[string]error{
		"no refusal":                      nil,
		"no answer":                       errUnavailable,
		"an account that is switched off": &apiError{status: 401, text: "error-user-is-not-activated"},
	} {
		if got := loginAdvice(err); got != "" {
			t.Errorf("%s: advice %q, want none", what, got)
		}
	}
}

// TestHopeless: what is worth another try is tried again, and nothing else.
func TestHopeless(t *testing.T) {
	limited := &limitedError{wait: time.Minute}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"a refusal", &apiError{status: 400}, true},
		{"a refusal with advice", &operatorError{cause: &apiError{status: 403}}, true},
		{"what is not shown", hiddenAccount(), true},
		{"a limit", limited, false},
		{"a limit with advice", &operatorError{cause: limited}, false},
		{"no answer", errUnavailable, false},
		{"anything else", errors.New("no store"), false},
	} {
		if got := hopeless(tt.err); got != tt.want {
			t.Errorf("%s: hopeless = %v, want %v", tt.name, got, tt.want)
		}
	}
}
