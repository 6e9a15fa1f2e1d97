package rocketchattest

import (
	"io"
	"maps"
	"net/http"
	"time"
)

// Faults is what may be wrong with the server. Down and Delay hit every request, the others REST alone. The zero value
// is a healthy server.
type Faults struct {
	Down            bool              // connections are cut without an answer
	Delay           time.Duration     // before every answer
	Status          map[string]int    // by route ("me", "users.info"; "*" is all others): this status instead of an answer
	Refusal         map[string]string // by route: 400 with this errorType instead of an answer
	TooManyRequests time.Duration     // above zero: 429 on every route, asking to wait this long
	RedirectTo      string            // 302 to this address, as a misconfigured proxy does
	HTML            bool              // 200 with a page instead of JSON, as a captive portal does
}

// SetFaults replaces the faults. The zero value heals the server.
func (s *Server) SetFaults(f Faults) {
	f.Status, f.Refusal = maps.Clone(f.Status), maps.Clone(f.Refusal)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// fail reports whether a fault has answered the request.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, api bool) bool {
	s.mu.Lock()
	f := s.faults // its maps are never written after SetFaults
	s.mu.Unlock()

	if f.Down {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return true
		}
	}
	return api && f.answer(w, r, s.cfg.Now())
}

func (f Faults) answer(w http.ResponseWriter, r *http.Request, now time.Time) bool {
	name, _ := routeName(r.URL.Path)
	switch status := f.status(name); {
	case f.Refusal[name] != "":
		writeError(w, thrown(f.Refusal[name], "Refused", nil))
	case status != 0:
		writeJSON(w, status, reply{"success": false, "error": "Internal server error"})
	case f.TooManyRequests > 0:
		err := refuseLimit(w.Header(), 10, now, now.Add(f.TooManyRequests))
		writeJSON(w, err.status, err.body)
	case f.RedirectTo != "":
		http.Redirect(w, r, f.RedirectTo, http.StatusFound)
	case f.HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title><h1>Please accept the terms of this network</h1>")
	default:
		return false
	}
	return true
}

func (f Faults) status(route string) int {
	if status, ok := f.Status[route]; ok {
		return status
	}
	return f.Status["*"]
}
