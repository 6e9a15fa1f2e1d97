package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// account is Rocket.Chat's own record of a person, as the API shows it. Only its ids, addresses and flags mean anything to us.
type account struct {
	ID       string `json:"_id"`
	Username string
	Name     string
	Type     string
	Active   *bool
	Roles    []string
	Emails   []emailAddress
	// CustomFields is an object, or whatever else a workspace has made of it (R30).
	CustomFields json.RawMessage
	// Rooms are those it is a member of, when withRooms asked for them and we may see them; else nil.
	Rooms []struct{ RID string }
}

type emailAddress struct {
	Address  string
	Verified bool // its owner, or an administrator, has confirmed it in Rocket.Chat
}

// deactivated is false for an answer that does not say: Rocket.Chat itself refuses such a login once more.
func (a account) deactivated() bool { return a.Active != nil && !*a.Active }

// adminRole is the one role whose holders may do everything.
const adminRole = "admin"

func (a account) administrator() bool { return slices.Contains(a.Roles, adminRole) }

func (a account) has(address string) bool {
	return slices.ContainsFunc(a.Emails, func(e emailAddress) bool { return same(e.Address, address) })
}

func (a account) confirmed(address string) bool {
	return slices.ContainsFunc(a.Emails, func(e emailAddress) bool { return e.Verified && same(e.Address, address) })
}

// same compares names and addresses, letters' case aside. Of equal length, because Unicode folds a few letters of other
// alphabets into ASCII ones, and those are longer.
func same(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

var idPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// isID says whether text can be a user id. What passes is safe in a header and in a query (S86).
func isID(text string) bool { return len(text) <= maxUserID && idPattern.MatchString(text) }

var errNoAccount = errors.New("no such account")

// byID returns errNoAccount for an account that was deleted.
func (w *workspace) byID(ctx context.Context, id string) (account, error) {
	return w.info(ctx, "userId", id)
}

// byUsername compares once more by itself, letters' case aside.
func (w *workspace) byUsername(ctx context.Context, name string) (account, error) {
	found, err := w.info(ctx, "username", name)
	if err == nil && !same(found.Username, name) {
		return account{}, errNoAccount
	}
	return found, err
}

func (w *workspace) info(ctx context.Context, key, value string) (account, error) {
	return w.infoBy(ctx, url.Values{key: {value}})
}

// withRooms is byID with the rooms that the account is a member of.
func (w *workspace) withRooms(ctx context.Context, v version, id string) (account, error) {
	query := url.Values{"userId": {id}}
	if v.needs().includeRooms {
		query.Set("includeUserRooms", "true")
	} else {
		query.Set("fields", `{"userRooms":1}`)
	}
	return w.infoBy(ctx, query)
}

func (w *workspace) infoBy(ctx context.Context, query url.Values) (account, error) {
	var answer struct{ User account }
	err := w.asOurselves(ctx, call{name: "v1/users.info", method: http.MethodGet, query: query}, &answer)
	if missing(err) {
		return account{}, errNoAccount
	}
	if err == nil && !isID(answer.User.ID) {
		return account{}, fmt.Errorf("v1/users.info: %w: an account without an id", errUnavailable)
	}
	return answer.User, err
}

const (
	pageSize  = 100
	mostPages = 10
)

// byEmail returns every account with this address. Each release has another way to ask, and none is trusted to have
// compared what we mean.
func (w *workspace) byEmail(ctx context.Context, v version, address string) ([]account, error) {
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
func (w *workspace) byEmailQuery(ctx context.Context, address string) ([]account, error) {
	query, err := json.Marshal(map[string]string{"emails.address": address})
	if err != nil {
		return nil, fmt.Errorf("encode query: %w", err)
	}
	return w.search(ctx, "v1/users.list", url.Values{"query": {string(query)}}, address)
}

func (w *workspace) search(ctx context.Context, route string, query url.Values, address string) ([]account, error) {
	var found []account
	query.Set("count", strconv.Itoa(pageSize))
	for page := range mostPages {
		query.Set("offset", strconv.Itoa(page*pageSize))
		var answer struct {
			Users []account
			Total int
		}
		err := w.asOurselves(ctx, call{
			name: route, method: http.MethodGet, query: query, permission: "view-d-room and view-full-other-user-info",
		}, &answer)
		if err != nil {
			return nil, err
		}
		for _, a := range answer.Users {
			if a.has(address) && isID(a.ID) {
				found = append(found, a)
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
	JoinDefaultChannels   bool   `json:"joinDefaultChannels"`
}

// create makes an account that works at once, even where new ones wait for an approval. It has a password of ours,
// because one of Rocket.Chat's own making would be mailed, and would have to be changed (R24).
func (w *workspace) create(ctx context.Context, n newAccount) (account, error) {
	n.Active = true
	var answer struct{ User account }
	err := w.asOurselves(ctx, call{
		name: "v1/users.create", method: http.MethodPost, body: n, permission: "create-user and edit-other-user-active-status",
	}, &answer)
	if err != nil {
		return account{}, err
	}
	if !isID(answer.User.ID) {
		return account{}, fmt.Errorf("v1/users.create: %w: an account without an id", errUnavailable)
	}
	return answer.User, nil
}
