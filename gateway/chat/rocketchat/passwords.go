package rocketchat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"chatgate/store"
)

// passwords are those of the accounts that were made here. Nobody is told them, and no other account's is ever touched:
// setting one would end every login of its person (R24).
//
// Where there is a key, a password is derived from it and from a seed, so that neither the configuration nor the store
// has it; with it login tokens are to be had even where users.createToken is not.
type passwords struct {
	key   store.Secret
	seeds store.Bucket[seeded] // by account, and without a lifetime, like the link that it belongs to
	links *Links
}

// seeded is what we know of the password of an account that was made here.
type seeded struct {
	Seed string `json:"s"`
}

// every satisfies each policy for passwords that asks for one character of a kind.
const every = "aZ7-"

// next is the password of an account about to be made, with the seed it is derived from; without a key it is random, and
// there is no seed.
func (p *passwords) next() (password, seed string) {
	if p.key == "" {
		return every + rand.Text() + rand.Text(), ""
	}
	seed = rand.Text()
	return p.of(seed).Reveal(), seed
}

func (p *passwords) of(seed string) store.Secret {
	mac := hmac.New(sha256.New, []byte(p.key.Reveal()))
	mac.Write([]byte("rocket.chat password\x00" + seed))
	return store.Secret(every + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// remember keeps the seed of an account, if it has one.
func (p *passwords) remember(ctx context.Context, userID, seed string) error {
	if seed == "" {
		return nil
	}
	name, err := p.links.account(ctx, userID)
	if err != nil {
		return err
	}
	if err := p.seeds.Put(ctx, name, seeded{Seed: seed}, 0); err != nil {
		return fmt.Errorf("keep seed of password: %w", err)
	}
	return nil
}

// errNotOurs says that an account has a password that was not set here.
var errNotOurs = errors.New("the account's password is none of ours")

// forAccount is the password of an account, or errNotOurs.
func (p *passwords) forAccount(ctx context.Context, userID string) (store.Secret, error) {
	name, err := p.links.account(ctx, userID)
	if err != nil {
		return "", err
	}
	s, err := p.seeds.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return "", errNotOurs
	}
	if err != nil {
		return "", fmt.Errorf("read seed of password: %w", err)
	}
	return p.of(s.Seed), nil
}

// reseal brings the seeds of all linked accounts under the current sealing key (D23).
func (p *passwords) reseal(ctx context.Context) error {
	return p.links.each(ctx, func(account string) error {
		_, err := p.seeds.Reseal(ctx, account, 0)
		return err
	})
}

// login makes a login token by signing in. The service account's credentials go with it, because from 8.0 on they lift
// the limit on this route, which before then counts every sign-in from here as one address's (R28).
func (w *workspace) login(ctx context.Context, a account, password store.Secret, address string) (store.Secret, error) {
	var answer struct {
		Data struct {
			UserID    string       `json:"userId"`
			AuthToken store.Secret `json:"authToken"`
		}
	}
	err := w.client.do(ctx, call{
		name: "v1/login", method: http.MethodPost, as: &w.self, address: address,
		body: map[string]string{"user": a.Username, "password": password.Reveal()},
	}, &answer)
	if advice := loginAdvice(err); advice != "" {
		return "", &operatorError{advice: advice, cause: err}
	}
	if err != nil {
		return "", err
	}
	return tokenOf(a.ID, answer.Data.UserID, answer.Data.AuthToken, "v1/login")
}

// saysInactive says whether a login was refused because the account is switched off.
func saysInactive(err error) bool {
	refusal, ok := errors.AsType[*apiError](err)
	return ok && refusal.text == "error-user-is-not-activated"
}

// loginAdvice says what an operator has to do about a refused login, or nothing. Its code stands where other calls have
// a sentence, and 9.0 gives none at all (R30).
func loginAdvice(err error) string {
	refusal, ok := errors.AsType[*apiError](err)
	if !ok || saysInactive(err) {
		return ""
	}
	switch refusal.text {
	case "totp-required", "totp-invalid":
		return "accounts that sign in by password can have no second factor: switch off Accounts_TwoFactorAuthentication_By_Email_Auto_Opt_In " +
			"and have it removed from this account"
	case "error-login-blocked-for-ip", "error-login-blocked-for-user":
		return "Rocket.Chat blocks logins after failed ones: put the gateway's address into Block_Multiple_Failed_Logins_Ip_Whitelist"
	case "error-invalid-email":
		return "Accounts_EmailVerification keeps accounts out whose e-mail address is not verified"
	}
	return "Rocket.Chat does not take the password that api.passwordKey gives for this account: somebody changed it, the key " +
		"is another, LDAP is asked first, or a second factor is demanded"
}
