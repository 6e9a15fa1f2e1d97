package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// loot is everything that a copy of Redis can be read as.
type loot struct {
	texts []string // what fits where a browser or a server sends a secret
	raw   [][]byte
}

// readEverything reads every key, field, member and value.
func readEverything(t *testing.T, client *redis.Client) loot {
	t.Helper()
	var stored []string
	for keys := client.Scan(t.Context(), 0, "*", 1000).Iterator(); keys.Next(t.Context()); {
		stored = append(stored, keys.Val())
		stored = append(stored, valuesOf(t, client, keys.Val())...)
	}
	if len(stored) == 0 {
		t.Fatal("there is nothing in the copy")
	}
	texts, raw := map[string]bool{}, map[string]bool{}
	for _, value := range stored {
		for _, piece := range pieces(value) {
			raw[piece] = true
			for _, text := range asText(piece) {
				texts[text] = true
			}
		}
	}
	var l loot
	for text := range texts {
		l.texts = append(l.texts, text)
	}
	for piece := range raw {
		l.raw = append(l.raw, []byte(piece))
	}
	slices.Sort(l.texts)
	return l
}

func valuesOf(t *testing.T, client *redis.Client, key string) (values []string) {
	t.Helper()
	kind, err := client.Type(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	switch kind {
	case "string":
		value, err := client.Get(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		return []string{value}
	case "hash":
		fields, err := client.HGetAll(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			values = append(values, name, value)
		}
	case "zset":
		if values, err = client.ZRange(t.Context(), key, 0, -1).Result(); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("%s is a %s, which this test does not know how to read", key, kind)
	}
	return values
}

// pieces are what something stored can be taken apart into: its parts by separators, what those decode to, and the parts of
// what is sealed, which are its version, the name of its key, a nonce, the secret itself and a tag.
func pieces(value string) []string {
	all := []string{value}
	all = append(all, strings.FieldsFunc(value, func(r rune) bool { return r == ':' || r == '.' || r == '/' })...)
	if _, rest, found := strings.Cut(value, ":"); found {
		all = append(all, rest)
	}
	for _, part := range slices.Clone(all) {
		for _, decode := range []func(string) ([]byte, error){
			base64.RawURLEncoding.DecodeString, base64.StdEncoding.DecodeString, hex.DecodeString,
		} {
			if raw, err := decode(part); err == nil && len(raw) > 0 {
				all = append(all, string(raw))
			}
		}
	}
	const version, name, nonce, tag = 1, 4, 12, 16
	if head := version + name + nonce; len(value) > head+tag {
		all = append(all, value[version+name:head], value[head:], value[head:len(value)-tag], value[len(value)-tag:],
			value[:32], value[len(value)-32:])
	}
	return all
}

// asText is a piece in every way in which it could be somebody's secret: as it is, encoded, and hashed.
func asText(piece string) (texts []string) {
	sum := sha256.Sum256([]byte(piece))
	for _, raw := range [][]byte{[]byte(piece), sum[:]} {
		texts = append(texts, base64.RawURLEncoding.EncodeToString(raw), hex.EncodeToString(raw))
	}
	if !strings.ContainsFunc(piece, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) {
		texts = append(texts, piece)
	}
	// No secret of anybody's is that short or that long.
	return slices.DeleteFunc(texts, func(text string) bool { return len(text) < leastSecret || len(text) > 2<<10 })
}

// areNoKeys: neither a signing key stands there nor the text of one.
func (l loot) areNoKeys(t *testing.T) {
	for _, raw := range l.raw {
		_, pkcs8 := x509.ParsePKCS8PrivateKey(raw)
		_, pkcs1 := x509.ParsePKCS1PrivateKey(raw)
		_, ec := x509.ParseECPrivateKey(raw)
		if pkcs8 == nil || pkcs1 == nil || ec == nil || strings.Contains(string(raw), "PRIVATE KEY") {
			t.Errorf("a private key of %d bytes stands in the copy", len(raw))
		}
	}
}

// thief tries texts at a gateway in every place where a secret is taken.
type thief struct {
	w       *world
	gateway http.Handler
}

func (f thief) ask(method, path, body string, headers ...string) answer {
	request := httptest.NewRequest(method, f.w.Addresses().Gateway+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	f.gateway.ServeHTTP(recorder, request)
	return answer{status: recorder.Code, header: recorder.Header(), body: recorder.Body.String()}
}

// cookieOf is a text as the cookie of a session and of each child's.
func cookieOf(text string) string {
	all := "__Host-chatgate=" + text
	for _, chat := range []string{"rocketchat", "talk", "sso", "four"} {
		all += "; __Host-chatgate-" + chat + "=" + text
	}
	return all
}

func (f thief) rocketChatToken(text string) answer {
	return f.ask(http.MethodPost, "/rocketchat/token", "", "Origin", f.w.Addresses().RocketChat, "Cookie", cookieOf(text))
}

func (f thief) bearer(path, text string) answer {
	return f.ask(http.MethodGet, path, "", "Authorization", "Bearer "+text)
}

// callback brings a text back as state, code and the cookie of a login that is under way.
func (f thief) callback(text string) answer {
	query := url.Values{"state": {text}, "code": {text}, "iss": {f.w.Addresses().Provider}}
	sum := sha256.Sum256([]byte(text))
	name := "__Host-chatgate.login-" + base64.RawURLEncoding.EncodeToString(sum[:18])
	return f.ask(http.MethodGet, "/login/callback?"+query.Encode(), "", "Cookie", name+"="+text)
}

func (f thief) redeem(text string) answer {
	gateway := f.w.Addresses().Gateway
	body := `{"id":"` + text + `","secret":"` + text + `"}`
	return f.ask(http.MethodPost, "/rocketchat/handoff/redeem", body,
		"Origin", gateway, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/json")
}

// coralsCode buys a token for a text, with Coral's own credentials.
func (f thief) coralsCode(text string) answer {
	fields := url.Values{
		"grant_type": {"authorization_code"}, "code": {text}, "redirect_uri": {f.w.coral() + "/api/auth/oidc/callback"},
		"client_id": {"coral"}, "client_secret": {between(f.w.config, `client: {id: coral, secret: "`, `"`)},
	}
	return f.ask(http.MethodPost, "/talk/oauth/token", fields.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// opensNothing: every text is refused in every place, and not for want of patience.
func opensNothing(t *testing.T, f thief, texts []string) {
	t.Helper()
	places := map[string]func(text string) answer{
		"as a cookie": f.rocketChatToken,
		"as a cookie for comments": func(text string) answer {
			return f.ask(http.MethodGet, "/talk/token", "", "Origin", f.w.Addresses().Talk, "Cookie", cookieOf(text))
		},
		"as a state":           f.callback,
		"as a hand-off":        f.redeem,
		"as a code of Coral's": f.coralsCode,
		"as a Talk token":      func(text string) answer { return f.bearer("/four/user", text) },
		"as an access token":   func(text string) answer { return f.bearer("/talk/oauth/userinfo", text) },
	}
	for where, try := range places {
		for _, text := range texts {
			a := try(text)
			// 503 is for what is sealed under a key that is nobody's here: another replica might hold it.
			if a.status < http.StatusBadRequest || a.status == http.StatusTooManyRequests || a.status == http.StatusInternalServerError {
				t.Fatalf("%s a text from the copy is answered %d %s, want a refusal", where, a.status, a.body)
			}
			for _, c := range a.header.Values("Set-Cookie") {
				if strings.HasPrefix(c, "__Host-chatgate=") && !strings.HasPrefix(c, "__Host-chatgate=;") {
					t.Fatalf("%s a text from the copy brings a session", where)
				}
			}
		}
	}
}

// opensNothingElse is the same for those whom the gateway signs people in to, and for the provider.
func opensNothingElse(t *testing.T, w *world, texts []string) {
	t.Helper()
	for _, text := range texts {
		if w.RocketChat.Alive(text) {
			t.Fatal("a text from the copy is a login token of Rocket.Chat's")
		}
		if viewer, err := w.Coral.Verify(t.Context(), text); err == nil && !viewer.Anonymous() {
			t.Fatalf("a text from the copy makes %s of whoever shows it to Coral", viewer.Username)
		}
		if refreshes(t, w, text) {
			t.Fatal("a text from the copy is a refresh token of the provider's")
		}
		recorder, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/userinfo", nil)
		request.Header.Set("Authorization", "Bearer "+text)
		w.Provider.ServeHTTP(recorder, request)
		if recorder.Code == http.StatusOK {
			t.Fatal("a text from the copy is an access token of the provider's")
		}
	}
}
