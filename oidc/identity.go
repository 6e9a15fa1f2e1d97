package oidc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Identity is what the provider asserted. A person is the pair of Provider and Subject and never an e-mail address
// or a name, which change hands (S49). It is stored in sessions, hence the short names.
type Identity struct {
	Provider string `json:"p"`             // the provider's key in the configuration
	Subject  string `json:"s"`             // opaque; compared byte by byte
	SID      string `json:"sid,omitempty"` // the provider's session, for its logout calls
	Username string `json:"u,omitempty"`
	Name     string `json:"n,omitempty"`   // fit to be shown
	Email    string `json:"e,omitempty"`   // as the provider spells it
	Picture  string `json:"pic,omitempty"` // an https address
	// EmailVerified is true when the provider said so with a boolean, or is trusted to (S50).
	EmailVerified bool `json:"v,omitempty"`
	// Groups is nil when the claim is missing or cannot be read whole; rules must then refuse (S53).
	Groups   []string  `json:"g,omitempty"`
	AuthTime time.Time `json:"at,omitzero"` // when the person signed in at the provider, if it says so
	ACR      string    `json:"acr,omitempty"`
	// Custom are further claims by the names that the configuration gives them. One that is missing, no text or too
	// long is not there.
	Custom map[string]string `json:"c,omitempty"`
}

// identify reads the identity from the ID token, and from userinfo what is configured but missing there.
func (rp *RelyingParty) identify(ctx context.Context, p *provider, id claims, access Secret) (Identity, error) {
	sources := []claims{id}
	if p.userinfo != "" && rp.incomplete(id) {
		more, err := rp.fetchUserinfo(ctx, p, id.text("sub"), access)
		if err != nil {
			return Identity{}, err
		}
		sources = append(sources, more)
	}
	return rp.identity(ctx, sources), nil
}

// identity takes each claim from the first source that has it; the first source is the ID token.
func (rp *RelyingParty) identity(ctx context.Context, sources []claims) Identity {
	id, paths := sources[0], rp.cfg.Claims
	identity := Identity{
		Provider: rp.env.Provider,
		Subject:  id.text("sub"),
		SID:      exact(id.text("sid"), maxSubject),
		Username: exact(first(sources, paths.Username).textAt(paths.Username), maxUsername),
		Name:     display(first(sources, paths.Name).textAt(paths.Name), maxName),
		Picture:  portrait(first(sources, paths.Picture).textAt(paths.Picture)),
		ACR:      exact(id.text("acr"), maxSubject),
	}
	identity.Email, identity.EmailVerified = rp.email(sources)
	identity.AuthTime, _ = id.time("auth_time")
	identity.Groups = rp.groups(ctx, sources)
	identity.Custom = rp.custom(sources)
	return identity
}

// first is the first source that has the claim, or nil.
func first(sources []claims, path Path) claims {
	for _, c := range sources {
		if _, ok := c.at(path); ok {
			return c
		}
	}
	return nil
}

// incomplete reports whether a configured claim is missing from the ID token, so that userinfo is worth a call.
// Where the e-mail address counts only when verified, the word on that is part of it.
func (rp *RelyingParty) incomplete(id claims) bool {
	paths := rp.cfg.Claims
	wanted := []Path{paths.Username, paths.Email, paths.Name, paths.Groups, paths.Picture, rp.verifiedPath()}
	for _, path := range slices.AppendSeq(wanted, maps.Values(paths.Custom)) {
		if _, ok := id.at(path); !ok && len(path) > 0 && !elsewhere(id, path) {
			return true
		}
	}
	return false
}

// verifiedPath is the claim that vouches for the e-mail address, if one can. The operator may name any; email_verified,
// and what a product has in its place, speak of the claim named email beside them and not of a principal name.
func (rp *RelyingParty) verifiedPath() Path {
	email, verified := rp.cfg.Claims.Email, rp.cfg.Claims.Verified
	usual := rp.cfg.Preset.defaults().Claims.Verified
	switch {
	case rp.cfg.TrustEmail || len(email) == 0:
		return nil
	case len(verified) > 0 && !slices.Equal(verified, usual):
		return verified
	case email[len(email)-1] != "email":
		return nil
	case len(verified) > 0:
		return verified
	}
	return email.sibling("email_verified")
}

// email takes the address and the word on it from one source, so that userinfo never vouches for an address of the
// ID token that it does not name itself. Only the boolean true counts, and what the product writes in its place (S50).
func (rp *RelyingParty) email(sources []claims) (email string, verified bool) {
	path := rp.cfg.Claims.Email
	email = mailbox(first(sources, path).textAt(path))
	if email == "" {
		return "", false
	}
	for _, c := range sources {
		if word, given := c.at(rp.verifiedPath()); given && c.textAt(path) == email {
			return email, word == true || rp.cfg.Preset.vouches(rp.verifiedPath(), word)
		}
	}
	return email, rp.cfg.TrustEmail
}

// elsewhere reports a claim that the provider keeps at another place (OpenID Connect Core 1.0, Section 5.6.2). Entra
// does so with more groups than fit into a token, and userinfo does not have them either.
func elsewhere(c claims, path Path) bool {
	if len(path) != 1 {
		return false
	}
	_, is := c.at(Path{"_claim_names", path[0]})
	return is
}

// groups is nil, with a warning, when the claim cannot be read whole: with half of it a rule that excludes would let
// people in (S53). A claim that is simply missing is not worth a line.
func (rp *RelyingParty) groups(ctx context.Context, sources []claims) []string {
	path := rp.cfg.Claims.Groups
	groups, err := readGroups(sources, path)
	if err != nil {
		rp.env.Log.WarnContext(ctx, "groups claim cannot be used", "claim", path.String(), "sub", sources[0].text("sub"), "err", err)
		return nil
	}
	return groups
}

func readGroups(sources []claims, path Path) ([]string, error) {
	if elsewhere(sources[0], path) {
		return nil, errors.New("the provider has more groups than it puts into a token; " +
			"let it name only those assigned to the application, or roles in their place")
	}
	value, ok := first(sources, path).at(path)
	if !ok {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, errors.New("not a list")
	}
	if len(list) > maxGroups {
		return nil, errors.New("too many groups")
	}
	groups := make([]string, len(list))
	for i, entry := range list {
		group, _ := entry.(string)
		if groups[i] = exact(group, maxGroup); groups[i] == "" {
			return nil, fmt.Errorf("entry %d is not a string of reasonable length", i)
		}
	}
	return groups, nil
}

// custom is nil when there is none of them: every session would pay for an empty map.
func (rp *RelyingParty) custom(sources []claims) map[string]string {
	var custom map[string]string
	for name, path := range rp.cfg.Claims.Custom {
		text := exact(first(sources, path).textAt(path), maxCustom)
		if text == "" {
			continue
		}
		if custom == nil {
			custom = map[string]string{}
		}
		custom[name] = text
	}
	return custom
}
