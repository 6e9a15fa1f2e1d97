package talk_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/chat/talk"
	"chatgate/gateway/chat/talk/talktest"
	"chatgate/store"
)

const judgedIssuer = chattest.BaseURL + "/talk"

// judgedAt is a whole second.
var judgedAt = time.Date(2026, time.November, 21, 9, 0, 0, 0, time.UTC)

func judgedKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode(testKeys[0]())
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// judgeOf judges for one of the products, with what its site was set up with.
func judgeOf(t *testing.T, profile talk.Profile) talk.Judge {
	t.Helper()
	j := talk.Judge{Profile: profile, Now: judgedAt}
	switch profile {
	case talk.CoralSSO:
		j.Secrets = map[string]store.Secret{"kid-1": ssoSecret}
	case talk.CoralOIDC:
		j.Issuer, j.Audience = judgedIssuer, "coral"
		j.Keys = map[string]*rsa.PublicKey{"kid-1": &judgedKey(t).PublicKey}
	case talk.Talk4:
		j.Issuer, j.Audience = judgedIssuer, "talk"
		j.Keys = map[string]*rsa.PublicKey{"kid-1": &judgedKey(t).PublicKey}
	}
	return j
}

// draft is a token before it is signed.
type draft struct{ header, claims map[string]any }

// goodDraft breaks no rule.
func goodDraft(profile talk.Profile) draft {
	claims := map[string]any{"jti": "0123456789abcdef0123456789", "iat": judgedAt.Unix(), "exp": judgedAt.Add(15 * time.Minute).Unix()}
	if profile == talk.CoralSSO {
		claims["user"] = map[string]any{"id": "u1", "email": "ada@example.org", "username": "ada", "badges": []any{}, "role": "STAFF"}
		return draft{map[string]any{"alg": "HS256", "typ": "JWT", "kid": "kid-1"}, claims}
	}
	maps.Copy(claims, map[string]any{"iss": judgedIssuer, "sub": "u1", "email": "ada@example.org", "email_verified": true})
	if profile == talk.CoralOIDC {
		maps.Copy(claims, map[string]any{"aud": "coral", "nonce": "n", "preferred_username": "ada"})
	} else {
		maps.Copy(claims, map[string]any{"aud": "talk", "username": "ada"})
	}
	return draft{map[string]any{"alg": "RS256", "typ": "JWT", "kid": "kid-1"}, claims}
}

