package talk

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"chatgate/store"
)

// Judge holds tokens to the rules of one site, without asking anybody (G32). A rule is called by its requirement's number.
type Judge struct {
	Profile Profile
	// Version is the release at the other end, such as 9.11.8; the newest one when empty.
	Version string
	// Issuer and Audience are what the site is set up with; an empty one is not compared.
	Issuer, Audience string
	// Keys verify RS256 and Secrets HS256, by key id. Without either a signature is not looked at.
	Keys    map[string]*rsa.PublicKey
	Secrets map[string]store.Secret
	// Now is when the token is to be good; it must be given.
	Now time.Time
}

// Verdict is what came of one token.
type Verdict struct {
	// Looked names what was looked at, in order.
	Looked []string
	// Broken are the rules that the token breaks. Without any, the product takes it.
	Broken []Breach
}

// Breach is a rule that a token breaks.
type Breach struct {
	Rule string
	// Text says what is wrong, and never shows a value: it may be an address or a name.
	Text string
	// Stops says that such a token ends Coral's process, for everybody: at once, or when it comes out of Coral's own
	// login.
	Stops bool
}

// ruleForm is the rule that comes first: what breaks it can be held to no other.
const ruleForm = "T-C1"

// ErrNoRules says that there are no rules for a profile and version.
var ErrNoRules = errors.New("no rules")

// Judge says which rules a token breaks. Its error is an ErrNoRules.
func (j Judge) Judge(token string) (Verdict, error) {
	r, err := j.release()
	if err != nil {
		return Verdict{}, err
	}
	looked := Verdict{Looked: []string{ruleForm + " form"}}
	t, err := readToken(strings.TrimSpace(token))
	if err != nil {
		looked.Broken = []Breach{{Rule: ruleForm, Text: err.Error()}}
		return looked, nil
	}
	t.Judge, t.release = j, r
	for _, rule := range rulesOf(j.Profile) {
		looked.Looked = append(looked.Looked, rule.number+" "+rule.about)
		if wrong := rule.check(t); wrong != "" {
			looked.Broken = append(looked.Broken, Breach{Rule: rule.number, Text: wrong, Stops: rule.stops && t.strictCoral()})
		}
	}
	return looked, nil
}

// judged is a token that was taken apart and is not believed.
type judged struct {
	Judge
	release        release
	header, claims fields
	signed         string // what the signature is of
	signature      []byte
}

// strictCoral says whether a claim of the wrong shape ends the process: Coral 6.4.2 and later look at them a second time
// where nothing catches what that throws (T-C2).
func (t judged) strictCoral() bool { return t.Profile == CoralOIDC && t.release.since(6, 4, 2) }

// readToken takes a token apart (RFC 7519, Section 7.2).
func readToken(token string) (judged, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return judged{}, fmt.Errorf("is no JSON Web Token: it has %d part(s) between dots, and must have three", len(parts))
	}
	t := judged{signed: parts[0] + "." + parts[1]}
	for i, into := range []*fields{&t.header, &t.claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, into) != nil || *into == nil {
			return judged{}, errors.New("is no JSON Web Token: its header and claims must be JSON objects in base64url")
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return judged{}, errors.New("is no JSON Web Token: its signature must be in base64url")
	}
	t.signature = signature
	return t, nil
}

// fields are a JSON object of somebody's.
type fields map[string]any

// text is a field that is a text, else nothing.
func (f fields) text(name string) string {
	s, _ := f[name].(string)
	return s
}

// seconds is a field that is a whole number.
func (f fields) seconds(name string) (n int64, whole bool) {
	v, ok := f[name].(float64)
	n = int64(v)
	return n, ok && float64(n) == v
}

// object is a field that is an object, else nil.
func (f fields) object(name string) fields {
	o, _ := f[name].(map[string]any)
	return o
}

// release is a version of Coral or Talk.
type release [3]int

// newest are the releases that the rules were last seen to hold for.
var newest = map[Profile]release{CoralSSO: {9, 11, 8}, CoralOIDC: {9, 11, 8}, Talk4: {4, 12, 1}}

func (j Judge) release() (release, error) {
	r, known := newest[j.Profile]
	if !known {
		return release{}, fmt.Errorf("%w: the profile must be coral-sso, coral-oidc or talk4, got %q", ErrNoRules, j.Profile)
	}
	if j.Version == "" {
		return r, nil
	}
	low, high := 5, 9
	if j.Profile == Talk4 {
		low, high = 4, 4
	}
	var got release
	if n, _ := fmt.Sscanf(j.Version, "%d.%d.%d", &got[0], &got[1], &got[2]); n < 2 || got[0] < low || got[0] > high {
		return release{}, fmt.Errorf("%w: the version must be of %d to %d, such as %s, for %s, got %q", ErrNoRules, low, high, r, j.Profile, j.Version)
	}
	return got, nil
}

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r[0], r[1], r[2]) }

// since says whether r is the given release or a later one.
func (r release) since(major, minor, patch int) bool {
	for i, n := range [3]int{major, minor, patch} {
		if r[i] != n {
			return r[i] > n
		}
	}
	return true
}
