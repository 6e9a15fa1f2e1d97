package gateway

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"chatgate/gateway/chat"
)

// health is the body of /readyz. A broken dependency is told, and does not take the gateway out of service: a gateway
// that nobody reaches cannot explain anything to anyone (D26).
type health struct {
	Status string            `json:"status"` // one of the states
	Checks map[string]string `json:"checks"` // "ok" or what is wrong
}

const (
	healthTimeout = 2 * time.Second
	// chatsEvery is how often the chats are looked at; probes read what was found last.
	chatsEvery   = time.Minute
	chatsTimeout = 15 * time.Second
)

// WatchChats asks every connector that can tell how its chat is, now and then, until ctx ends. Probes come every few
// seconds from every replica, and a chat's API is not theirs to load.
func (s *Server) WatchChats(ctx context.Context) error {
	ticker := time.NewTicker(chatsEvery)
	defer ticker.Stop()
	for {
		s.lookAtChats(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *Server) lookAtChats(ctx context.Context) {
	found := map[string]string{}
	for name, connector := range s.cfg.Chats {
		checker, ok := connector.Connector.(chat.Checker)
		if !ok {
			continue
		}
		told := s.lookAt(ctx, checker)
		found["chat "+name] = told
		if before := s.chats.Load(); before == nil && told != well || before != nil && (*before)["chat "+name] != told {
			s.cfg.Log.WarnContext(ctx, "chat changed for better or worse", "chat", name, "found", told)
		}
	}
	s.chats.Store(&found)
}

// lookAt gives each chat the same time, so that one that hangs blames no other.
func (s *Server) lookAt(ctx context.Context, checker chat.Checker) string {
	ctx, cancel := context.WithTimeout(ctx, chatsTimeout)
	defer cancel()
	return firstWrong(checker.Check(ctx))
}

func firstWrong(findings []chat.Finding) string {
	for _, f := range findings {
		if !f.OK {
			return f.Name + ": " + f.String()
		}
	}
	return well
}

func (s *Server) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, health{Status: "live"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, body := s.health(r.Context())
		writeHealth(w, status, body)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.cfg.Gatherer, promhttp.HandlerOpts{}))
	return mux
}

func (s *Server) health(ctx context.Context) (int, health) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	checks := s.checks(s.cfg.Store.Ping(ctx))
	state, serves := s.judge(checks)
	if !serves {
		return http.StatusServiceUnavailable, health{state, checks}
	}
	return http.StatusOK, health{state, checks}
}

// The parts that decide by themselves whether a replica serves.
const (
	checkSealing = "sealing"
	checkNames   = "names"
)

// well is what is told of a part of which nothing is wrong.
const well = "ok"

// checks are all parts, each with what is known of it; the caller knows the store.
func (s *Server) checks(store error) map[string]string {
	checks := map[string]string{
		kindStore:    told(store),
		"keys":       told(s.cfg.Keys.Ready()),
		checkSealing: told(s.cfg.Heartbeat.Mismatch()),
		checkNames:   told(s.cfg.Names.Mismatch()),
	}
	for key, rp := range s.cfg.Providers {
		checks["provider "+key] = told(s.trouble(key, rp))
	}
	if found := s.chats.Load(); found != nil {
		maps.Copy(checks, *found)
	}
	for name, check := range s.cfg.Checks {
		checks[name] = told(check())
	}
	return checks
}

func told(err error) string {
	if err == nil {
		return well
	}
	return err.Error()
}

func writeHealth(w http.ResponseWriter, status int, body health) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the prober has gone: there is nobody left to tell
}