// sign signs as the header says, with the test's key or secret.
func (d draft) sign(t *testing.T) string {
	t.Helper()
	signed := encoded(t, d.header) + "." + encoded(t, d.claims)
	var signature []byte
	if d.header["alg"] == "HS256" {
		mac := hmac.New(sha256.New, []byte(ssoSecret))
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	} else {
		sum := sha256.Sum256([]byte(signed))
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, judgedKey(t), crypto.SHA256, sum[:]); err != nil {
			t.Fatal(err)
		}
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func claim(name string, value any) func(draft) {
	return func(d draft) { d.claims[name] = value }
}

func without(name string) func(draft) {
	return func(d draft) { delete(d.claims, name) }
}

func inHeader(name string, value any) func(draft) {
	return func(d draft) { d.header[name] = value }
}

func inUser(name string, value any) func(draft) {
	return func(d draft) { d.claims["user"].(map[string]any)[name] = value }
}

func withoutInUser(name string) func(draft) {
	return func(d draft) { delete(d.claims["user"].(map[string]any), name) }
}

// badToken is a token that breaks rules, and the numbers of those.
type badToken struct {
	name     string
	profile  talk.Profile
	version  string
	change   func(draft)
	want     string // the rules, in order
	stops    bool
	accepted bool // the product takes it all the same: the rule is the gateway's
}

var badTokens = []badToken{
	{name: "another algorithm", profile: talk.CoralOIDC, change: inHeader("alg", "ES256"), want: "G19 T-C2"},
	{name: "HS256 with the public key's name", profile: talk.CoralOIDC, change: inHeader("alg", "HS256"), want: "G19 T-C2"},
	{name: "EdDSA for Talk 4", profile: talk.Talk4, change: inHeader("alg", "EdDSA"), want: "G11 T-A2"},
	{name: "no algorithm", profile: talk.CoralSSO, change: inHeader("alg", "none"), want: "G15 T-C3"},
	{name: "no key id", profile: talk.CoralOIDC, change: func(d draft) { delete(d.header, "kid") }, want: "G19 T-C2"},
	{name: "a header with a key", profile: talk.CoralOIDC, change: inHeader("jwk", map[string]any{}), want: "G19", accepted: true},
	{name: "an unknown key id", profile: talk.CoralOIDC, change: inHeader("kid", "kid-2"), want: "T-C2"},
	{name: "an unknown key id at Talk 4", profile: talk.Talk4, change: inHeader("kid", "kid-2"), want: "T-A2"},
	{name: "another issuer", profile: talk.CoralOIDC, change: claim("iss", chattest.BaseURL+"/blog"), want: "G6"},
	{name: "an issuer with a slash", profile: talk.CoralOIDC, change: claim("iss", judgedIssuer+"/"), want: "G6"},
	{name: "no issuer", profile: talk.CoralOIDC, change: without("iss"), want: "G6"},
	{name: "another issuer at Talk 4", profile: talk.Talk4, change: claim("iss", "https://talk.example.org"), want: "G6"},
	{name: "an array as audience", profile: talk.CoralOIDC, change: claim("aud", []any{"coral"}), want: "G19", stops: true},
	{name: "no audience", profile: talk.CoralOIDC, change: without("aud"), want: "G19", stops: true},
	{name: "another audience, which Coral does not look at", profile: talk.CoralOIDC, change: claim("aud", "rocketchat"), want: "G19", accepted: true},
	{name: "another audience at Talk 4", profile: talk.Talk4, change: claim("aud", "other"), want: "G11"},
	{name: "no end", profile: talk.CoralSSO, change: without("exp"), want: "G7", accepted: true},
	{name: "an end that is no whole number", profile: talk.CoralOIDC, change: claim("exp", float64(judgedAt.Unix())+900.5), want: "G7", accepted: true},
	{name: "expired this second", profile: talk.CoralOIDC, change: func(d draft) { d.claims["iat"], d.claims["exp"] = judgedAt.Unix()-900, judgedAt.Unix() }, want: "G7"},
	{name: "a life of a day", profile: talk.CoralSSO, change: claim("exp", judgedAt.Add(24*time.Hour).Unix()), want: "G7", accepted: true},
	{name: "a life of half a minute", profile: talk.Talk4, change: claim("exp", judgedAt.Unix()+30), want: "G7", accepted: true},
	{name: "a life of four minutes", profile: talk.CoralOIDC, change: claim("exp", judgedAt.Add(4*time.Minute).Unix()), want: "G7", accepted: true},
	{name: "issued in the future", profile: talk.CoralOIDC, change: claim("iat", judgedAt.Unix()+6), want: "G7", accepted: true},
	{name: "no time of issue", profile: talk.CoralSSO, change: without("iat"), want: "G7", accepted: true},
	{name: "not yet good", profile: talk.CoralOIDC, change: claim("nbf", judgedAt.Unix()+5), want: "G7"},
	{name: "good from this second on", profile: talk.Talk4, change: claim("nbf", judgedAt.Unix()), want: "G7", accepted: true},
	{name: "no token id", profile: talk.Talk4, change: without("jti"), want: "G7", accepted: true},
	{name: "a token id that counts", profile: talk.CoralSSO, change: claim("jti", "17"), want: "G7", accepted: true},
	{name: "no user", profile: talk.CoralOIDC, change: without("sub"), want: "G8", stops: true},
	{name: "a user id that is an address", profile: talk.Talk4, change: claim("sub", "admin@example.org"), want: "G8", accepted: true},
	{name: "a user id that is a number", profile: talk.CoralSSO, change: inUser("id", 17), want: "G8 G15"},
	{name: "an address that nobody vouches for", profile: talk.CoralOIDC, change: without("email_verified"), want: "G9", accepted: true},
	{name: "an address in capitals", profile: talk.CoralSSO, change: inUser("email", "Ada@Example.org"), want: "G9", accepted: true},
	{name: "a picture that is null", profile: talk.CoralOIDC, change: claim("picture", nil), want: "G10 G10", stops: true},
	{name: "an empty name", profile: talk.CoralOIDC, change: claim("preferred_username", ""), want: "G10 G10", stops: true},
	{name: "badges that are null", profile: talk.CoralSSO, change: inUser("badges", nil), want: "G10 G15"},
	{name: "a personal access token", profile: talk.Talk4, change: claim("pat", true), want: "G10"},
	{name: "a verified address in quotes", profile: talk.CoralOIDC, change: claim("email_verified", "true"), want: "G9 G10", stops: true},
	{name: "a name without letters", profile: talk.Talk4, change: claim("username", "1234"), want: "G12", accepted: true},
	{name: "a subject beside the user", profile: talk.CoralSSO, change: claim("sub", "u1"), want: "G15", accepted: true},
	{name: "no user at all", profile: talk.CoralSSO, change: without("user"), want: "G8 G15"},
	{name: "no address for single sign-on", profile: talk.CoralSSO, change: withoutInUser("email"), want: "G15"},
	{name: "a page that is no address", profile: talk.CoralSSO, change: inUser("url", "account"), want: "G15"},
	{name: "a role in small letters", profile: talk.CoralSSO, change: inUser("role", "admin"), want: "G16"},
	{name: "a role that an old release does not know", profile: talk.CoralSSO, version: "6.0.0", change: inUser("role", "MEMBER"), want: "G16"},
	{name: "no nonce", profile: talk.CoralOIDC, change: without("nonce"), want: "G19", stops: true},
	{name: "no nonce, for an old release", profile: talk.CoralOIDC, version: "6.4.1", change: without("nonce"), want: "G19", accepted: true},
	{name: "a name with a space", profile: talk.CoralOIDC, change: claim("preferred_username", "Ada L"), want: "G20", accepted: true},
	{name: "an address inside a company", profile: talk.CoralOIDC, change: claim("email", "ada@corp.local"), want: "G21", stops: true},
	{name: "no address, for the oldest release", profile: talk.CoralOIDC, version: "5.0.0", change: without("email"), want: "G21"},
}

func TestTheJudgeNamesTheRule(t *testing.T) { // G32
	for _, tt := range badTokens {
		t.Run(string(tt.profile)+" "+tt.name, func(t *testing.T) {
			d := goodDraft(tt.profile)
			tt.change(d)
			j := judgeOf(t, tt.profile)
			j.Version = tt.version
			verdict, err := j.Judge(d.sign(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			stops := false
			for _, b := range verdict.Broken {
				got = append(got, b.Rule)
				stops = stops || b.Stops
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("the rules (-want +got):\n%s\n%+v", diff, verdict.Broken)
			}
			if stops && !tt.stops && !errors.As(atLogin(t, tt.version, d), new(*talktest.ProcessStopped)) {
				t.Errorf("the judge says that Coral stops, and it does not: %+v", verdict.Broken)
			}
		})
	}
}

func TestTheJudgeFindsNothingWrongWithOurTokens(t *testing.T) { // G32
	for _, tt := range []struct {
		name string
		cfg  talk.Config
	}{
		{"coral-sso", with(site(talk.CoralSSO), func(c *talk.Config) {
			c.Roles, c.Badges = map[string]talk.Role{"staff": talk.Staff}, map[string]string{"staff": "Editor"}
		})},
		{"coral-oidc", site(talk.CoralOIDC)},
		{"talk4 by keys", site(talk.Talk4)},
		{"talk4 by a shared secret", with(site(talk.Talk4), func(c *talk.Config) { c.SharedSecret = sharedSecret })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, tt.cfg, chattest.Options{})
			j := w.connector.(talk.Operated).Judge("")
			for _, id := range []string{"Ada Lovelace", "李", "a", "1234567"} {
				person := ada()
				person.Username, person.Subject, person.Groups = id, id, []string{"staff"}
				token := w.token(http.MethodPost, w.SignIn(person)).Token
				verdict, err := j.Judge(token)
				if err != nil || len(verdict.Broken) > 0 || len(verdict.Looked) < 9 {
					t.Errorf("the token of %q breaks %+v, %v, looked at %q", id, verdict.Broken, err, verdict.Looked)
				}
			}
		})
	}
}

func TestTheJudgeRefusesWhatIsNoToken(t *testing.T) {
	for name, token := range map[string]string{
		"nothing": "", "a word": "token", "two parts": "a.b", "no JSON": "YQ.YQ.YQ", "null": "bnVsbA.bnVsbA.YQ", "no base64": "e30.e30.!",
	} {
		verdict, err := judgeOf(t, talk.CoralOIDC).Judge(token)
		if err != nil || len(verdict.Broken) != 1 || verdict.Broken[0].Rule != "T-C1" {
			t.Errorf("%s: %+v, %v, want T-C1 alone", name, verdict, err)
		}
	}
}

// TestTheJudgesRulesAreRequirements: whoever is told a number finds its sentence.
func TestTheJudgesRulesAreRequirements(t *testing.T) { // G32
	table, err := os.ReadFile(filepath.Join("..", "..", "..", ".ci", "requirements.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range []talk.Profile{talk.CoralSSO, talk.CoralOIDC, talk.Talk4} {
		verdict, err := judgeOf(t, profile).Judge(goodDraft(profile).sign(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range verdict.Looked {
			if number, _, _ := strings.Cut(rule, " "); !strings.Contains(string(table), "\n"+number+"\t") {
				t.Errorf("%s looks at %q, which has no row in .ci/requirements.tsv", profile, rule)
			}
		}
	}
}

func TestTheJudgeKnowsItsReleases(t *testing.T) {
	for _, j := range []talk.Judge{
		{Profile: "coral"}, {Profile: talk.CoralSSO, Version: "4.12.1"}, {Profile: talk.Talk4, Version: "5.0.0"},
		{Profile: talk.CoralOIDC, Version: "new"}, {Profile: talk.CoralOIDC, Version: "10.0.0"},
	} {
		if _, err := j.Judge("a.b.c"); !errors.Is(err, talk.ErrNoRules) {
			t.Errorf("%s %s: %v, want ErrNoRules", j.Profile, j.Version, err)
		}
	}
}

func TestTheJudgeShowsNoValues(t *testing.T) {
	d := goodDraft(talk.CoralSSO)
	d.claims["user"] = map[string]any{"id": "ada@secret.example", "email": "Ada@Secret.example", "username": "", "role": "Secret", "url": "Secret"}
	verdict, err := judgeOf(t, talk.CoralSSO).Judge(d.sign(t))
	if err != nil || len(verdict.Broken) < 4 {
		t.Fatalf("%+v, %v", verdict, err)
	}
	for _, b := range verdict.Broken {
		if strings.Contains(strings.ToLower(b.Text), "secret.example") || strings.Contains(b.Text, "Secret") {
			t.Errorf("the verdict tells a value: %s", b.Text)
		}
	}
}
