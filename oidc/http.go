package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

const (
	callDeadline    = 10 * time.Second // one call, from dialling to the last byte
	maxAnswer       = 1 << 20          // bytes of one answer
	maxRedirects    = 3
	maxConnsPerHost = 32
)

// newClient makes an HTTP client with a deadline, a limit on what it reads, and no way to another origin (S129, S131).
// The check sees each answer of success; nil takes any.
func (rp *RelyingParty) newClient(base http.RoundTripper, check answerCheck) *http.Client {
	return &http.Client{Transport: measured{answers{base, check}, rp.env.Observe}, Timeout: callDeadline, CheckRedirect: checkRedirect}
}

func defaultTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost = maxConnsPerHost
	return t
}

// checkRedirect lets a GET move within its origin. A POST carries a code or a token and the client's secret, and is
// never sent again (S129).
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch first := via[0]; {
	case first.Method != http.MethodGet:
		return errors.New("redirect refused: an endpoint that is posted to must not redirect")
	case origin(req.URL) != origin(first.URL):
		return errors.New("redirect refused: another origin")
	case len(via) > maxRedirects:
		return errors.New("redirect refused: too many")
	}
	return nil
}

// answerCheck objects to an answer of success.
type answerCheck func(req *http.Request, res *http.Response, body []byte) error

// answers reads each answer whole, at most maxAnswer bytes, and passes on only what makes sense.
type answers struct {
	base  http.RoundTripper
	check answerCheck
}

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("answer is larger than %d bytes", maxAnswer)
	}
	if a.check != nil && res.StatusCode/100 == 2 {
		if err := a.check(req, res, body); err != nil {
			return nil, err
		}
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// strictJSON demands one strict JSON object, and from the token endpoint, the only one that is posted to through it,
// the media type of RFC 6749, Section 5.1: x/oauth2 would read a form there (S26). Documents and keys are often served
// as static files of any type.
func strictJSON(req *http.Request, res *http.Response, body []byte) error {
	if req.Method == http.MethodPost && mediaType(res) != "application/json" {
		return errors.New("answer is not application/json")
	}
	return checkJSON(body)
}

func mediaType(res *http.Response) string {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return media
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("HTTP status %d", int(e)) }

// providersFault tells a provider in trouble from one that says no.
func (e statusError) providersFault() bool { return e >= 500 || e == http.StatusTooManyRequests }

// get fetches a JSON object.
func (rp *RelyingParty) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	body, _, err := do(rp.client, req)
	return body, err
}

// do returns the answer to a request, or a statusError.
func do(client *http.Client, req *http.Request) (body []byte, media string, err error) {
	res, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err == nil && res.StatusCode != http.StatusOK {
		err = statusError(res.StatusCode)
	}
	return body, mediaType(res), err
}
