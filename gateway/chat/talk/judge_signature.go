package talk

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"maps"
	"slices"

	"chatgate/store"
)

// weakest is the smallest RSA key that tokens may be signed with, in bits (G1).
const weakest = 2048

// checkSignature finds the key by the key id, as the product does. Without any key to look with, it finds nothing wrong.
func (t judged) checkSignature() string {
	switch alg := t.header.text("alg"); {
	case alg == "RS256" && len(t.Keys) > 0:
		return t.checkRS256()
	case alg == "HS256" && len(t.Secrets) > 0:
		return t.checkHS256()
	case len(t.Keys) > 0 || len(t.Secrets) > 0:
		return "signed with another algorithm than the site's keys are for"
	}
	return ""
}

func (t judged) checkRS256() string {
	key, known := t.Keys[t.header.text("kid")]
	sum := sha256.Sum256([]byte(t.signed))
	switch {
	case !known:
		return "kid is not among the published keys: is the token of another site, or an old one?"
	case key.N.BitLen() < weakest:
		return "signed with an RSA key of less than 2048 bits"
	case rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], t.signature) != nil:
		return "the signature is not of the key that kid names"
	}
	return ""
}

// checkHS256 tries a lone secret whatever the key id says: the product does (T-C3, T-A2).
func (t judged) checkHS256() string {
	secret, known := t.Secrets[t.header.text("kid")]
	if !known && len(t.Secrets) == 1 {
		secret, known = slices.Collect(maps.Values(t.Secrets))[0], true
	}
	switch {
	case !known:
		return "kid is not among the secrets: was it rotated?"
	case !hmac.Equal(t.signature, sealOf(secret, t.signed)):
		return "the signature is not of the secret: it is used as the text it is, with ssosec_ and without decoding"
	}
	return ""
}

func sealOf(secret store.Secret, signed string) []byte {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}
