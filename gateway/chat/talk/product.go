package talk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// seen is an answer of the product's server, with as much of its body as anybody needs.
type seen struct {
	status int
	header http.Header
	body   []byte
}

const (
	// maxSeen bounds what is read of an answer, in bytes.
	maxSeen = 1 << 20
	// defaultTimeout is that of api.timeout.
	defaultTimeout = 5 * time.Second
)

// atProduct is a request to the product's server. It names the host that browsers know, whatever address it goes to,
// because Coral finds its tenant by it (T-C4).
func (c *connector) atProduct(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, cmp.Or(c.cfg.API.URL, string(c.cfg.URL))+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of the chat's api is none")
	}
	public, err := url.Parse(string(c.cfg.URL))
	if err != nil {
		return nil, errors.New("the chat's url is none")
	}
	r.Host = public.Host
	return r, nil
}

// send makes one request and reads the answer. A redirect is an answer like any other: what is sent is for one server
// alone.
func (c *connector) send(ctx context.Context, r *http.Request) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.cfg.API.Timeout, defaultTimeout))
	defer cancel()
	res, err := c.env.Transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return seen{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSeen))
	if err != nil {
		return seen{}, fmt.Errorf("read answer: %w", err)
	}
	return seen{status: res.StatusCode, header: res.Header, body: body}, nil
}

// measured is send with its time in the metrics, under the name of the call.
func (c *connector) measured(ctx context.Context, call string, r *http.Request) (seen, error) {
	begun := c.env.Now()
	got, err := c.send(ctx, r)
	result := "unavailable"
	if err == nil {
		result = strconv.Itoa(got.status/100) + "xx"
	}
	c.env.Metrics.Call(c.env.Name, call, result, c.env.Now().Sub(begun))
	return got, err
}
