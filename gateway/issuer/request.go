package issuer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chatgate/gateway/decision"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

// Values of parameters.
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptSelectAccount = "select_account"
	promptConsent       = "consent"
	challengeS256       = "S256"
)

// scopes are those that mean something here. All claims are given for openid alone: the client is the site's own.
var scopes = []string{"openid", "email", "profile"}

// request is a sign-in that the client asks for (OpenID Connect Core 1.0, Section 3.1.2.1), as far as it is understood
// here.
type request struct {
	redirectURI, state, nonce string
	challenge                 string   // PKCE, always S256; empty without
	scopes                    []string // those that are granted
	// prompt is what the sign-in page is asked for: promptLogin, promptSelectAccount or nothing.
	prompt string
	// silent says that nothing may be asked of the person.
	silent bool
	// maxAge is how long ago the person may have signed in; nil does not care.
	maxAge *time.Duration
	// returned says that the person has been asked to sign in for maxAge already.
	returned bool
}

// Bounds of what the client chooses, in bytes. Coral's state and nonce have 16 characters.
const (
	maxState = 4 << 10
	maxNonce = 512
)

// Why a request is refused, for the person. What exactly is wrong stands in the log.
var (
	malformed     = problem.Reason{Code: "request_malformed", Phrase: "its request cannot be read"}
	unsupported   = problem.Reason{Code: "request_unsupported", Phrase: "its request wants something that is not offered here"}
	unknownClient = problem.Reason{Code: "client_unknown", Phrase: "its client id is not the one that is known here"}
	nonceMissing  = problem.Reason{Code: "nonce_missing", Phrase: "its request lacks something that protects your sign-in"}
)

// refusedRequest says what is wrong with a request. It repeats nothing of it.
type refusedRequest struct {
	reason problem.Reason
	why    string
}

func (e *refusedRequest) Error() string { return e.why }

func refuse(reason problem.Reason, why string) error {
	return &refusedRequest{reason: reason, why: why}
}

// errRedirectURI says that a request names no address that is registered.
var errRedirectURI = errors.New("redirect_uri is not registered")

// parseRequest reads the query of an authorization request. The client and where it wants to go come first: nothing else
// of a stranger's request is looked at. Its error is a *refusedRequest, or wraps errRedirectURI.
func (c Client) parseRequest(rawQuery string) (request, error) {
	query, err := single(rawQuery)
	if err != nil {
		return request{}, refuse(malformed, err.Error())
	}
	if query["client_id"] != c.ID {
		return request{}, refuse(unknownClient, "another client_id than the site's, or none")
	}
	if !slices.Contains(c.RedirectURIs, query["redirect_uri"]) {
		return request{}, c.explainRedirectURI(query["redirect_uri"])
	}
	if err := offered(query); err != nil {
		return request{}, err
	}
	asked := strings.Split(query["scope"], " ")
	r := request{
		redirectURI: query["redirect_uri"], state: query["state"], nonce: query["nonce"], challenge: query["code_challenge"],
		scopes:   slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(asked, s) }),
		returned: query[returnedParameter] != "",
	}
	err = errors.Join(r.readPrompt(query["prompt"]), r.readMaxAge(query["max_age"]))
	return r, err
}

// explainRedirectURI tells the operator what to compare. The commonest cause is a product behind a proxy that it does
// not trust: it takes itself for one that is served by http.
func (c Client) explainRedirectURI(got string) error {
	const most = 256
	hint := ""
	if rest, ok := strings.CutPrefix(got, "http://"); ok && slices.Contains(c.RedirectURIs, "https://"+rest) {
		hint = "; the scheme alone differs: set TRUST_PROXY at the product, so that it knows of the https in front of it"
	}
	err := fmt.Errorf("%w: got %q, registered are %q%s", errRedirectURI, got[:min(most, len(got))], c.RedirectURIs, hint)
	return decision.Because(decision.RedirectUnknown, err,
		"origin", originOf(got), "registered", decision.List(c.RedirectURIs), "scheme_alone_differs", strconv.FormatBool(hint != ""))
}

// challengePattern is a SHA-256 in base64url (RFC 7636, Section 4.2).
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// offered refuses what is not offered here, and what cannot be meant.
func offered(query map[string]string) error {
	challenge, method := query["code_challenge"], query["code_challenge_method"]
	for _, rule := range []struct {
		broken bool
		reason problem.Reason
		why    string
	}{
		{query["response_type"] != "code", unsupported, "response_type is not code"},
		{query["response_mode"] != "" && query["response_mode"] != "query", unsupported, "response_mode is not query"},
		{query["request"] != "" || query["request_uri"] != "" || query["registration"] != "", unsupported, "a request object, or a registration"},
		{!slices.Contains(strings.Split(query["scope"], " "), "openid"), unsupported, "scope lacks openid"},
		{query["nonce"] == "", nonceMissing, "no nonce"},                       // G26
		{!utf8.ValidString(query["nonce"]), malformed, "the nonce is no text"}, // an ID token could not carry it unchanged
		{len(query["nonce"]) > maxNonce || len(query["state"]) > maxState, malformed, "nonce or state is too long"},
		{challenge == "" && method != "", malformed, "code_challenge_method without code_challenge"},
		{challenge != "" && method != challengeS256, unsupported, "code_challenge_method is not S256"}, // plain is the default
		{challenge != "" && !challengePattern.MatchString(challenge), malformed, "code_challenge is no SHA-256"},
	} {
		if rule.broken {
			return refuse(rule.reason, rule.why)
		}
	}
	return nil
}

