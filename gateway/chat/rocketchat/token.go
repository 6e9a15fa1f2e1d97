package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/chat"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

const (
	// mintTime bounds all calls that making one login token takes, account included.
	mintTime = 20 * time.Second
	// mintHold outlives mintTime, so that a lock runs out only under a replica that died.
	mintHold = 25 * time.Second
	// margin is how long before Rocket.Chat forgets a token we stop handing it out.
	margin = time.Hour
)

// issued is the connector's record in a session: its login token at this workspace.
type issued struct {
	UserID string
	Token  store.Secret
	Made   int64 // Unix seconds
}

func (i issued) made() time.Time { return time.Unix(i.Made, 0) }

func (i issued) owner() credentials { return credentials{userID: i.UserID, token: i.Token} }

// record is what the session keeps: one string of three words, because it is read at every page load of every client.
func (i issued) record() (json.RawMessage, error) {
	return json.Marshal(i.UserID + " " + i.Token.Reveal() + " " + strconv.FormatInt(i.Made, 10))
}

// issuedTo is the session's record, or false. One that does not decode is a newer version's, or none.
func issuedTo(s session.Session) (i issued, ok bool) {
	text, err := strconv.Unquote(string(s.Chat.Token))
	if err != nil {
		return issued{}, false
	}
	userID, rest, _ := strings.Cut(text, " ")
	token, made, _ := strings.Cut(rest, " ")
	i = issued{UserID: userID, Token: store.Secret(token)}
	i.Made, err = strconv.ParseInt(made, 10, 64)
	return i, err == nil && userID != "" && token != ""
}

// tokenAnswer is what Rocket.Chat's client reads. There is no key "token", which would start another login (R4, D9).
type tokenAnswer struct {
	LoginToken string `json:"loginToken"`
	UserID     string `json:"userId"`
}

// token answers Rocket.Chat's client. Its origin has been judged; a body is never looked at (R1, S78).
func (c *connector) token(g *gin.Context) error {
	i, result, err := c.give(g)
	if err != nil {
		return c.refuse(err)
	}
	c.env.Metrics.Token(c.env.Name, result)
	g.JSON(http.StatusOK, tokenAnswer{LoginToken: i.Token.Reveal(), UserID: i.UserID})
	return nil
}

// Results of token calls beside the codes of problems.
const (
	resultCached = "cached"
	resultMinted = "minted"
)

// give takes the steps in the order that costs and tells least: session, rules, hold and mark, and only then a token
// (B-03, B-16).
func (c *connector) give(g *gin.Context) (i issued, result string, err error) {
	ctx := g.Request.Context()
	who, err := c.callers.Find(g)
	if err != nil {
		return issued{}, "", err
	}
	if err := c.enter(ctx, who); err != nil {
		return issued{}, "", err
	}
	s := who.Session
	if err := c.mayResume(s); err != nil {
		return issued{}, "", err
	}
	if i, ok := issuedTo(s); ok {
		c.given.Count(s.Key) // only remembers: a call that repeats is no less welcome here
		return i, resultCached, nil
	}
	i, err = c.mint(ctx, who, "")
	return i, resultMinted, err
}

// enter asks the access rules about a caller.
func (c *connector) enter(ctx context.Context, who chat.Caller) error {
	err := c.env.Enter(ctx, &c.cfg.Access, who)
	if err != nil {
		c.leavers.leftOut(ctx, who.Session)
	}
	return err
}

// mayResume keeps the API silent while a frame completes a sign-in, and after a sign-out inside the chat (R12, B-16).
func (c *connector) mayResume(s session.Session) error {
	switch {
	case s.Chat.Held(c.env.Now()):
		return held()
	case s.Chat.StayOut:
		return problem.SignedOutOfChat(c.env.Title, errStayedOut)
	}
	return nil
}

// mint makes the session's login token, once for any number of callers on any replica (R7, R29, S88). A token that
// Rocket.Chat does not take any more is given as stale, else stale is empty. The work does not end with the caller
// that happened to start it, because others wait for it.
func (c *connector) mint(ctx context.Context, who chat.Caller, stale store.Secret) (issued, error) {
	made, err, _ := c.flights.Do(who.Session.Key+" "+stale.Reveal(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mintTime)
		defer cancel()
		var i issued
		err := c.locks.Do(ctx, who.Session.Key, mintHold, func(ctx context.Context) (err error) {
			i, err = c.mintLocked(ctx, who, stale)
			return err
		})
		return i, err
	})
	return made.(issued), err
}

