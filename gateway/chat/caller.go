package chat

import (
	"errors"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/limit"
	"chatgate/gateway/session"
)

// Caller is who asks a connector for something.
type Caller struct {
	// Session is the signed-in browser; its zero value stands for a caller without one.
	Session session.Session
	// Address is where the call comes from, empty where that is not known.
	Address string
}

// Callers finds who calls, within the limits that this process counts by itself: a call that is answered from what the
// session keeps costs one command of the store and nothing else (D22, D31). It is safe for concurrent use.
type Callers struct {
	sessions             *session.Manager
	chat                 string
	byAddress, bySession *limit.Local
}

// NewCallers prepares to find the callers of one chat.
func NewCallers(env Env) (*Callers, error) {
	byAddress, errAddress := limit.NewLocal(env.Rules.WarmAddress, env.Now)
	bySession, errSession := limit.NewLocal(env.Rules.WarmSession, env.Now)
	if err := errors.Join(errAddress, errSession); err != nil {
		return nil, err
	}
	return &Callers{sessions: env.Sessions, chat: env.Name, byAddress: byAddress, bySession: bySession}, nil
}

// Find returns who is signed in behind a call. Its error is a *limit.Exceeded, or the problem of a session that is not
// there or cannot be read (S67).
func (c *Callers) Find(g *gin.Context) (Caller, error) {
	address := g.ClientIP()
	if err := c.byAddress.Allow(limit.AddressText(address)); err != nil {
		return Caller{}, err
	}
	s, err := c.sessions.Read(g.Request.Context(), g.Writer, g.Request, c.chat)
	if err != nil {
		return Caller{}, c.sessions.Problem(err)
	}
	if err := c.bySession.Allow(s.Key); err != nil {
		return Caller{}, err
	}
	return Caller{Session: s, Address: address}, nil
}
