package talk

import "time"

// stamp is what differs between two tokens that say the same.
type stamp struct {
	ID       string // 128 random bits or more (G7)
	Nonce    string
	Basis    string // see connector.basis; not part of the token
	IssuedAt time.Time
	Expires  time.Time

	HandedOver bool // see signed; not part of the token
}

// shape makes the claims of one profile. What an account does not have is left out: to Coral null, an empty string and
// a value of another type are reasons to refuse the token (G10).
type shape func(account, stamp) any

func (c *Config) shape(accountPage string) shape {
	switch c.Profile {
	case CoralSSO:
		return coralSSO(accountPage)
	case CoralOIDC:
		return coralOIDC(c.Issuer, c.audience())
	default:
		return talk4(c.Issuer, c.audience())
	}
}

// audience is the one string that tokens name as theirs (D16), empty for single sign-on.
func (c *Config) audience() string {
	switch c.Profile {
	case CoralOIDC:
		return c.Client.ID
	case Talk4:
		return c.Audience
	default:
		return ""
	}
}

// life is what every token says of itself. There is no nbf, since neither product allows for clocks that differ (G7).
type life struct {
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

func (s stamp) life() life {
	return life{ID: s.ID, IssuedAt: s.IssuedAt.Unix(), Expires: s.Expires.Unix()}
}

// ssoClaims have no iss, aud, sub or nonce: with them Coral takes the token for one of OpenID Connect, and refuses it
// (G15).
type ssoClaims struct {
	life
	User ssoUser `json:"user"`
}

type ssoUser struct {
	ID       string   `json:"id"`
	Email    string   `json:"email"`
	Username string   `json:"username"`
	Role     Role     `json:"role,omitempty"`
	Badges   []string `json:"badges,omitzero"` // [] takes the last one away; Coral refuses null
	URL      string   `json:"url"`
	Avatar   string   `json:"avatar,omitempty"`
}

// coralSSO is for Coral's single sign-on. Coral shows the account page as the place where a name is changed, because
// what is changed in Coral is overwritten by the next token.
func coralSSO(accountPage string) shape {
	return func(a account, s stamp) any {
		return ssoClaims{life: s.life(), User: ssoUser{
			ID: a.ID, Email: a.Email, Username: a.Username, Role: a.Role, Badges: a.Badges, URL: accountPage, Avatar: a.Picture,
		}}
	}
}

// oidcClaims are those of an ID token. The nonce has nothing to compare it with in a token that a page pushes, but
// Coral 6.4.2 and later end their process over a token without one (G19).
type oidcClaims struct {
	life
	Issuer        string `json:"iss"`
	Subject       string `json:"sub"`
	Audience      string `json:"aud"`
	Nonce         string `json:"nonce"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`
	Username      string `json:"preferred_username"`
	Picture       string `json:"picture,omitempty"`
}

// coralOIDC is for Coral's OpenID Connect integration.
func coralOIDC(issuer, audience string) shape {
	return func(a account, s stamp) any {
		return oidcClaims{
			life: s.life(), Issuer: issuer, Subject: a.ID, Audience: audience, Nonce: s.Nonce,
			Email: a.Email, EmailVerified: a.Email != "", Username: a.Username, Picture: a.Picture,
		}
	}
}

type talk4Claims struct {
	life
	Issuer        string `json:"iss"`
	Subject       string `json:"sub"`
	Audience      string `json:"aud"`
	Username      string `json:"username"`
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"email_verified,omitempty"`
}

// talk4 is for Talk 4, whose plugin reads the profile of a person it meets for the first time (G11).
func talk4(issuer, audience string) shape {
	return func(a account, s stamp) any {
		return talk4Claims{
			life: s.life(), Issuer: issuer, Subject: a.ID, Audience: audience,
			Username: a.Username, Email: a.Email, EmailVerified: a.Email != "",
		}
	}
}
