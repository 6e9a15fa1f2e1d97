package oidc

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzIdentity maps whatever a provider says in an ID token and at userinfo. What comes out is bounded, holds no control
// character, and says of an e-mail address that it is verified only where one of the two said so of that very address,
// with the boolean true (S50, S51, S53, S86, S135).
func FuzzIdentity(f *testing.F) {
	for _, seed := range []struct {
		id, userinfo string
		trust        bool
	}{
		{`{"sub":"ada","email":"ada@example.org","email_verified":true,"groups":["staff"],"name":"Ada"}`, `{"sub":"ada"}`, false},
		{`{"sub":"ada","email":"ada@example.org"}`, `{"sub":"ada","email":"eve@example.org","email_verified":true}`, false},
		{`{"sub":"ada","email":"ada@example.org","email_verified":"true"}`, `{"sub":"ada","email_verified":true}`, false},
		{`{"sub":"ada","email":"a@b@example.org","groups":"staff"}`, `{"groups":["a",1]}`, true},
		{`{"sub":"ada","groups":[""],"_claim_names":{"groups":"src1"}}`, `{"groups":["staff"]}`, false},
		{`{"sub":"ada","name":"\u202eadA\u0000","picture":"javascript:alert(1)","sid":"\u0007"}`, `{"picture":"https://u:p@idp.example.org/x"}`, false},
		{`{"sub":"ada","preferred_username":["ada"],"dept":{"a":1}}`, `{"preferred_username":"ada","dept":"Analysis"}`, true},
	} {
		f.Add(seed.id, seed.userinfo, seed.trust)
	}
	rp, _, _ := fuzzParty(f)
	rp.cfg.Claims.Custom = map[string]Path{"department": {"dept"}}
	f.Fuzz(func(t *testing.T, idToken, userinfo string, trust bool) {
		id, err := decodeClaims([]byte(idToken))
		if err != nil {
			return
		}
		sources := []claims{id}
		if more, err := decodeClaims([]byte(userinfo)); err == nil {
			sources = append(sources, more)
		}
		rp.cfg.TrustEmail = trust
		got := rp.identity(t.Context(), sources)
		for what, text := range map[string]struct {
			value string
			limit int
		}{
			"sid": {got.SID, 255}, "username": {got.Username, 128}, "name": {got.Name, 256}, "email": {got.Email, 254},
			"picture": {got.Picture, 2048}, "acr": {got.ACR, 255}, "custom claim": {got.Custom["department"], 256},
		} {
			if len(text.value) > text.limit || !utf8.ValidString(text.value) || strings.ContainsFunc(text.value, unicode.IsControl) {
				t.Errorf("%s = %q is not fit to be kept", what, text.value)
			}
		}
		if got.EmailVerified && !trust && !vouchedFor(got.Email, idToken, userinfo) {
			t.Errorf("%q counts as verified, and nobody said so:\n%s\n%s", got.Email, idToken, userinfo)
		}
		if got.Email != "" && (strings.Count(got.Email, "@") != 1 || strings.ContainsFunc(got.Email, unicode.IsSpace)) {
			t.Errorf("%q is no address", got.Email)
		}
		if u, err := url.Parse(got.Picture); got.Picture != "" && (err != nil || u.Scheme != "https" || u.User != nil) {
			t.Errorf("picture = %q, want an https address", got.Picture)
		}
		if len(got.Groups) > 1000 || slices.Contains(got.Groups, "") || !saidAll(got.Groups, idToken, userinfo) {
			t.Errorf("groups = %q, which nobody said:\n%s\n%s", got.Groups, idToken, userinfo)
		}
	})
}

// vouchedFor says whether one document names the address and says true of it.
func vouchedFor(email string, documents ...string) bool {
	return slices.ContainsFunc(documents, func(document string) bool {
		var said map[string]any
		return json.Unmarshal([]byte(document), &said) == nil && said["email"] == email && said["email_verified"] == true
	})
}

// saidAll says whether one document has exactly these groups and no word of more elsewhere.
func saidAll(groups []string, documents ...string) bool {
	if groups == nil {
		return true
	}
	return slices.ContainsFunc(documents, func(document string) bool {
		var said struct {
			Groups []string
			Kept   map[string]any `json:"_claim_names"`
		}
		_ = json.Unmarshal([]byte(document), &said)
		return slices.Equal(said.Groups, groups)
	})
}