// readPrompt reads the list of prompts. To consent to there is nothing: the operator has set the client up.
func (r *request) readPrompt(list string) error {
	if list == "" {
		return nil
	}
	prompts := strings.Split(list, " ")
	for _, prompt := range prompts {
		switch prompt {
		case promptNone:
			r.silent = true
		case promptLogin:
			r.prompt = promptLogin
		case promptSelectAccount:
			if r.prompt == "" {
				r.prompt = promptSelectAccount
			}
		case promptConsent:
		default:
			return refuse(unsupported, "unknown prompt")
		}
	}
	if r.silent && len(prompts) > 1 {
		return refuse(malformed, "prompt has none and others")
	}
	return nil
}

// mostAge keeps a max_age within what a time.Duration holds; nobody is signed in for that long.
const mostAge = 10 * 365 * 24 * 60 * 60

func (r *request) readMaxAge(text string) error {
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return refuse(malformed, "max_age is not a number of seconds")
	}
	age := time.Duration(min(seconds, mostAge)) * time.Second
	r.maxAge = &age
	return nil
}

// fresh says whether the person has signed in recently enough for the request, and nothing else was asked for. What counts
// is when they did so at the provider, as the ID token will say, where a session of ours may have begun without a question.
// A provider that asks nothing for prompt=login either was given its chance, and would be asked for ever.
func (r *request) fresh(s session.Session, now time.Time) bool {
	switch {
	case r.prompt != "":
		return false
	case r.maxAge == nil || now.Sub(signedInAt(s)) <= *r.maxAge:
		return true
	default:
		return r.returned && now.Sub(s.Begun) <= comingBack
	}
}

// ask is what the sign-in page is to ask the provider for.
func (r *request) ask() string {
	if r.prompt == "" && r.maxAge != nil {
		return promptLogin // a sign-in at the provider that is old would not do
	}
	return r.prompt
}

const (
	// comingBack is how long the way from a sign-in back to here may take.
	comingBack = time.Minute
	// returnedParameter is ours and says that a request comes back from there. Whoever adds it could leave max_age out as
	// well: the client goes by the ID token's auth_time.
	returnedParameter = "returned"
)

// afterSignIn is the same request once the person has signed in: what asked for that is answered by it, and would ask
// for it again.
func (r request) afterSignIn() request {
	r.prompt, r.silent, r.returned = "", false, r.maxAge != nil
	return r
}

// query is the request as parseRequest reads it.
func (r *request) query(clientID string) url.Values {
	query := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {r.redirectURI},
		"scope": {strings.Join(r.scopes, " ")}, "nonce": {r.nonce},
	}
	if r.state != "" {
		query.Set("state", r.state)
	}
	if r.challenge != "" {
		query.Set("code_challenge", r.challenge)
		query.Set("code_challenge_method", challengeS256)
	}
	if r.maxAge != nil {
		query.Set("max_age", strconv.FormatInt(int64(*r.maxAge/time.Second), 10))
	}
	if r.returned {
		query.Set(returnedParameter, "1")
	}
	return query
}

// answer is where the client gets its code. The state is percent-encoded to the last byte, a space as %20: readers differ
// about a plus sign (G23). The issuer names itself, so that no client takes the code of one for another's (RFC 9207).
func (r *request) answer(code, issuer string) string {
	var b strings.Builder
	b.WriteString(r.redirectURI)
	separator := byte('?')
	if strings.Contains(r.redirectURI, "?") {
		separator = '&'
	}
	for _, parameter := range []struct{ name, value string }{{"code", code}, {"state", r.state}, {"iss", issuer}} {
		if parameter.value == "" {
			continue
		}
		b.WriteByte(separator)
		b.WriteString(parameter.name + "=" + strings.ReplaceAll(url.QueryEscape(parameter.value), "+", "%20"))
		separator = '&'
	}
	return b.String()
}

// single reads form-encoded parameters, each of which may be there once: two readers might take two of them. One without
// a value is as good as none (RFC 6749, Sections 3.1 and 3.2). Errors repeat nothing of what came.
func single(encoded string) (map[string]string, error) {
	values, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, errors.New("the parameters are not form-encoded")
	}
	out := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) != 1 {
			return nil, errors.New("a parameter is repeated")
		}
		if all[0] != "" {
			out[name] = all[0]
		}
	}
	return out, nil
}
