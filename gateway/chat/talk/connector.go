package talk

import (
	"cmp"
	"errors"
	"slices"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/issuer"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/problem"
	"chatgate/store"
)

// connector serves one site.
type connector struct {
	cfg    Config
	env    chat.Env
	signer signer
	claims shape
	// settings is what of the section decides on tokens.
	settings string
	// owners says which session a token was signed for, by the token's jti and for as long as the token lives.
	owners  store.Bucket[owner]
	callers *chat.Callers
	asked   *limit.Local
	// people says whose a user id is, for servers that may ask for tokens by it.
	people   store.Bucket[person]
	aliases  *aliases
	register *names
	names    *names // the register where names are unique, else nil
	frame    *chat.FramePage
	admin    *adminPage // nil where the link is not offered
	handOffs *chat.HandOffRoutes
	login    *issuer.Issuer // nil where the product has no login of its own here
}

var (
	_ chat.Connector    = (*connector)(nil)
	_ chat.SessionEnder = (*connector)(nil)
	_ chat.SessionMover = (*connector)(nil)
	_ chat.Lingerer     = (*connector)(nil)
)

// defaultAudience is Talk 4's own default of TALK_JWT_AUDIENCE.
const defaultAudience = "talk"

// Open builds the connector of one site.
func (c *Config) Open(env chat.Env) (chat.Connector, error) {
	cfg := *c
	cfg.Issuer = cmp.Or(cfg.Issuer, env.BaseURL+"/"+env.Name)
	if cfg.Profile == Talk4 {
		cfg.Audience = cmp.Or(cfg.Audience, defaultAudience)
	}
	if !chat.Origin(cfg.Issuer).Secure(env.Development) {
		return nil, errors.New("issuer: must be https; http is for loopback with development: true")
	}
	signer, err := newSigner(&cfg, env)
	if err != nil {
		return nil, err
	}
	callers, err := chat.NewCallers(env)
	if err != nil {
		return nil, err
	}
	cfg.advise(env.Log)
	k := &connector{
		cfg: cfg, env: env, signer: signer, claims: cfg.shape(env.BaseURL + "/"),
		owners:  store.NewBucket[owner](env.Store.Passing("talk").In(env.Name)),
		people:  store.NewBucket[person](env.Store.Passing("talkperson").In(env.Name)),
		callers: callers, aliases: newAliases(env), register: newNames(&cfg, env),
	}
	if cfg.UniqueNames {
		k.names = k.register
	}
	if k.asked, err = limit.NewLocal(askedRule, env.Now); err != nil {
		return nil, err
	}
	if k.settings, err = cfg.settings(env.BaseURL + "/"); err != nil {
		return nil, err
	}
	if k.frame, err = chat.NewFramePage(env, k.Access(), webFiles, frameScript); err != nil {
		return nil, err
	}
	if cfg.AdminLink {
		if k.admin, err = newAdminPage(env.Pages); err != nil {
			return nil, err
		}
	}
	told := func(err error) error { return err } // handOver's errors are told already
	if k.handOffs, err = chat.NewHandOffRoutes(chat.HandOffConfig{Env: env, Access: k.Access(), Give: k.handOver, Told: told}); err != nil {
		return nil, err
	}
	if k.login, err = k.newLogin(); err != nil {
		return nil, err
	}
	env.Outbox.Handle(outbox.KindRevoke, env.Name, k.revoke) // under any profile: it may have been another one yesterday
	return k, nil
}

// Lingers says whether a token that a page holds is good until it expires, whatever is signed out (D20).
func (c *connector) Lingers() bool { return !c.cfg.revocable() }

// Access gives three rights (D29): a sign-in may end at the site and at every page that embeds it, every such page may
// frame ours, and those with the token right may read tokens. The site itself never asks for one.
func (c *connector) Access() chat.Access {
	a := c.cfg.EmbedOrigins.Access()
	a.Return = slices.Concat([]chat.Origin{c.cfg.URL}, a.Return)
	return a
}

// Mount adds the routes. A site without signing keys publishes none.
func (c *connector) Mount(r gin.IRouter) {
	api, guard := c.env.Problems.API, chat.TokenGuard(c.Access().Token, c.env.Problems)

	r.GET("/token", guard, api(c.token))
	r.POST("/token", guard, api(c.token))
	r.OPTIONS("/token", guard)

	r.GET("/frame", c.frame.Handler(c.showFrame))
	r.POST("/resume", chat.OwnGuard(c.env.BaseURL, c.env.Problems), api(c.resume))
	c.handOffs.Mount(r)

	r.GET("/user", api(c.user))
	if len(c.cfg.IssueClients) > 0 {
		r.POST("/issue", api(c.issue))
	}

	if c.admin != nil {
		c.mountAdmin(r)
	}
	if c.login != nil {
		c.login.Mount(r)
	}
	if c.published() {
		for _, path := range []string{"/.well-known/jwks.json", "/jwks.json"} {
			r.GET(path, api(c.jwks))
			r.HEAD(path, api(c.jwks))
		}
	}
}

func (c *connector) published() bool {
	_, wanted := c.cfg.SigningKeys()
	return wanted
}

// jwks publishes the keys of this site and of no other (G5, D16). Until they are loaded it answers 503, never with a
// key of this replica's own (D26).
func (c *connector) jwks(g *gin.Context) error {
	document, err := c.env.Keys.JWKS()
	if err != nil {
		return problem.KeysNotLoaded(err)
	}
	keyring.Serve(g.Writer, g.Request, document)
	return nil
}
