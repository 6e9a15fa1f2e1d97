package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"
)

const (
	lastExport = 5 * time.Second // for what waits when the gateway ends
	maxAnswer  = 64 << 10        // bytes of an answer that are read, so that its connection is used again
)

// waits are the pauses before each further attempt at one batch.
var waits = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}

// Run exports spans until ctx ends, and then what still waits, for at most five seconds. It returns nil.
func (t *Tracer) Run(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ticker := time.NewTicker(t.cfg.Delay)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return t.finish(ctx)
		case <-ticker.C:
		case <-t.queue.full:
		}
		for batch := t.queue.take(); len(batch) > 0; batch = t.queue.take() {
			t.settle(batch, t.insist(ctx, batch))
		}
	}
}

// finish exports what waits, with one attempt for each batch, and gives up at the first that fails.
func (t *Tracer) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastExport)
	defer cancel()
	defer t.client.CloseIdleConnections()
	var failed error
	for batch := t.queue.take(); len(batch) > 0; batch = t.queue.take() {
		if failed == nil {
			failed = t.export(ctx, batch)
		}
		t.settle(batch, failed)
	}
	return nil
}

// insist exports a batch in a few attempts, where another may help.
func (t *Tracer) insist(ctx context.Context, batch []*Span) error {
	err := t.export(ctx, batch)
	for _, wait := range waits {
		if refused := (statusError)(0); err == nil || errors.Is(err, errEncode) || errors.As(err, &refused) && !refused.passing() {
			break
		}
		t.tell(err)
		t.cfg.Pause(ctx, wait)
		if ctx.Err() != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastExport)
			defer cancel()
			return t.export(ctx, batch)
		}
		err = t.export(ctx, batch)
	}
	return err
}

// settle counts what became of a batch.
func (t *Tracer) settle(batch []*Span, err error) {
	if err != nil {
		t.cfg.Count(Dropped, len(batch))
	} else {
		t.cfg.Count(Exported, len(batch))
	}
	t.tell(err)
}

// tell says once that the collector takes nothing, and once that it does again.
func (t *Tracer) tell(err error) {
	switch {
	case err != nil && !t.told:
		t.cfg.Log.Warn("traces not exported: spans are dropped until they are", "err", err)
	case err == nil && t.told:
		t.cfg.Log.Info("traces exported again")
	}
	t.told = err != nil
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("the collector answered %d", int(e)) }

// passing tells a collector that may take the same later (OTLP 1.0, "Retryable Response Codes").
func (e statusError) passing() bool {
	switch int(e) {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// errEncode is for spans that are the same at every attempt.
var errEncode = errors.New("encode spans")

// export makes one attempt at one batch.
func (t *Tracer) export(ctx context.Context, batch []*Span) error {
	body, err := proto.Marshal(encode(batch, t.cfg.Resource, t.cfg.Version))
	if err != nil {
		return fmt.Errorf("%w: %w", errEncode, err)
	}
	r, err := t.request(ctx, body)
	if err != nil {
		return errors.New("make request: the endpoint is no address")
	}
	w, err := t.client.Do(r)
	if err != nil {
		if detailed, ok := errors.AsType[*url.Error](err); ok {
			err = detailed.Err // without the address
		}
		return err
	}
	defer func() { _ = w.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(w.Body, maxAnswer))
	if w.StatusCode/100 != 2 {
		return statusError(w.StatusCode)
	}
	return nil
}

func (t *Tracer) request(ctx context.Context, body []byte) (*http.Request, error) {
	if t.cfg.Gzip {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body) // a buffer takes everything
		_ = w.Close()
		body = packed.Bytes()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.cfg.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range t.cfg.Headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("User-Agent", "chatgate/"+t.cfg.Version)
	if t.cfg.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	return r, nil
}
