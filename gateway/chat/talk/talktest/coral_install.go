package talktest

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
)

// Codes of answers before anyone is signed in.
const (
	codeTenantNotFound   = "TENANT_NOT_FOUND"
	codeAlreadyInstalled = "TENANT_INSTALLED_ALREADY"
	codeBadCredentials   = "INVALID_CREDENTIALS"
)

// installation is what the first call of a new Coral tells it.
type installation struct {
	Tenant struct {
		Organization struct {
			Name         string `json:"name"`
			URL          string `json:"url"`
			ContactEmail string `json:"contactEmail"`
		} `json:"organization"`
		Locale string `json:"locale"`
	} `json:"tenant"`
	Site Site `json:"site"`
	User struct {
		Username string `json:"username"`
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"user"`
}

// install makes the tenant, its first site and its first administrator. From then on the tenant answers only to the host
// name of this call (T-C4).
func (c *Coral) install(w http.ResponseWriter, r *http.Request) {
	var in installation
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxGraphQLBytes)).Decode(&in); err != nil {
		refuse(w, &Refusal{Status: http.StatusBadRequest, Code: CodeInternalError, Reason: err.Error()})
		return
	}
	if !publicAddress(in.User.Email) || in.User.Password == "" || in.Site.Name == "" || in.Tenant.Organization.Name == "" {
		refuse(w, &Refusal{Status: http.StatusBadRequest, Code: CodeInternalError, Reason: "the installation lacks a value"})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tenant.host != "" || !c.cfg.Fresh {
		refuse(w, &Refusal{Status: http.StatusBadRequest, Code: codeAlreadyInstalled})
		return
	}
	c.tenant.host = r.Host
	s := *c.state.Load()
	in.Site.ID = "site-1"
	s.sites = []Site{in.Site}
	c.state.Store(&s)
	user, err := c.users.add(User{
		ID: rand.Text(), Username: in.User.Username, Email: in.User.Email, EmailVerified: true, Role: RoleAdmin,
		Profiles: []Profile{{Type: ProfileLocal, ID: strings.ToLower(in.User.Email)}},
	})
	if err != nil {
		refuse(w, err)
		return
	}
	c.passwords[user.ID] = in.User.Password
	w.WriteHeader(http.StatusNoContent)
}

// localLogin gives a local account one of Coral's own tokens.
func (c *Coral) localLogin(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxGraphQLBytes)).Decode(&in); err != nil {
		refuse(w, &Refusal{Status: http.StatusBadRequest, Code: CodeInternalError, Reason: err.Error()})
		return
	}
	token, ok := c.byPassword(strings.ToLower(in.Email), in.Password)
	if !ok {
		refuse(w, &Refusal{Status: http.StatusUnauthorized, Code: codeBadCredentials})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": token})
}

func (c *Coral) byPassword(email, password string) (token string, ok bool) {
	c.mu.Lock()
	user := c.users.byEmail(ProfileLocal, email)
	good := user != nil && c.passwords[user.ID] != "" &&
		subtle.ConstantTimeCompare([]byte(c.passwords[user.ID]), []byte(password)) == 1
	c.mu.Unlock()
	if !good {
		return "", false
	}
	token, err := c.OwnToken(user.ID)
	return token, err == nil
}

// elsewhere says whether the tenant does not answer to the host of a call: nobody has installed it, or by another name.
func (c *Coral) elsewhere(r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg.Fresh && c.tenant.host != r.Host
}

// ofTenant answers only by the tenant's name.
func (c *Coral) ofTenant(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if c.elsewhere(r) {
			refuse(w, &Refusal{Status: http.StatusNotFound, Code: codeTenantNotFound})
			return
		}
		next(w, r)
	}
}
