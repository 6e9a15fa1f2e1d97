package chat

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/audit"
	"chatgate/gateway/decision"
	"chatgate/gateway/handoff"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

// HandOffConfig says what HandOffRoutes work with.
type HandOffConfig struct {
	// Env is the connector's.
	Env Env
	// Access are the connector's lists; the chat's own origin comes first in each.
	Access Access
	// Give returns what the frame is handed, as a JSON object, for a session that a person has just signed in with: it
	// clears whatever kept the session out of the chat. It is called before the hand-off is taken, perhaps more than once,
	// and by several callers at a time: one that comes soon after another gets the same, so that asking again makes nothing
	// more, and what those of the very same moment get is equally good. Its error leaves the hand-off as it is (D28).
	Give func(ctx context.Context, who Caller) (answer any, err error)
	// Told words an error of Give for the frame, and counts it.
	Told func(err error) error
}

// HandOffRoutes are the two by which a connector's frame gets a sign-in that was finished in another window (B-07 to
// B-16): POST /<chat>/handoff and POST /<chat>/handoff/redeem.
type HandOffRoutes struct {
	cfg                         HandOffConfig
	env                         Env
	offers, redeems, perHandOff *limit.Local
}

// redeemRule is how often one frame may ask for its sign-in (B-10): it asks once a second, and when it comes into view.
var redeemRule = limit.Rule{Name: "redeem_handoff", Max: 2, Per: time.Second}

// NewHandOffRoutes prepares the limits, which each replica counts by itself.
func NewHandOffRoutes(cfg HandOffConfig) (*HandOffRoutes, error) {
	env := cfg.Env
	offers, errOffers := limit.NewLocal(env.Rules.HandOffAddress, env.Now)
	redeems, errRedeems := limit.NewLocal(env.Rules.RedeemAddress, env.Now)
	perHandOff, err := limit.NewLocal(redeemRule, env.Now)
	return &HandOffRoutes{cfg: cfg, env: env, offers: offers, redeems: redeems, perHandOff: perHandOff}, errors.Join(errOffers, errRedeems, err)
}

// Mount adds the routes; r is rooted at /<name>.
func (h *HandOffRoutes) Mount(r gin.IRouter) {
	own := OwnGuard(h.env.BaseURL, h.env.Problems)
	r.POST("/handoff", own, h.env.Problems.API(h.offer))
	r.POST("/handoff/redeem", own, h.env.Problems.API(h.redeem))
}

// offerRequest says where the frame is shown. Each is an origin, or empty.
type offerRequest struct {
	Embedder string `json:"embedder"` // the page that embeds the chat and frames ours itself
	Top      string `json:"top"`      // the page in the address bar, as far as the browser tells
}

type offerAnswer struct {
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	ExpiresIn int    `json:"expiresIn"` // seconds
}

// offer makes a hand-off. It writes nothing, so that everybody who only looks at a login page costs nothing (D28).
func (h *HandOffRoutes) offer(g *gin.Context) error {
	if err := h.offers.Allow(limit.AddressText(g.ClientIP())); err != nil {
		return Told(err)
	}
	var request offerRequest
	if err := ReadObject(g.Request.Body, &request); err != nil {
		return problem.InvalidRequest("The body must be a JSON object with embedder and top.", err)
	}
	if request.Embedder != "" && !slices.Contains(h.cfg.Access.Token, Origin(request.Embedder)) {
		return problem.OriginNotAllowed(decision.Because(
			decision.EmbedderUnlisted, errors.New("hand-off for an embedder without the right to tokens"), "embedder", request.Embedder))
	}
	made, err := h.env.HandOffs.Offer(h.env.Name, h.returnURL(request))
	if err != nil {
		return err
	}
	g.Header("Cache-Control", "no-store")
	g.JSON(http.StatusOK, offerAnswer{ID: made.ID, Secret: made.Secret.Reveal(), ExpiresIn: int(made.Life.Seconds())})
	return nil
}

// returnURL is where a login in the same window ends: at the front page of whom the frame names, when that is one of the
// configured origins, letter for letter; else at the chat's (B-28).
func (h *HandOffRoutes) returnURL(request offerRequest) string {
	for _, named := range []string{request.Top, request.Embedder} {
		if slices.Contains(h.cfg.Access.Return, Origin(named)) {
			return named + "/"
		}
	}
	return string(h.cfg.Access.Return[0]) + "/"
}

type redeemRequest struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// pendingAnswer asks the frame to come again. Failed is the code of the problem that the last login ended with.
type pendingAnswer struct {
	Status string `json:"status"`
	Failed string `json:"failed,omitempty"`
}

