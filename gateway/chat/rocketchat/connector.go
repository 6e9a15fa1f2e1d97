package rocketchat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"chatgate/gateway/chat"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/session"
	"chatgate/store"
)

// connector serves one workspace.
type connector struct {
	cfg       Config
	env       chat.Env
	access    chat.Access
	workspace *workspace
	accounts  *accounts
	profiles  *profiles
	leavers   *leavers
	frame     *chat.FramePage
	handOffs  *chat.HandOffRoutes

	flights singleflight.Group
	locks   store.Locks
	callers *chat.Callers
	// given remembers, for a moment and in this process, the sessions that were handed their login token.
	given *limit.Local
}

var (
	_ chat.Connector    = (*connector)(nil)
	_ chat.SessionEnder = (*connector)(nil)
	_ chat.SessionMover = (*connector)(nil)
	_ chat.Rechecker    = (*connector)(nil)
	_ chat.Excluder     = (*connector)(nil)
	_ chat.Archivist    = (*connector)(nil)
	_ chat.Checker      = (*connector)(nil)
)

// Open builds the connector. It dials nothing.
func (c *Config) Open(env chat.Env) (chat.Connector, error) {
	var problems []error
	c.Check(func(key, problem string) { problems = append(problems, fmt.Errorf("%s: %s", key, problem)) })
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	k := &connector{cfg: c.complete(), env: env, access: c.access(), locks: store.NewLocks(env.Store.Passing("lock").In(env.Name))}
	k.workspace = &workspace{
		client: newClient(k.cfg.API, env), self: credentials{userID: k.cfg.API.UserID, token: k.cfg.API.Token},
		secret: k.cfg.API.CreateTokenSecret, log: env.Log, now: env.Now,
	}
	k.openAccounts()
	var err error
	if k.callers, err = chat.NewCallers(env); err != nil {
		return nil, err
	}
	if k.given, err = limit.NewLocal(limit.Rule{Name: "given", Max: 1, Per: givenFor}, env.Now); err != nil {
		return nil, err
	}
	if k.frame, err = chat.NewFramePage(env, k.access, webFiles, frameScript); err != nil {
		return nil, err
	}
	if k.handOffs, err = chat.NewHandOffRoutes(chat.HandOffConfig{Env: env, Access: k.access, Give: k.handOver, Told: k.refuse}); err != nil {
		return nil, err
	}
	k.accounts.forget = k.forget
	env.Outbox.Handle(outbox.KindRevoke, env.Name, worker("revoke login token", k.revoke))
	env.Outbox.Handle(kindSync, env.Name, worker("carry profile over", k.profiles.sync))
	env.Outbox.Handle(kindDeactivate, env.Name, worker("deactivate account", k.leavers.deactivate))
	return k, nil
}

func (c *connector) openAccounts() {
	env, cfg := c.env, c.cfg.Accounts
	links := NewLinks(env.Store, env.Names, env.Name)
	c.accounts = &accounts{
		chat: env.Name, title: env.Title, cfg: cfg, workspace: c.workspace, audit: env.Audit, links: links,
		passwords: &passwords{
			key: c.cfg.API.PasswordKey, links: links,
			seeds: store.NewBucket[seeded](env.Store.Durable("accountseed").In(env.Name)),
		},
		locks: store.NewLocks(env.Store.Passing("accountlock").In(env.Name)),
		begun: store.NewBucket[begun](env.Store.Durable("accountbegun").In(env.Name)),
	}
	c.profiles = &profiles{
		chat: env.Name, cfg: cfg, workspace: c.workspace, links: links,
		records:  store.NewBucket[profile](env.Store.Durable("profile").In(env.Name)),
		reported: store.NewBucket[struct{}](env.Store.Passing("profilereported").In(env.Name)),
		outbox:   env.Outbox, audit: env.Audit, log: env.Log, now: env.Now,
	}
	c.leavers = &leavers{
		chat: env.Name, policy: cfg.Deactivate, rules: &c.cfg.Access, workspace: c.workspace, links: links,
		standings: store.NewBucket[standing](env.Store.Durable("standing").In(env.Name)),
		outbox:    env.Outbox, limits: env.Limits, audit: env.Audit, log: env.Log,
	}
}

// givenFor is how long after it was handed out a login token counts as just given (D13).
const givenFor = 15 * time.Second

// Access is fixed when the connector is opened.
func (c *connector) Access() chat.Access { return c.access }

// Mount adds the routes: the API that Rocket.Chat's client asks, the page it frames, and what that page asks.
func (c *connector) Mount(r gin.IRouter) {
	guard := chat.TokenGuard(c.access.Token, c.env.Problems)
	token := c.env.Problems.JSON(c.token)
	r.OPTIONS("/token", guard)
	r.GET("/token", guard, token)
	r.POST("/token", guard, token)

	r.GET("/frame", c.frame.Handler(c.showFrame))
	r.POST("/resume", chat.OwnGuard(c.env.BaseURL, c.env.Problems), c.env.Problems.API(c.resume))
	c.handOffs.Mount(r)
}

// EndSession has the login tokens of a session revoked (R13).
func (c *connector) EndSession(ctx context.Context, s session.Session) error {
	return c.env.Ledger.RevokeSession(ctx, s.Identity.Provider, s.Identity.Subject, s.Key, c.env.Name)
}

// Exclude has the account switched off of somebody whom the rules let in no more, where the configuration says so.
func (c *connector) Exclude(ctx context.Context, s session.Session) error {
	return c.leavers.exclude(ctx, s)
}

// RecheckSession follows what the provider, asked again, says of a person who may still enter: with a group goes what it
// gave, without a new sign-in (S54).
func (c *connector) RecheckSession(ctx context.Context, former, now session.Session) error {
	c.leavers.letIn(ctx, now)
	return c.profiles.recheck(ctx, former, now)
}

// MoveSession gives the login token of a session to its successor in the same browser (D11).
func (c *connector) MoveSession(ctx context.Context, from, to session.Session) error {
	return c.env.Ledger.Move(ctx, from.Identity.Provider, from.Identity.Subject, from.Key,
		outbox.Holder{Session: to.Key, SID: to.Identity.SID, End: func(chat string) time.Time { return c.env.Sessions.EndsFor(to, chat) }})
}
