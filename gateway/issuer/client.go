package issuer

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"

	"chatgate/store"
)

// authenticate proves that a request comes from the client: by its name and secret in the form or in the Authorization
// header, and never in both (RFC 6749, Section 2.3). Both are compared whatever the first says.
func (c Client) authenticate(r *http.Request, form map[string]string) error {
	id, secret, err := credentials(r, form)
	if err != nil {
		return err
	}
	named, proved := same(id, c.ID), same(string(secret), c.Secret.Reveal())
	if named&proved != 1 {
		return refuseClient("another client than the site's, or a wrong secret")
	}
	return nil
}

func credentials(r *http.Request, form map[string]string) (id string, secret store.Secret, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return form["client_id"], store.Secret(form["client_secret"]), nil
	}
	user, password, ok := r.BasicAuth()
	if len(headers) > 1 || !ok {
		return "", "", refuseClient("an Authorization header that is not Basic")
	}
	if form["client_secret"] != "" {
		return "", "", refuseToken(errInvalidRequest, "the client proves itself in two ways")
	}
	// Both are form-encoded before they are put together (Section 2.3.1).
	id, errID := url.QueryUnescape(user)
	plain, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil {
		return "", "", refuseClient("a name or secret that is not form-encoded")
	}
	if named := form["client_id"]; named != "" && named != id {
		return "", "", refuseToken(errInvalidRequest, "two clients are named")
	}
	return id, store.Secret(plain), nil
}

// same compares in a time that tells nothing, the lengths included.
func same(got, want string) int {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:])
}
