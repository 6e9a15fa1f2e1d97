package issuer

import (
	"net/url"

	"chatgate/gateway/decision"
)

// Decision names what is wrong with the request.
func (e *refusedRequest) Decision() (code string, facts []string) {
	return string(decision.RequestRefused), []string{"reason", e.reason.Code, "why", e.why}
}

// Decision names what is wrong with the call of the client's server.
func (e *refusedToken) Decision() (code string, facts []string) {
	if e.code == errInvalidClient {
		return string(decision.ClientRefused), []string{"why", e.why}
	}
	return string(decision.RequestRefused), []string{"why", e.why}
}

// Decision names why the code is not good.
func (e *refusedCode) Decision() (code string, facts []string) {
	return string(decision.CodeRefused), []string{"reason", string(e.reason)}
}

// originOf is scheme, host and port of an address, or nothing: the rest of it may be anybody's.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
