package oidc

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// What callers branch on with errors.Is.
var (
	// ErrNotReady means that the provider's discovery document has not been read yet. It passes.
	ErrNotReady = errors.New("provider is not ready")
	// ErrDenied means that the provider refused the sign-in; a DeniedError says with which code.
	ErrDenied = errors.New("provider denied the sign-in")
	// ErrRefused means that what came back, or came from the provider, failed a check; a RefusedError says which.
	ErrRefused = errors.New("refused")
	// ErrProvider means that the provider could not be reached in time, or answered nonsense. It passes.
	ErrProvider = errors.New("provider failed")
)

// DeniedError carries the provider's error code (RFC 6749, Section 4.1.2.1; OpenID Connect Core 1.0, Section
// 3.1.2.6) and nothing else: error_description is text from the address bar (S24).
type DeniedError struct {
	// Code is printable ASCII of at most 64 bytes, or "unknown".
	Code string
}

func (e *DeniedError) Error() string        { return ErrDenied.Error() + ": " + e.Code }
func (e *DeniedError) Is(target error) bool { return target == ErrDenied }

// RefusedError says which check failed.
type RefusedError struct {
	// Reason is one of a closed set, fit for audit lines and metric labels.
	Reason Reason
	// Err says more to the operator. It may quote the provider, so it is not for the person's eyes.
	Err error
}

func (e *RefusedError) Error() string {
	return clip(fmt.Sprintf("%v: %s (%s): %v", ErrRefused, e.Reason, e.Reason.Clause(), e.Err))
}

func (e *RefusedError) Is(target error) bool { return target == ErrRefused }
func (e *RefusedError) Unwrap() error        { return e.Err }

func refuse(reason Reason, format string, args ...any) error {
	return &RefusedError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Reason names a check. Reasons are stable: audit lines carry them.
type Reason string

// The checks, in the order in which a sign-in meets them.
const (
	ReasonRequest        Reason = "login_request"
	ReasonParameters     Reason = "callback_parameters"
	ReasonMixUp          Reason = "provider_mixed_up"
	ReasonState          Reason = "state"
	ReasonAttemptExpired Reason = "attempt_expired"
	ReasonCallbackIssuer Reason = "callback_issuer"
	ReasonCode           Reason = "code"
	ReasonIDTokenMissing Reason = "id_token_missing"
	ReasonIDTokenForm    Reason = "id_token_form"
	ReasonSignature      Reason = "id_token_signature"
	ReasonIDToken        Reason = "id_token" // issuer or audience, as go-oidc checks them
	ReasonAudience       Reason = "id_token_audience"
	ReasonSubject        Reason = "id_token_subject"
	ReasonTime           Reason = "id_token_time"
	ReasonNonce          Reason = "id_token_nonce"
	ReasonAuthTime       Reason = "auth_time"
	ReasonACR            Reason = "acr"
	ReasonAccessToken    Reason = "at_hash"
	ReasonUserinfo       Reason = "userinfo"
	ReasonRefresh        Reason = "refresh_token"
)

// The checks of a logout token.
const (
	ReasonLogoutForm      Reason = "logout_token_form"
	ReasonLogoutType      Reason = "logout_token_type"
	ReasonLogoutSignature Reason = "logout_token_signature"
	ReasonLogoutIssuer    Reason = "logout_token_issuer"
	ReasonLogoutAudience  Reason = "logout_token_audience"
	ReasonLogoutEvents    Reason = "logout_token_events"
	ReasonLogoutNonce     Reason = "logout_token_nonce"
	ReasonLogoutSubject   Reason = "logout_token_subject"
	ReasonLogoutID        Reason = "logout_token_id"
	ReasonLogoutTime      Reason = "logout_token_time"
)

const (
	idTokenValidation     = "OpenID Connect Core 1.0, Section 3.1.3.7"
	logoutTokenClaims     = "OpenID Connect Back-Channel Logout 1.0, Section 2.4"
	logoutTokenValidation = "OpenID Connect Back-Channel Logout 1.0, Section 2.6"
)

var clauses = map[Reason]string{
	ReasonRequest:        "OpenID Connect Core 1.0, Section 3.1.2.1",
	ReasonParameters:     "RFC 6749, Section 3.1",
	ReasonMixUp:          "RFC 9700, Section 4.4",
	ReasonState:          "RFC 6749, Section 10.12",
	ReasonAttemptExpired: "RFC 6749, Section 10.12",
	ReasonCallbackIssuer: "RFC 9207, Section 2.4",
	ReasonCode:           "RFC 6749, Section 5.2",
	ReasonIDTokenMissing: "OpenID Connect Core 1.0, Section 3.1.3.3",
	ReasonIDTokenForm:    "RFC 7519, Section 7.2",
	ReasonSignature:      "RFC 7515, Section 5.2",
	ReasonIDToken:        idTokenValidation,
	ReasonAudience:       idTokenValidation,
	ReasonSubject:        "OpenID Connect Core 1.0, Section 2",
	ReasonTime:           idTokenValidation,
	ReasonNonce:          idTokenValidation,
	ReasonAuthTime:       idTokenValidation,
	ReasonACR:            idTokenValidation,
	ReasonAccessToken:    "OpenID Connect Core 1.0, Section 3.1.3.8",
	ReasonUserinfo:       "OpenID Connect Core 1.0, Section 5.3",
	ReasonRefresh:        "OpenID Connect Core 1.0, Section 12.2",

	ReasonLogoutForm:      "RFC 7519, Section 7.2",
	ReasonLogoutType:      logoutTokenClaims,
	ReasonLogoutSignature: logoutTokenValidation,
	ReasonLogoutIssuer:    logoutTokenValidation,
	ReasonLogoutAudience:  logoutTokenValidation,
	ReasonLogoutEvents:    logoutTokenValidation,
	ReasonLogoutNonce:     logoutTokenValidation,
	ReasonLogoutSubject:   logoutTokenValidation,
	ReasonLogoutID:        logoutTokenClaims,
	ReasonLogoutTime:      logoutTokenValidation,
}

// Clause is the part of the specification that demands the check.
func (r Reason) Clause() string { return clauses[r] }

// providerError is an ErrProvider with the call that failed.
type providerError struct {
	call string
	err  error
}

func (e *providerError) Error() string {
	return clip(fmt.Sprintf("%s: %v: %v", e.call, ErrProvider, e.err))
}

func (e *providerError) Is(target error) bool { return target == ErrProvider }
func (e *providerError) Unwrap() error        { return e.err }

// clip makes text that may quote the provider fit for a log line: one line of at most 400 bytes (S135).
func clip(s string) string {
	const limit = 400
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
