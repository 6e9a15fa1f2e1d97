package rocketchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"chatgate/gateway/chat"
	"chatgate/store"
)

const maxAnswer = 1 << 20 // bytes of one answer

// credentials are what one call is made with.
type credentials struct {
	userID string
	token  store.Secret
}

// call is one request to the REST API.
type call struct {
	// name is the route, and the call's label in errors and metrics.
	name   string
	method string
	query  url.Values
	body   any
	// as is whose call it is; nil for nobody's.
	as *credentials
	// address is the end user's, which Rocket.Chat counts calls made as that person by (R28); empty for our own.
	address string
	// permission is what the call takes of the service account, to be named when it is refused.
	permission string
}

// client speaks Rocket.Chat's REST API. It is safe for concurrent use.
type client struct {
	base    string
	http    http.Client
	timeout time.Duration
	forward bool // end users' addresses, to Rocket.Chat
	breaker breaker
	measure func(call, result string, took time.Duration)
	pause   func(ctx context.Context, d time.Duration) error
	now     func() time.Time
}

func newClient(cfg API, env chat.Env) *client {
	return &client{
		base: cfg.URL + "/api/",
		http: http.Client{
			Transport: env.Transport,
			// Followed, a redirect could carry the service account's token to another host (S129, S91).
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: cfg.Timeout,
		forward: cfg.ForwardClientIP,
		breaker: breaker{now: env.Now},
		measure: func(call, result string, took time.Duration) { env.Metrics.Call(env.Name, call, result, took) },
		pause:   pause,
		now:     env.Now,
	}
}

// pause waits, or returns early with the reason why nobody waits for the answer any more.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// longestPause is what a caller waits within one call; who is told to wait for longer is better told so.
const longestPause = 2 * time.Second

// do makes the call and decodes the answer's fields that into has. A limited GET is made once more when Rocket.Chat
// takes it again soon and before ctx ends; anything else might have happened already and is never repeated (R28).
func (c *client) do(ctx context.Context, k call, into any) error {
	err := c.once(ctx, k, into)
	limited, ok := errors.AsType[*limitedError](err)
	if !ok || k.method != http.MethodGet || limited.wait > longestPause {
		return err
	}
	wait := limited.wait + rand.N(time.Second/4) // all who were refused together do not come back together
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) < wait+c.timeout/2 {
		return err
	}
	if c.pause(ctx, wait) != nil {
		return err
	}
	return c.once(ctx, k, into)
}

func (c *client) once(ctx context.Context, k call, into any) error {
	if err := c.breaker.allow(); err != nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := c.exchange(limited, k, into)
	unavailable := errors.Is(err, errUnavailable)
	if !unavailable || ctx.Err() == nil { // a caller that left before an answer says nothing of Rocket.Chat
		c.breaker.done(unavailable)
	}
	c.measure(k.name, outcome(err), time.Since(begin))
	if err != nil {
		return fmt.Errorf("%s: %w", k.name, err)
	}
	return nil
}

func (c *client) exchange(ctx context.Context, k call, into any) error {
	r, err := c.request(ctx, k)
	if err != nil {
		return err
	}
	w, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, withoutURL(err))
	}
	defer func() { _ = w.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%w: read answer: %w", errUnavailable, err)
	}
	if len(answer) > maxAnswer {
		return fmt.Errorf("%w: the answer is larger than %d bytes", errUnavailable, maxAnswer)
	}
	return c.read(w, answer, into)
}

func (c *client) request(ctx context.Context, k call) (*http.Request, error) {
	address := c.base + k.name
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	var body io.Reader
	if k.body != nil {
		encoded, err := json.Marshal(k.body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, k.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", withoutURL(err))
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if k.as != nil {
		r.Header.Set("X-User-Id", k.as.userID)
		r.Header.Set("X-Auth-Token", k.as.token.Reveal())
	}
	if c.forward && k.address != "" {
		r.Header.Set("X-Real-Ip", k.address)
	}
	return r, nil
}

// withoutURL takes the address out of an error of net/http: a query may name a person (R34).
func withoutURL(err error) error {
	if detailed, ok := errors.AsType[*url.Error](err); ok {
		return detailed.Err
	}
	return err
}

// read turns an answer into its fields or into an error. A page where JSON belongs comes from something in between.
func (c *client) read(w *http.Response, answer []byte, into any) error {
	switch {
	case w.StatusCode >= 300 && w.StatusCode < 400:
		return fmt.Errorf("%w: answered with a redirect (%d): api.url must be the address that answers itself", errUnavailable, w.StatusCode)
	case w.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: status %d", errUnavailable, w.StatusCode)
	case w.StatusCode == http.StatusTooManyRequests:
		return &limitedError{wait: c.waitOf(w.Header, answer)}
	case w.StatusCode != http.StatusOK:
		return refusalOf(w.StatusCode, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%w: the answer is not the JSON expected: is this Rocket.Chat?", errUnavailable)
	}
	return nil
}
