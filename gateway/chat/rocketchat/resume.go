package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

const maxResumeBody = 1 << 10 // bytes

// resumeRequest is what the frame sends. Confirm says that the person pressed Continue; nothing else brings a session
// back that has signed out inside the chat (D13).
type resumeRequest struct {
	Confirm bool `json:"confirm"`
}

// resumeAnswer is a login for the frame to post.
type resumeAnswer struct {
	LoginToken string `json:"loginToken"`
	UserID     string `json:"userId"`
	Name       string `json:"name,omitempty"`
}

const resultResumed = "resumed"

// resume gives the frame the login token of a session that is signed in. The frame shows only after Rocket.Chat did
// without a token or refused one, so a token that was given before is verified first (R10).
func (c *connector) resume(g *gin.Context) error {
	answer, err := c.giveAgain(g)
	if err != nil {
		return c.refuse(err)
	}
	c.env.Metrics.Token(c.env.Name, resultResumed)
	g.Header("Cache-Control", "no-store")
	g.JSON(http.StatusOK, answer)
	return nil
}

func (c *connector) giveAgain(g *gin.Context) (resumeAnswer, error) {
	ctx := g.Request.Context()
	who, err := c.callers.Find(g)
	if err != nil {
		return resumeAnswer{}, err
	}
	request, err := readResume(g.Request.Body)
	if err != nil {
		return resumeAnswer{}, problem.InvalidRequest("The body must be {} or {\"confirm\": true}.", err)
	}
	if err := c.enter(ctx, who); err != nil {
		return resumeAnswer{}, err
	}
	resumed := c.byItself
	if request.Confirm {
		resumed = c.confirmed
	}
	i, err := resumed(ctx, who)
	if err != nil {
		return resumeAnswer{}, err
	}
	return answerOf(i, who), nil
}

func answerOf(i issued, who chat.Caller) resumeAnswer {
	return resumeAnswer{LoginToken: i.Token.Reveal(), UserID: i.UserID, Name: chat.DisplayName(who.Session)}
}

// handOver is what a frame gets for a sign-in that was finished in another window. Whoever has just signed in wants to
// come in, so it counts as a press of Continue: a mark and a hold end with it (B-16).
func (c *connector) handOver(ctx context.Context, who chat.Caller) (any, error) {
	if err := c.enter(ctx, who); err != nil {
		return nil, err
	}
	i, err := c.confirmed(ctx, who)
	if err != nil {
		return nil, err
	}
	return answerOf(i, who), nil
}

// readResume takes one small JSON object with no keys but its own.
func readResume(body io.Reader) (resumeRequest, error) {
	var request resumeRequest
	text, err := io.ReadAll(io.LimitReader(body, maxResumeBody+1))
	if err != nil {
		return request, fmt.Errorf("read body: %w", err)
	}
	if len(text) > maxResumeBody {
		return request, errors.New("body too large")
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil || keys == nil {
		return request, errors.New("body is no JSON object")
	}
	for key := range keys {
		if key != "confirm" {
			return request, errors.New("body has a key of its own")
		}
	}
	return request, json.Unmarshal(text, &request)
}

// byItself is a resume that nobody pressed a button for. It stops at whatever speaks against it (D13, R16).
func (c *connector) byItself(ctx context.Context, who chat.Caller) (issued, error) {
	s := who.Session
	if err := c.mayResume(s); err != nil {
		return issued{}, err
	}
	if err := c.env.Allow(ctx, c.env.Rules.ResumeSession, s.Key, who); err != nil {
		return issued{}, err
	}
	justNow := c.given.Allow(s.Key) != nil
	i, ok := issuedTo(s)
	if !ok {
		return c.mint(ctx, who, "")
	}
	state, err := c.workspace.verify(ctx, i.owner())
	switch state {
	case refused:
		return c.gone(ctx, who, i)
	case deactivated:
		return issued{}, c.accounts.refuse(ctx, audit.Deactivated, s.Identity, i.UserID, problem.AccountDeactivated(c.env.Title, nil))
	case unknown:
		return issued{}, fmt.Errorf("%w: %w", tokenUnverified(), err)
	}
	if justNow || c.env.Now().Before(i.made().Add(givenFor)) {
		return issued{}, justGiven()
	}
	return i, nil
}

// confirmed is a resume after a press of Continue: it clears the mark of a sign-out and any hold, and renews a token
// that Rocket.Chat does not take. Where it does not say, the person's word is enough (D12).
func (c *connector) confirmed(ctx context.Context, who chat.Caller) (issued, error) {
	s := who.Session
	if s.Chat.StayOut || s.Chat.Held(c.env.Now()) {
		if err := c.env.Sessions.ComeBack(ctx, s, c.env.Name); err != nil {
			return issued{}, err
		}
	}
	i, ok := issuedTo(s)
	if !ok {
		return c.mint(ctx, who, "")
	}
	state, _ := c.workspace.verify(ctx, i.owner())
	switch state {
	case refused:
		return c.renew(ctx, who, i)
	case deactivated:
		return issued{}, c.accounts.refuse(ctx, audit.Deactivated, s.Identity, i.UserID, problem.AccountDeactivated(c.env.Title, nil))
	}
	return i, nil
}

// gone decides what a refused token means (D12): past Rocket.Chat's own expiry nothing but that; before it, the person
// signed out inside the chat, and the policy says what follows.
func (c *connector) gone(ctx context.Context, who chat.Caller, i issued) (issued, error) {
	s := who.Session
	now, err := c.env.Sessions.ByKey(ctx, s.Key, c.env.Name)
	if err != nil {
		return issued{}, err
	}
	if newer, ok := issuedTo(now); ok && newer.Token != i.Token {
		return newer, nil // another tab has been through this already
	}
	traits, err := c.workspace.reread(ctx) // the life of tokens may have been shortened
	if err != nil {
		return issued{}, err
	}
	expired := !c.env.Now().Before(i.made().Add(traits.loginLife))
	if expired || c.cfg.OnChatSignOut == Resume {
		return c.renew(ctx, who, i)
	}
	if err := c.env.Ledger.Forget(ctx, c.entry(s, i, traits.loginLife)); err != nil {
		return issued{}, err
	}
	c.recordSignOut(ctx, s)
	if c.cfg.OnChatSignOut == Global {
		if err := c.env.Sessions.EndElsewhere(ctx, s); err != nil {
			return issued{}, err
		}
		return issued{}, problem.SignedOutEverywhere(c.env.Title, errStayedOut)
	}
	if err := c.env.Sessions.StayOut(ctx, s, c.env.Name); err != nil {
		return issued{}, err
	}
	return issued{}, problem.SignedOutOfChat(c.env.Title, errStayedOut)
}

func (c *connector) recordSignOut(ctx context.Context, s session.Session) {
	act := audit.ChatTokenRefused
	if c.cfg.OnChatSignOut == Global {
		act = audit.SignedOut
	}
	c.env.Record(ctx, chat.Caller{Session: s}, audit.Event{Act: act, Reason: audit.StayedOut})
}

// renew puts a new token in the place of one that Rocket.Chat does not take any more: once, and never the same again
// (R11, S89).
func (c *connector) renew(ctx context.Context, who chat.Caller, stale issued) (issued, error) {
	fresh, err := c.mint(ctx, who, stale.Token)
	if err != nil {
		// The API would go on giving the stale one, call after call.
		return issued{}, errors.Join(err, c.env.Sessions.DropToken(ctx, who.Session, c.env.Name))
	}
	return fresh, c.env.Ledger.Forget(ctx, c.entry(who.Session, stale, 0))
}
