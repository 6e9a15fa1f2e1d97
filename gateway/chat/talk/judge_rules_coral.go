package talk

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

func (t judged) checkAudienceForm() string {
	if t.claims.text("aud") == "" {
		return "aud must be one text, and no array"
	}
	return ""
}

// foreign are claims by which Coral takes the token for another kind.
var foreign = []string{"sub", "iss", "aud", "nonce"}

func (t judged) checkSSOClaims() string {
	var found []string
	for _, name := range foreign {
		if _, present := t.claims[name]; present {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return strings.Join(found, ", ") + " must be left out: Coral may take the token for one of OpenID Connect, and refuse it"
}

func (t judged) checkSSOUser() string {
	user := t.claims.object("user")
	if user == nil {
		return "user is missing: an object with id, email and username"
	}
	for _, name := range []string{"id", "email", "username"} {
		if user.text(name) == "" {
			return "user." + name + " is missing, or no text"
		}
	}
	for _, name := range []string{"url", "avatar"} {
		if value, present := user[name]; present {
			if u, err := url.Parse(user.text(name)); err != nil || !u.IsAbs() {
				return fmt.Sprintf("user.%s must be an address, got a %T", name, value)
			}
		}
	}
	if value, present := user["badges"]; present && !allTexts(value) {
		return "user.badges must be a list of texts; [] takes all of them away"
	}
	return ""
}

func allTexts(value any) bool {
	list, ok := value.([]any)
	return ok && !slices.ContainsFunc(list, func(item any) bool {
		s, text := item.(string)
		return !text || s == ""
	})
}

func (t judged) checkRole() string {
	value, present := t.claims.object("user")["role"]
	role, _ := value.(string)
	switch {
	case !present:
		return ""
	case !slices.Contains(ascending, Role(role)):
		return "user.role must be COMMENTER, MEMBER, STAFF, MODERATOR or ADMIN, in capitals"
	case Role(role) == Member && !t.release.since(6, 1, 0):
		return "user.role MEMBER is not known before Coral 6.1"
	}
	return ""
}

func (t judged) checkNonce() string {
	if t.claims.text("nonce") == "" {
		return "nonce is missing: any text will do, and Coral 6.4.2 and later end their process without one"
	}
	return ""
}

// coralName is what Coral takes for a username (G20).
var coralName = regexp.MustCompile(`^[A-Za-z0-9_.]{3,30}$`)

func (t judged) checkCoralUsername() string {
	if name := t.claims.text("preferred_username"); name != "" && !coralName.MatchString(name) {
		return "preferred_username must have 3 to 30 letters, digits, _ and .: with any other the account has no name"
	}
	return ""
}

func (t judged) checkPublicEmail() string {
	email := t.claims.text("email")
	switch {
	case email == "" && !t.release.since(5, 1, 0):
		return "email is missing, which Coral before 5.1 needs"
	case email != "" && !public(strings.ToLower(email)):
		return "email is not below a public top-level domain: leave it out"
	}
	return ""
}
