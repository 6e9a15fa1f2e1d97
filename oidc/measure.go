package oidc

import (
	"context"
	"net/http"
	"time"
)

// Call names one of the calls that chatgate makes to a provider. Calls are a closed set, fit for a metric's label.
type Call string

// The calls.
const (
	CallDiscovery Call = "discovery" // the discovery document
	CallKeys      Call = "keys"      // the keys that sign ID tokens
	CallToken     Call = "token"     // a code for tokens
	CallRefresh   Call = "refresh"   // a refresh token for others
	CallUserinfo  Call = "userinfo"
	CallRevoke    Call = "revoke" // a refresh token that is to be forgotten
)

// Outcome says how a call went. Outcomes are a closed set, fit for a metric's label.
type Outcome string

// The outcomes.
const (
	CallOK      Outcome = "ok"
	CallRefused Outcome = "refused" // the provider said no: a code that is over, a grant that has ended
	CallFailed  Outcome = "failed"  // no answer in time, a provider in trouble, or nonsense
)

type callKey struct{}

// calling marks the requests made with ctx as parts of a call. It reaches the transport also through x/oauth2, which makes
// its requests itself.
func calling(ctx context.Context, c Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf is the call that requests made with ctx are parts of, or empty.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey{}).(Call)
	return c
}

// measured tells how long each request took, its answer read. Requests that belong to no call are not measured.
type measured struct {
	base    http.RoundTripper
	observe func(c Call, o Outcome, took time.Duration)
}

func (m measured) RoundTrip(req *http.Request) (*http.Response, error) {
	c, marked := req.Context().Value(callKey{}).(Call)
	if m.observe == nil || !marked {
		return m.base.RoundTrip(req)
	}
	began := time.Now()
	res, err := m.base.RoundTrip(req)
	m.observe(c, outcomeOf(res, err), time.Since(began))
	return res, err
}

func outcomeOf(res *http.Response, err error) Outcome {
	switch {
	case err != nil || statusError(res.StatusCode).providersFault():
		return CallFailed
	case res.StatusCode >= http.StatusBadRequest:
		return CallRefused
	}
	return CallOK
}

// Reach asks the provider for its discovery document and changes nothing, so that an outage between two of the hourly
// refreshes is noticed before the next person wants to sign in. Its error is ErrProvider.
func (rp *RelyingParty) Reach(ctx context.Context) error {
	if _, err := rp.get(calling(ctx, CallDiscovery), rp.addresses.discovery.String()); err != nil {
		return &providerError{"fetch discovery document", err}
	}
	return nil
}
