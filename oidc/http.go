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

// newClient makes the one HTTP client everything goes through: with a deadline, a limit on what it reads, and no
// way to another origin (S129, S131).
func newClient(base http.RoundTripper) *http.Client {
	if base == nil {
		base = defaultTransport()
	}
	return &http.Client{Transport: answers{base}, Timeout: callDeadline, CheckRedirect: checkRedirect}
}

func defaultTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost = maxConnsPerHost
	return t
}

// checkRedirect lets a GET move within its origin. A POST carries the code and the client's secret, and is never
// sent again (S129).
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch first := via[0]; {
	case first.Method != http.MethodGet:
		return errors.New("redirect refused: the token endpoint must not redirect")
	case origin(req.URL) != origin(first.URL):
		return errors.New("redirect refused: another origin")
	case len(via) > maxRedirects:
		return errors.New("redirect refused: too many")
	}
	return nil
}

// answers reads each answer whole and passes on only what makes sense: at most maxAnswer bytes, and one strict
// JSON object where the call succeeded.
type answers struct{ base http.RoundTripper }

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
	if res.StatusCode/100 == 2 {
		if err := checkAnswer(req, res, body); err != nil {
			return nil, err
		}
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// checkAnswer demands the media type of RFC 6749, Section 5.1 from the token endpoint, the only one that is posted
// to: x/oauth2 would read a form there (S26). Documents and keys are often served as static files of any type.
func checkAnswer(req *http.Request, res *http.Response, body []byte) error {
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); req.Method == http.MethodPost && media != "application/json" {
		return errors.New("answer is not application/json")
	}
	return checkJSON(body)
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("HTTP status %d", int(e)) }

// providersFault tells a provider in trouble from one that says no.
func (e statusError) providersFault() bool { return e >= 500 || e == http.StatusTooManyRequests }

// get fetches a JSON object. The bearer token may be empty.
func (rp *RelyingParty) get(ctx context.Context, address string, bearer Secret) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer.Reveal())
	}
	res, err := rp.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, statusError(res.StatusCode)
	}
	return io.ReadAll(res.Body)
}
