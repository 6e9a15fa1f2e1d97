package issuer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/keyring"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/store"
)

// Config says what an Issuer is made of; everything but Provider and Now is required.
type Config struct {
	// Issuer is what ID tokens and the discovery document name, byte for byte (G6).
	Issuer string
	// BaseURL is the gateway's public origin, without a final slash.
	BaseURL string
	// Site is the chat's name: its place below BaseURL, in the store and in audit lines. Title is what people call it.
	Site, Title string
	// Client is the only one that this issuer serves.
	Client Client
	// Provider is where people are sent to sign in, by its key; empty lets them choose where there are several. A page to
	// choose on would cut a sign-in window's tie to the page that opened it, which waits there for its end.
	Provider string
	// Claims says what tokens tell of whoever is signed in: an object with a sub at least. It asks the access rules,
	// each time something is given, so that a rule that changes reaches sessions that live (S54). Its errors are worded
	// for the person. Address is the caller's.
	Claims func(ctx context.Context, s session.Session, address string) (any, error)
	// Keys sign the ID tokens, and are this site's alone (G5).
	Keys *keyring.Set

	Sessions *session.Manager
	Store    *store.Store
	Limits   *limit.Limiter
	Rules    limit.Rules
	Audit    *audit.Log
	Problems *problem.Renderer
	Log      *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Client is the site's product as a client.
type Client struct {
	ID     string
	Secret store.Secret
	// RedirectURIs are where a sign-in may end, compared byte by byte (G23). None of them has a fragment.
	RedirectURIs []string
}

// Issuer serves one site. It is safe for concurrent use.
type Issuer struct {
	cfg       Config
	discovery keyring.Document
	codes     store.Bucket[grant]
	access    store.Bucket[access]
	kept      store.Bucket[string]
}

// New checks the configuration. It dials nothing.
func New(cfg Config) (*Issuer, error) {
	switch {
	case cfg.Issuer == "" || cfg.BaseURL == "" || cfg.Site == "":
		return nil, errors.New("issuer: an issuer, a base URL and a site are needed")
	case cfg.Client.ID == "" || cfg.Client.Secret == "" || len(cfg.Client.RedirectURIs) == 0:
		return nil, errors.New("issuer: a client with id, secret and redirect URIs is needed")
	case cfg.Claims == nil || cfg.Keys == nil || cfg.Sessions == nil || cfg.Store == nil || cfg.Limits == nil ||
		cfg.Audit == nil || cfg.Problems == nil || cfg.Log == nil:
		return nil, errors.New("issuer: claims, keys, sessions, store, limits, audit, problems and log are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	i := &Issuer{
		cfg:    cfg,
		codes:  store.NewBucket[grant](cfg.Store.Passing("code").In(cfg.Site)),
		access: store.NewBucket[access](cfg.Store.Passing("access").In(cfg.Site)),
		kept:   store.NewBucket[string](cfg.Store.Passing("authorize").In(cfg.Site)),
	}
	var err error
	i.discovery, err = i.describe()
	return i, err
}

// Paths of the endpoints below the site's.
const (
	discoveryPath = "/.well-known/openid-configuration"
	authorizePath = "/oauth/authorize"
	tokenPath     = "/oauth/token"
	userinfoPath  = "/oauth/userinfo"
)

// Mount adds the routes; r is rooted at /<site>.
func (i *Issuer) Mount(r gin.IRouter) {
	r.GET(discoveryPath, i.serveDiscovery)
	r.HEAD(discoveryPath, i.serveDiscovery)
	r.GET(authorizePath, i.cfg.Problems.Page(i.authorize))
	r.POST(tokenPath, i.token)
	r.GET(userinfoPath, i.userinfo)
	r.POST(userinfoPath, i.userinfo)
}

// url is the public address of one of the site's paths.
func (i *Issuer) url(path string) string { return i.cfg.BaseURL + "/" + i.cfg.Site + path }

// record writes an audit line; s is the session concerned, or its zero value.
func (i *Issuer) record(ctx context.Context, s session.Session, address string, event audit.Event) {
	event.Provider, event.Subject, event.Session = s.Identity.Provider, s.Identity.Subject, s.Label()
	event.Chat, event.Address = i.cfg.Site, address
	i.cfg.Audit.Record(ctx, event)
}

// allow counts a call. The first of a window that is refused is audited, the others are not.
func (i *Issuer) allow(ctx context.Context, rule limit.Rule, key string, s session.Session, address string) error {
	err := i.cfg.Limits.Allow(ctx, rule, key)
	if exceeded, ok := errors.AsType[*limit.Exceeded](err); ok && exceeded.First {
		i.record(ctx, s, address, audit.Event{Act: audit.LimitExceeded, Reason: audit.Reason(exceeded.Rule)})
	}
	return told(err)
}

// countRefused counts what is refused at an address, and nothing else. Behind the product's one address stand all who sign
// in there, and a stranger makes it bring what they like: whoever brings something good must be let through whatever else
// comes from there (S125). To guess 256 bits no limit is needed.
func (i *Issuer) countRefused(ctx context.Context, address string) error {
	return i.allow(ctx, i.cfg.Rules.CodeAddress, limit.AddressText(address), session.Session{}, address)
}

// told words an error for the client. One that is worded already stays as it is, and so does one without words, which is
// told as a mistake of ours.
func told(err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	exceeded, limited := errors.AsType[*limit.Exceeded](err)
	switch {
	case limited:
		return problem.TooManyRequests(exceeded.RetryAfter, err)
	case errors.Is(err, keyring.ErrNotLoaded):
		return problem.KeysNotLoaded(err)
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrUnknownKey): // S67, D23
		return problem.StoreUnavailable(err)
	}
	return err
}

// passing says whether an error goes away by itself, as one of the store does, and what was asked for may be asked again.
func passing(err error) (*problem.Error, bool) {
	known, ok := errors.AsType[*problem.Error](told(err))
	return known, ok && (known.Status >= http.StatusInternalServerError || known.Status == http.StatusTooManyRequests)
}

// lapsed says whether the site has a word against the person, who had none when the code was issued.
func lapsed(err error) bool {
	_, worded := errors.AsType[*problem.Error](err)
	_, passes := passing(err)
	return worded && !passes
}