const resultHandedOff = "handed_off"

// redeem tells a frame that its login is not finished (202), or hands it over, once.
func (h *HandOffRoutes) redeem(g *gin.Context) error {
	ctx := g.Request.Context()
	address := g.ClientIP()
	if err := h.redeems.Allow(limit.AddressText(address)); err != nil {
		return Told(err)
	}
	var request redeemRequest
	if err := ReadObject(g.Request.Body, &request); err != nil {
		return problem.InvalidRequest("The body must be a JSON object with id and secret.", err)
	}
	state, err := h.look(ctx, request, address)
	if err != nil {
		return err
	}
	g.Header("Cache-Control", "no-store")
	if state.Session == "" {
		return pending(g, state.Failed)
	}
	s, err := h.env.Sessions.Latest(ctx, state.Session, h.env.Name)
	if errors.Is(err, session.ErrNone) {
		return problem.HandOffOver(err) // signed out again meanwhile
	}
	if err != nil {
		return h.env.Sessions.Problem(err)
	}
	return h.handOver(g, state, Caller{Session: s, Address: address})
}

// pending asks the frame to come again.
func pending(g *gin.Context, failed string) error {
	g.JSON(http.StatusAccepted, pendingAnswer{Status: "pending", Failed: failed})
	return nil
}

// look finds the hand-off and counts the call against it.
func (h *HandOffRoutes) look(ctx context.Context, request redeemRequest, address string) (handoff.State, error) {
	state, err := h.env.HandOffs.Look(ctx, h.env.Name, request.ID, request.Secret)
	switch {
	case errors.Is(err, handoff.ErrOver):
		if errors.Is(err, handoff.ErrWrongSecret) {
			h.env.Record(ctx, Caller{Address: address}, audit.Event{Act: audit.HandOffRefused, Reason: audit.WrongSecret})
		}
		return state, problem.HandOffOver(err)
	case err != nil:
		return state, Told(err)
	}
	if err := h.perHandOff.Allow(state.Key()); err != nil {
		return state, Told(err)
	}
	return state, nil
}

// handOver prepares everything that may fail, then takes the hand-off; only the winner gets answer and cookie (D28).
func (h *HandOffRoutes) handOver(g *gin.Context, state handoff.State, who Caller) error {
	ctx := g.Request.Context()
	answer, err := h.cfg.Give(ctx, who)
	if errors.Is(err, session.ErrEnded) || errors.Is(err, session.ErrNone) {
		return pending(g, "") // another tab's sign-in has just taken this one's place, and is found next time (B-20)
	}
	if err != nil {
		return h.cfg.Told(err)
	}
	// Whoever is signed in needs no provider for the next hand-off, and each leaves a record.
	if err := h.env.Allow(ctx, h.env.Rules.HandOffSession, who.Session.Key, who); err != nil {
		return Told(err)
	}
	child, err := h.child(g, who.Session)
	if err != nil {
		return Told(err)
	}
	if err := h.env.HandOffs.Take(ctx, state); err != nil {
		if child != nil {
			err = errors.Join(err, h.env.Sessions.Drop(ctx, *child))
		}
		if errors.Is(err, handoff.ErrOver) {
			return problem.HandOffOver(err)
		}
		return Told(err)
	}
	if child != nil {
		h.env.Sessions.Give(g.Writer, *child)
	}
	h.env.Record(ctx, who, audit.Event{Act: audit.HandOffRedeemed})
	h.env.Metrics.Token(h.env.Name, resultHandedOff)
	g.JSON(http.StatusOK, answer)
	return nil
}

// child prepares a cookie for this frame's partition, unless the frame's own requests bring the session already: then
// the browser keeps no cookies back, and a second one would only be one more to end.
func (h *HandOffRoutes) child(g *gin.Context, s session.Session) (*session.Child, error) {
	ctx := g.Request.Context()
	if own, err := h.env.Sessions.Read(ctx, g.Writer, g.Request, h.env.Name); err == nil && own.Key == s.Key {
		return nil, nil
	}
	child, err := h.env.Sessions.NewChild(ctx, s, h.env.Name)
	return &child, err
}

// maxObject bounds such a body, in bytes.
const maxObject = 4 << 10

// ReadObject reads the body of a call from a page of ours or from a server: one small JSON object with no keys but its own.
func ReadObject(body io.Reader, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, maxObject+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxObject:
		return errors.New("body too large")
	case !strings.HasPrefix(strings.TrimSpace(string(text)), "{"):
		return errors.New("body is no JSON object")
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("body goes on after its object")
	}
	return nil
}
