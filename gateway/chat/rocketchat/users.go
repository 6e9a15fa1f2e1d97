package rocketchat

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chatgate/store"
)

// user is an account as the API shows it. Only its ids, addresses and flags mean anything to us.
type user struct {
	ID       string `json:"_id"`
	Username string
	Type     string
	Active   *bool
	Roles    []string
	Emails   []emailAddress
}

type emailAddress struct {
	Address  string
	Verified bool // its owner, or an administrator, has confirmed it in Rocket.Chat
}

// deactivated is false for an answer that does not say: Rocket.Chat itself refuses such a login once more.
func (u user) deactivated() bool { return u.Active != nil && !*u.Active }

func (u user) administrator() bool { return slices.Contains(u.Roles, "admin") }

func (u user) has(address string) bool {
	return slices.ContainsFunc(u.Emails, func(e emailAddress) bool { return strings.EqualFold(e.Address, address) })
}

func (u user) confirmed(address string) bool {
	return slices.ContainsFunc(u.Emails, func(e emailAddress) bool { return e.Verified && strings.EqualFold(e.Address, address) })
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// isID says whether text can be a user id. What passes is safe in a header and in a query (S86).
func isID(text string) bool { return len(text) <= maxUserID && idPattern.MatchString(text) }

var errNoUser = errors.New("no such account")

// byID returns errNoUser for an account that was deleted.
func (w *workspace) byID(ctx context.Context, id string) (user, error) {
	return w.info(ctx, "userId", id)
}

// byUsername compares once more by itself, letters' case aside.
func (w *workspace) byUsername(ctx context.Context, name string) (user, error) {
	found, err := w.info(ctx, "username", name)
	if err == nil && !strings.EqualFold(found.Username, name) {
		return user{}, errNoUser
	}
	return found, err
}

func (w *workspace) info(ctx context.Context, key, value string) (user, error) {
	var answer struct{ User user }
	err := w.asOurselves(ctx, call{
		name: "v1/users.info", method: http.MethodGet, query: url.Values{key: {value}},
	}, &answer)
	if missing(err) {
		return user{}, errNoUser
	}
	if err == nil && !isID(answer.User.ID) {
		return user{}, fmt.Errorf("v1/users.info: %w: an account without an id", errUnavailable)
	}
	return answer.User, err
}

const (
	pageSize  = 100
	mostPages = 10
)

// byEmail returns every account with this address. Each release has another way to ask, and none is trusted to have
// compared what we mean (C.6).
func (w *workspace) byEmail(ctx context.Context, v version, address string) ([]user, error) {
	switch needs := v.needs(); {
	case needs.emailParameter:
		return w.search(ctx, "v1/users.list", url.Values{"email": {address}}, address)
	case needs.listByStatus:
		return w.search(ctx, "v1/users.listByStatus", url.Values{"searchTerm": {address}}, address)
	}
	found, err := w.byEmailQuery(ctx, address)
	if lower := strings.ToLower(address); err == nil && len(found) == 0 && lower != address {
		return w.byEmailQuery(ctx, lower)
	}
	return found, err
}

// byEmailQuery is for releases that took a MongoDB query, which knows no other case than the one it is given.
func (w *workspace) byEmailQuery(ctx context.Context, address string) ([]user, error) {
	query, err := json.Marshal(map[string]string{"emails.address": address})
	if err != nil {
		return nil, fmt.Errorf("encode query: %w", err)
	}
	return w.search(ctx, "v1/users.list", url.Values{"query": {string(query)}}, address)
}

func (w *workspace) search(ctx context.Context, route string, query url.Values, address string) ([]user, error) {
	var found []user
	query.Set("count", strconv.Itoa(pageSize))
	for page := range mostPages {
		query.Set("offset", strconv.Itoa(page*pageSize))
		var answer struct {
			Users []user
			Total int
		}
		if err := w.asOurselves(ctx, call{name: route, method: http.MethodGet, query: query}, &answer); err != nil {
			return nil, err
		}
		for _, u := range answer.Users {
			if u.has(address) && isID(u.ID) {
				found = append(found, u)
			}
		}
		if len(answer.Users) == 0 || (page+1)*pageSize >= answer.Total {
			return found, nil
		}
	}
	return nil, fmt.Errorf("%s: %w: more than %d accounts for one address", route, errUnavailable, pageSize*mostPages)
}

// newAccount is what users.create is sent. Rocket.Chat rejects keys it does not know.
type newAccount struct {
	Name                  string `json:"name"`
	Email                 string `json:"email"`
	Username              string `json:"username"`
	Password              string `json:"password"`
	Verified              bool   `json:"verified"`
	Active                bool   `json:"active"`
	RequirePasswordChange bool   `json:"requirePasswordChange"`
	SendWelcomeEmail      bool   `json:"sendWelcomeEmail"`
}

// create makes an account that works at once, even where new ones wait for an approval. Its password is known to
// nobody; a random one of Rocket.Chat's own making would be mailed, and would have to be changed (C.4).
func (w *workspace) create(ctx context.Context, n newAccount) (user, error) {
	n.Active = true
	n.Password = newPassword()
	var answer struct{ User user }
	if err := w.asOurselves(ctx, call{name: "v1/users.create", method: http.MethodPost, body: n}, &answer); err != nil {
		return user{}, err
	}
	if !isID(answer.User.ID) {
		return user{}, fmt.Errorf("v1/users.create: %w: an account without an id", errUnavailable)
	}
	return answer.User, nil
}

// newPassword satisfies every policy: 256 random bits, and one of each kind of character.
func newPassword() string { return "aZ7-" + rand.Text() + rand.Text() }

// createToken makes a login token. It does so for deactivated accounts too, so callers look first.
func (w *workspace) createToken(ctx context.Context, v version, userID string) (store.Secret, error) {
	body := map[string]string{"userId": userID}
	if v.needs().tokenSecret {
		body["secret"] = w.secret.Reveal()
	}
	var answer struct {
		Data struct {
			UserID    string       `json:"userId"`
			AuthToken store.Secret `json:"authToken"`
		}
	}
	err := w.asOurselves(ctx, call{name: "v1/users.createToken", method: http.MethodPost, body: body}, &answer)
	if isRefusal(err, "error-not-authorized", "invalid-params") { // R26
		return "", &operatorError{advice: v.tokenAdvice(), cause: err}
	}
	if err != nil {
		return "", err
	}
	token := answer.Data.AuthToken
	if token == "" || !isHeaderText(token.Reveal()) || answer.Data.UserID != userID {
		return "", fmt.Errorf("v1/users.createToken: %w: no login token for this account", errUnavailable)
	}
	return token, nil
}

// condition is what a login token is found to be.
type condition int

const (
	alive       condition = iota // Rocket.Chat takes it
	refused                      // it does not, any more
	deactivated                  // it does, but the account is switched off
	unknown                      // it did not say
)

// verify asks Rocket.Chat about a login token, as its owner. Calls of all people come from our one address, hence the
// end user's own in the header that Rocket.Chat limits by (R10, D12).
func (w *workspace) verify(ctx context.Context, owner credentials, address string) (condition, error) {
	var me user
	err := w.client.do(ctx, call{name: "v1/me", method: http.MethodGet, as: &owner, address: address}, &me)
	switch {
	case err == nil && me.ID != owner.userID:
		return unknown, fmt.Errorf("v1/me: %w: the answer is somebody else's", errUnavailable)
	case err == nil && me.deactivated():
		return deactivated, nil
	case err == nil:
		return alive, nil
	case strangers(err):
		return refused, nil
	}
	return unknown, err
}

// revoke ends one login token. One that Rocket.Chat does not know any more is ended already.
func (w *workspace) revoke(ctx context.Context, owner credentials) error {
	var answer struct{}
	err := w.client.do(ctx, call{name: "v1/logout", method: http.MethodPost, as: &owner}, &answer)
	if strangers(err) {
		return nil
	}
	return err
}
