package gateway

import "context"

// Status is what /readyz tells, for the rest of the process.
type Status struct {
	// Word is its status, one of the states.
	Word string
	// Checks are "ok", or what is wrong with a part.
	Checks map[string]string
}

// Status looks as /readyz does.
func (s *Server) Status(ctx context.Context) Status {
	_, told := s.health(ctx)
	return Status{Word: told.Status, Checks: told.Checks}
}

// IgnoresForwarded says whether a peer that is not trusted has sent forwarded headers since the start: most likely the
// proxy in front of the gateway, behind which everybody then seems to come from one address (D31).
func (s *Server) IgnoresForwarded() bool { return s.warned.Load() }
