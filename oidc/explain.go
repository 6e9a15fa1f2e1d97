package oidc

import "strings"

// The errors of this package say by themselves what was decided, for whoever keeps a record of it: by a code, and facts as
// name-value pairs. None of the facts is anybody's secret, or the provider's text.

// Decision names the check that failed and the clause that demands it.
func (e *RefusedError) Decision() (code string, facts []string) {
	code = "provider_answer_refused"
	if strings.HasPrefix(string(e.Reason), "logout_token") {
		code = "logout_refused"
	}
	return code, []string{"check", string(e.Reason), "clause", e.Reason.Clause()}
}

// Decision names the provider's error code.
func (e *DeniedError) Decision() (code string, facts []string) {
	return "provider_denied", []string{"error", e.Code}
}

// Decision names the call that failed.
func (e *providerError) Decision() (code string, facts []string) {
	return "provider_failed", []string{"call", e.call}
}