// mintLocked looks again first: while this call waited, another may have minted, the session may have ended, or the
// provider may have said something else of the person.
func (c *connector) mintLocked(ctx context.Context, who chat.Caller, stale store.Secret) (issued, error) {
	s, err := c.env.Sessions.ByKey(ctx, who.Session.Key, c.env.Name)
	if err != nil {
		return issued{}, c.env.Sessions.Problem(err)
	}
	who.Session = s
	if err := c.enter(ctx, who); err != nil {
		return issued{}, err
	}
	if i, ok := issuedTo(s); ok && i.Token != stale {
		return i, nil
	}
	if err := c.mayResume(s); err != nil {
		return issued{}, err
	}
	if err := c.env.Allow(ctx, c.env.Rules.MintSession, s.Key, chat.Caller{Session: s}); err != nil {
		return issued{}, err
	}
	return c.make(ctx, who)
}

// make has a login token made, and looks a last time before anybody is given it.
func (c *connector) make(ctx context.Context, who chat.Caller) (issued, error) {
	s := who.Session
	account, err := c.accounts.of(ctx, s.Identity)
	if err != nil {
		return issued{}, err
	}
	traits, err := c.workspace.traits(ctx)
	if err != nil {
		return issued{}, err
	}
	token, err := c.loginToken(ctx, traits.version, s.Identity, account, who.Address)
	if err != nil {
		return issued{}, err
	}
	i := issued{UserID: account.ID, Token: token, Made: c.env.Now().Unix()}
	if err := c.keep(ctx, s, i, traits.loginLife); err != nil {
		return issued{}, err
	}
	now, err := c.stillIn(ctx, who, c.entry(s, i, traits.loginLife))
	if err != nil {
		return issued{}, err
	}
	c.leavers.letIn(ctx, now)
	c.profiles.notice(ctx, now, account.ID)
	return i, nil
}

// stillIn is the session for which a token is in the ledger, as it is now, or why its person may not have the token. A
// re-check that was through before the token was kept found nothing to take back, and this call took as long as Rocket.Chat
// did; one that comes later finds the token (S54, D21). A session that ended meanwhile has taken the token with it.
func (c *connector) stillIn(ctx context.Context, who chat.Caller, e outbox.Entry) (session.Session, error) {
	now, err := c.env.Sessions.Latest(ctx, e.Session, c.env.Name)
	if err != nil {
		return session.Session{}, c.env.Sessions.Problem(err)
	}
	who.Session = now
	if err := c.enter(ctx, who); err != nil {
		return session.Session{}, errors.Join(err, c.env.Ledger.Revoke(ctx, e), c.env.Sessions.DropToken(ctx, now, c.env.Name))
	}
	return now, nil
}

// loginToken has a login token of an account made, in the way that the workspace allows.
func (c *connector) loginToken(ctx context.Context, v version, id oidc.Identity, a account, address string) (store.Secret, error) {
	if c.cfg.API.Tokens == CreateToken {
		return c.workspace.createToken(ctx, v, a.ID)
	}
	return c.accounts.login(ctx, id, a, address)
}

// keep enters a new token into the ledger, then into the session. From the first step on every sign-out finds it, and an
// operator who takes the account away; when either came before, it is revoked at once (D8, D11, D21).
func (c *connector) keep(ctx context.Context, s session.Session, i issued, life time.Duration) error {
	e := c.entry(s, i, life)
	if err := c.env.Ledger.Record(ctx, e); err != nil {
		return errors.Join(fmt.Errorf("enter login token: %w", err), c.workspace.revoke(ctx, i.owner()))
	}
	if err := c.stillTheirs(ctx, s.Identity, i.UserID); err != nil {
		return errors.Join(err, c.env.Ledger.Revoke(ctx, e))
	}
	record, err := i.record()
	if err != nil {
		return fmt.Errorf("encode login token: %w", err)
	}
	err = c.env.Sessions.PutToken(ctx, s, c.env.Name, record, e.Expires.Add(-margin))
	if err != nil {
		return errors.Join(err, c.env.Ledger.Revoke(ctx, e))
	}
	c.env.Record(ctx, chat.Caller{Session: s}, audit.Event{Act: audit.LoginTokenMinted})
	return nil
}

// stillTheirs is errRelinked when an operator has taken the account from the person.
func (c *connector) stillTheirs(ctx context.Context, id oidc.Identity, userID string) error {
	theirs, err := c.accounts.links.has(ctx, id.Provider, id.Subject, userID)
	if err == nil && !theirs {
		err = errRelinked
	}
	return err
}

func (c *connector) entry(s session.Session, i issued, life time.Duration) outbox.Entry {
	return outbox.Entry{
		Provider: s.Identity.Provider, Subject: s.Identity.Subject, Chat: c.env.Name,
		Session: s.Key, SID: s.Identity.SID, UserID: i.UserID, Token: i.Token,
		Expires: i.made().Add(life), End: s.Ends, Keep: c.cfg.OnExpiry == Keep,
	}
}
