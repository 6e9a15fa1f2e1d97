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
	answer, err := c.handOver(ctx, who)
	if err != nil {
		return err
	}
	c.env.Metrics.Token(c.env.Name, resultResumed)
	g.Header("Cache-Control", "no-store")
	g.JSON(http.StatusOK, answer)
	return nil
}

// handOver signs a token for a frame. Its error is told already.
func (c *connector) handOver(ctx context.Context, who chat.Caller) (any, error) {
	t, _, err := c.give(ctx, who, true)
	if err != nil {
		return nil, c.refuse(ctx, who, err)
	}
	c.audit(ctx, who, t)
	return frameAnswer{tokenAnswer: t.answer(), Name: displayName(who.Session)}, nil
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
