package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// browseTime bounds one call of the doctor's own, browseSize what is read of its answer.
	browseTime = 10 * time.Second
	browseSize = 64 << 10
)

// seen is an answer as a browser sees it that follows no redirect.
type seen struct {
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState // nil where the call was made by plain HTTP
}

// redirected says that the answer sends elsewhere.
func (s seen) redirected() bool { return s.status >= 300 && s.status < 400 }

// browse asks for one address, with nothing but these headers. What comes back was written by others.
func browse(ctx context.Context, transport http.RoundTripper, address string, header http.Header) (seen, error) {
	ctx, cancel := context.WithTimeout(ctx, browseTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return seen{}, fmt.Errorf("make request: %w", withoutURL(err))
	}
	if header != nil {
		r.Header = header
	}
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		return seen{}, withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, browseSize))
	if err != nil {
		return seen{}, fmt.Errorf("read answer: %w", err)
	}
	return seen{status: answer.StatusCode, header: answer.Header, body: body, tls: answer.TLS}, nil
}

// withoutURL takes the address out of an error of net/http: the finding names it already, without what a query may hold.
func withoutURL(err error) error {
	if detailed, ok := errors.AsType[*url.Error](err); ok {
		return detailed.Err
	}
	return err
}
