package talk

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
)

// resumeRequest is what the frame sends. Confirm says that the person pressed Continue. It changes nothing here: the frame
// shows because somebody pressed a button of the page around it.
type resumeRequest struct {
	Confirm bool `json:"confirm"`
}

// frameAnswer is a token for the frame to hand to the page around it.
type frameAnswer struct {
	tokenAnswer
	Name string `json:"name,omitempty"`
}

const resultResumed = "resumed"

// resume gives the frame a token of the session that is signed in. It is always a new one, as for a POST of the page: the
// frame shows after a sign-out in the comments too, and that has ended the last one (D18).
func (c *connector) resume(g *gin.Context) error {
	ctx := g.Request.Context()
	who, err := c.callers.Find(g)
	if err != nil {
		return c.refuse(ctx, who, err)
	}
	var request resumeRequest
	if err := chat.ReadObject(g.Request.Body, &request); err != nil {
		return problem.InvalidRequest("The body must be {} or {\"confirm\": true}.", err)
	}
	answer, err := c.forFrame(ctx, who, alwaysNew)
	if err != nil {
		return err
	}
	c.env.Metrics.Token(c.env.Name, resultResumed)
	g.Header("Cache-Control", "no-store")
	g.JSON(http.StatusOK, answer)
	return nil
}

// handOver gives a token for a hand-off. Several in a row get the same, as chat.HandOffConfig asks for: the frame comes
// again where the hand-off could not be taken, and every token that is signed counts against the session. Callers at the
// very same moment may each sign one; both are good, and both end with the session.
func (c *connector) handOver(ctx context.Context, who chat.Caller) (any, error) {
	return c.forFrame(ctx, who, lastIfHandedOver)
}

// forFrame gives a token to a frame. Its error is told already.
func (c *connector) forFrame(ctx context.Context, who chat.Caller, f freshness) (any, error) {
	t, result, err := c.give(ctx, who, f)
	if err != nil {
		return nil, c.refuse(ctx, who, err)
	}
	if result == resultSigned {
		c.audit(ctx, who, t)
	}
	return frameAnswer{tokenAnswer: t.answer(), Name: chat.DisplayName(who.Session)}, nil
}

// audit records a token that was signed.
func (c *connector) audit(ctx context.Context, who chat.Caller, t signed) {
	c.env.Record(ctx, who, audit.Event{
		Act: audit.TalkTokenSigned, Attrs: []slog.Attr{slog.String("jti", t.ID), slog.String("kid", t.KID)},
	})
}

func (t signed) answer() tokenAnswer {
	return tokenAnswer{Token: t.Token.Reveal(), ExpiresAt: t.Expires}
}
