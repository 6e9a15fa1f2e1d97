package rocketchat

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"chatgate/store"
)

const (
	// knownFor is how long what a workspace told of itself is believed.
	knownFor = 10 * time.Minute
	// readTime bounds the calls of one reading.
	readTime = 15 * time.Second
	// defaultLoginLife is Rocket.Chat's own, which it also takes for 0 and less.
	defaultLoginLife = 90 * 24 * time.Hour
)

// traits are what we know of a workspace.
type traits struct {
	version version
	// loginLife is how long a login token lives from its issue; it does not slide.
	loginLife time.Duration
	read      time.Time
}

// workspace is one Rocket.Chat and what the gateway may do there as its service account.
type workspace struct {
	client  *client
	self    credentials
	secret  store.Secret
	log     *slog.Logger
	now     func() time.Time
	known   atomic.Pointer[traits]
	reading singleflight.Group
}

// traits reads what the workspace tells everybody, at most every ten minutes. What is older still serves while
// Rocket.Chat does not answer.
func (w *workspace) traits(ctx context.Context) (traits, error) {
	if known := w.known.Load(); known != nil && w.now().Sub(known.read) < knownFor {
		return *known, nil
	}
	return w.reread(ctx)
}

// reread reads once for all who ask meanwhile. It does not end with the one of them that happened to start it.
func (w *workspace) reread(ctx context.Context) (traits, error) {
	read, err, _ := w.reading.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTime)
		defer cancel()
		t, err := w.read(ctx)
		if err == nil {
			w.known.Store(&t)
		}
		return t, err
	})
	if known := w.known.Load(); err != nil && known != nil {
		return *known, nil
	}
	return read.(traits), err
}

func (w *workspace) read(ctx context.Context) (traits, error) {
	v, ok, err := w.client.version(ctx)
	if err != nil {
		return traits{}, err
	}
	if !ok {
		w.log.WarnContext(ctx, "rocket.chat version not understood", "taken_for", v.String())
	}
	life, err := w.loginLife(ctx, v)
	if err != nil {
		return traits{}, err
	}
	return traits{version: v, loginLife: life, read: w.now()}, nil
}

// version asks what everybody may ask. A release that cannot be made out is taken for the newest, and not understood.
func (c *client) version(ctx context.Context) (v version, understood bool, err error) {
	var info struct{ Version string }
	if err := c.do(ctx, call{name: "info", method: http.MethodGet}, &info); err != nil {
		return newest, false, err
	}
	v, understood = parseVersion(info.Version)
	return v, understood, nil
}

const loginExpiration = "Accounts_LoginExpiration" // days

func (w *workspace) loginLife(ctx context.Context, v version) (time.Duration, error) {
	settings, err := w.publicSettings(ctx, v, loginExpiration)
	if err != nil {
		return 0, err
	}
	var days float64
	if json.Unmarshal(settings[loginExpiration], &days) != nil || days < 1 || days > 36500 {
		return defaultLoginLife, nil
	}
	return time.Duration(days * 24 * float64(time.Hour)), nil
}

// publicSettings reads settings that everybody may read.
func (w *workspace) publicSettings(ctx context.Context, v version, ids ...string) (map[string]json.RawMessage, error) {
	query := url.Values{"_id": {strings.Join(ids, ",")}}
	if !v.needs().settingsByID {
		filter, err := json.Marshal(map[string]any{"_id": map[string]any{"$in": ids}})
		if err != nil {
			return nil, fmt.Errorf("encode query: %w", err)
		}
		query = url.Values{"query": {string(filter)}}
	}
	var answer struct {
		Settings []struct {
			ID    string `json:"_id"`
			Value json.RawMessage
		}
	}
	if err := w.client.do(ctx, call{name: "v1/settings.public", method: http.MethodGet, query: query}, &answer); err != nil {
		return nil, err
	}
	values := map[string]json.RawMessage{}
	for _, setting := range answer.Settings {
		values[setting.ID] = setting.Value
	}
	return values, nil
}
