package chat

import (
	"context"
	"net/http"
	"strconv"

	"chatgate/gateway/decision"
)

// noteOrigin says why a request may not read tokens, and who may.
func noteOrigin(r *http.Request, listed []Origin) {
	var names []string
	for _, origin := range listed {
		names = append(names, string(origin))
	}
	code := decision.OriginUnlisted
	switch len(r.Header.Values("Origin")) {
	case 0:
		code = decision.OriginMissing
	case 1:
	default:
		code = decision.OriginsSeveral
	}
	decision.Note(r.Context(), code, "origin", decision.List(r.Header.Values("Origin")), "listed", decision.List(names))
}

// noteDenied says which rule left a person out, and what it wanted. Of the person's groups it tells how many they are, of
// their address nothing, and of listed addresses how many: they are people's too.
func noteDenied(ctx context.Context, rules *AccessRules, who Caller, reason Reason) {
	id := who.Session.Identity
	asked := rules.asked(id)
	facts := []string{"reason", string(reason), "provider", id.Provider}
	switch reason {
	case ReasonProvider:
		facts = append(facts, "wanted", decision.List(rules.providers()))
	case ReasonGroup:
		facts = append(facts, "wanted_one_of", decision.List(asked.Groups), "groups_told", strconv.Itoa(len(id.Groups)))
	case ReasonEmail:
		facts = append(facts, "wanted_domains", decision.List(asked.EmailDomains), "wanted_addresses", strconv.Itoa(len(asked.Emails)))
	case ReasonVerified:
		facts = append(facts, "address_told", strconv.FormatBool(id.Email != ""), "address_verified", strconv.FormatBool(id.EmailVerified))
	}
	decision.Note(ctx, decision.RuleRefused, facts...)
}

// Decision says it where nobody noted more.
func (e *DeniedError) Decision() (code string, facts []string) {
	return string(decision.RuleRefused), []string{"reason", string(e.Reason)}
}
