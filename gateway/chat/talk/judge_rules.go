package talk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// rule is one thing that a product, or this gateway, asks of a token.
type rule struct {
	number, about string
	// at are the profiles that it holds for, all when empty.
	at []Profile
	// check says what is wrong, or nothing.
	check func(judged) string
	// stops says that what breaks the rule is what Coral's second look at an ID token trips over.
	stops bool
}

// rules are those that can be seen in a token, in the order in which a product comes to them. The first that is broken is
// the one that the product stops at.
var rules = []rule{
	{number: "G11", about: "header", at: []Profile{Talk4}, check: header("RS256", "HS256")},
	{number: "G15", about: "header", at: []Profile{CoralSSO}, check: header("HS256")},
	{number: "G19", about: "header", at: []Profile{CoralOIDC}, check: header("RS256")},
	{number: "T-A2", about: "signature", at: []Profile{Talk4}, check: judged.checkSignature},
	{number: "T-C3", about: "signature", at: []Profile{CoralSSO}, check: judged.checkSignature},
	{number: "T-C2", about: "signature", at: []Profile{CoralOIDC}, check: judged.checkSignature},
	{number: "G6", about: "issuer", at: []Profile{CoralOIDC, Talk4}, check: judged.checkIssuer},
	{number: "G11", about: "audience", at: []Profile{Talk4}, check: judged.checkAudience},
	{number: "G19", about: "audience", at: []Profile{CoralOIDC}, check: judged.checkAudience},
	{number: "G19", about: "audience's form", at: []Profile{CoralOIDC}, check: judged.checkAudienceForm, stops: true},
	{number: "G7", about: "times", check: judged.checkTimes},
	{number: "G7", about: "token id", check: judged.checkID},
	{number: "G8", about: "user id", check: judged.checkUserID, stops: true},
	{number: "G8", about: "user id's origin", check: judged.checkOpaque},
	{number: "G9", about: "e-mail address", check: judged.checkEmail},
	{number: "G10", about: "empty values", check: judged.checkEmpty},
	{number: "G10", about: "types", check: judged.checkTypes, stops: true},
	{number: "G12", about: "username", at: []Profile{Talk4}, check: judged.checkTalk4Username},
	{number: "G15", about: "claims of another kind of token", at: []Profile{CoralSSO}, check: judged.checkSSOClaims},
	{number: "G15", about: "the person's claims", at: []Profile{CoralSSO}, check: judged.checkSSOUser},
	{number: "G16", about: "role", at: []Profile{CoralSSO}, check: judged.checkRole},
	{number: "G19", about: "nonce", at: []Profile{CoralOIDC}, check: judged.checkNonce, stops: true},
	{number: "G20", about: "username", at: []Profile{CoralOIDC}, check: judged.checkCoralUsername},
	{number: "G21", about: "e-mail address", at: []Profile{CoralOIDC}, check: judged.checkPublicEmail, stops: true},
}

func rulesOf(p Profile) []rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r rule) bool { return len(r.at) > 0 && !slices.Contains(r.at, p) })
}

// header wants one of the algorithms and nothing that a product could read in another way.
func header(algorithms ...string) func(judged) string {
	return func(t judged) string {
		names := slices.Sorted(maps.Keys(t.header))
		switch {
		case !slices.Contains(algorithms, t.header.text("alg")):
			return fmt.Sprintf("alg must be %s: the product takes no other", strings.Join(algorithms, " or "))
		case t.header.text("kid") == "":
			return "kid is missing: the product finds the key by it"
		case t.header.text("typ") != "JWT" || len(names) != 3:
			return fmt.Sprintf("the header must have alg, kid and typ JWT and nothing else, and has %s", strings.Join(names, ", "))
		}
		return ""
	}
}

// checkIssuer compares byte for byte, as the product does.
func (t judged) checkIssuer() string {
	iss := t.claims.text("iss")
	switch {
	case iss == "":
		return "iss is missing, or no text"
	case strings.HasSuffix(iss, "/"):
		return "iss ends in a slash, which the gateway's never does"
	case t.Issuer != "" && iss != t.Issuer:
		return fmt.Sprintf("iss is not %s to the byte", t.Issuer)
	}
	return ""
}

func (t judged) checkAudience() string {
	switch aud := t.claims.text("aud"); {
	case aud == "" && t.Profile == Talk4:
		return "aud must be one text"
	case aud != "" && t.Audience != "" && aud != t.Audience:
		return fmt.Sprintf("aud is not %s", t.Audience)
	}
	return ""
}

// begunBefore is how far in the past a token must have begun to be good, so that no clock says that it has not.
const begunBefore = time.Minute

// checkTimes knows no tolerance, since neither product does.
func (t judged) checkTimes() string {
	now := t.Now.Unix()
	exp, hasEnd := t.claims.seconds("exp")
	iat, hasStart := t.claims.seconds("iat")
	switch {
	case !hasEnd:
		return "exp is missing, or no whole number of seconds: such a token never ends, or cannot be signed out"
	case exp <= now:
		return fmt.Sprintf("expired %s ago; nobody allows for clocks that differ", time.Duration(now-exp)*time.Second)
	case !hasStart:
		return "iat is missing, or no whole number of seconds"
	case iat > now:
		return fmt.Sprintf("iat lies %s ahead: is a clock wrong?", time.Duration(iat-now)*time.Second)
	case exp-iat < int64(shortestLife.Seconds()) || exp-iat > int64(longestLife.Seconds()):
		return fmt.Sprintf("lives for %s, and must for 5 to 60 minutes", time.Duration(exp-iat)*time.Second)
	}
	if _, present := t.claims["nbf"]; present {
		if nbf, whole := t.claims.seconds("nbf"); !whole || nbf > now-int64(begunBefore.Seconds()) {
			return "nbf must be left out, or lie a minute in the past"
		}
	}
	return ""
}

// shortestID is 128 bits in base64url.
const shortestID = 22

func (t judged) checkID() string {
	if len(t.claims.text("jti")) < shortestID {
		return "jti is missing or too short to be random: without it one sign-out ends the tokens of everybody, or none"
	}
	return ""
}

func (t judged) userID() string {
	if t.Profile == CoralSSO {
		return t.claims.object("user").text("id")
	}
	return t.claims.text("sub")
}

func (t judged) checkUserID() string {
	if t.userID() == "" {
		return "the user id is missing, or no text"
	}
	return ""
}

func (t judged) checkOpaque() string {
	if strings.Contains(t.userID(), "@") {
		return "the user id is an e-mail address: it changes, and takes over an account that has it"
	}
	return ""
}

// email is the person's address and whether it is said to be verified. Single sign-on says so by naming one.
func (t judged) email() (address string, verified bool) {
	if t.Profile == CoralSSO {
		return t.claims.object("user").text("email"), true
	}
	verified, _ = t.claims["email_verified"].(bool)
	return t.claims.text("email"), verified
}

func (t judged) checkEmail() string {
	email, verified := t.email()
	switch {
	case email == "":
		return ""
	case !verified:
		return "email without email_verified true: it may be somebody else's"
	case email != strings.ToLower(email) || utf8.RuneCountInString(email) > maxEmail:
		return fmt.Sprintf("email must be in lower case and have at most %d characters", maxEmail)
	}
	return ""
}

// checkEmpty looks for values that stand for nothing. Coral takes them for values of the wrong type.
func (t judged) checkEmpty() string {
	var empty []string
	for prefix, object := range map[string]fields{"": t.claims, "user.": t.claims.object("user")} {
		for name, value := range object {
			if value == nil || value == "" {
				empty = append(empty, prefix+name)
			}
		}
	}
	if _, present := t.claims["pat"]; present {
		empty = append(empty, "pat")
	}
	if len(empty) == 0 {
		return ""
	}
	slices.Sort(empty)
	return strings.Join(empty, ", ") + " must be left out: it is null, empty, or pat, which means another kind of token"
}

// textual are the claims that have to say something in a text where they are there at all.
var textual = []string{"name", "nickname", "preferred_username", "picture", "email", "nonce"}

func (t judged) checkTypes() string {
	for _, name := range textual {
		if _, present := t.claims[name]; present && t.claims.text(name) == "" {
			return name + " must be a text that is not empty"
		}
	}
	if value, present := t.claims["email_verified"]; present {
		if _, truth := value.(bool); !truth {
			return "email_verified must be true or false, without quotes"
		}
	}
	return ""
}
