package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"chatgate/gateway/audit"
	"chatgate/gateway/outbox"
	"chatgate/gateway/session"
	"chatgate/oidc"
)

// Providers are the relying parties as sessions need them: asked again while a session lives, told when it has ended.
type Providers struct {
	parties map[string]*oidc.RelyingParty
	outbox  *outbox.Outbox
	audit   *audit.Log
}

var _ session.Provider = (*Providers)(nil)

// grant is the payload of a job that has a refresh token revoked.
type grant struct {
	Provider string      `json:"p"`
	Token    oidc.Secret `json:"t"`
}

// NewProviders lends the relying parties, by their keys, to sessions. Revocations go through the outbox.
func NewProviders(parties map[string]*oidc.RelyingParty, o *outbox.Outbox, log *audit.Log) *Providers {
	p := &Providers{parties: parties, outbox: o, audit: log}
	o.Handle(outbox.KindGrant, "", p.revoke)
	return p
}

// Refresh implements session.Provider. A provider that is not configured any more vouches for nobody.
func (p *Providers) Refresh(ctx context.Context, former oidc.Identity, t oidc.Tokens) (oidc.Identity, oidc.Tokens, error) {
	rp, ok := p.parties[former.Provider]
	if !ok {
		return oidc.Identity{}, oidc.Tokens{}, &oidc.RefusedError{
			Reason: oidc.ReasonRefresh, Err: errors.New("its provider is no longer configured"),
		}
	}
	return rp.Refresh(ctx, former, t)
}

// RevokeLater implements session.Provider.
func (p *Providers) RevokeLater(ctx context.Context, provider string, t oidc.Tokens) error {
	if t.Refresh == "" {
		return nil
	}
	return p.outbox.Enqueue(ctx, outbox.KindGrant, "", grant{Provider: provider, Token: t.Refresh})
}

// revoke tells a provider to forget a refresh token, and is done again until that has answered (RFC 7009, Section 2.2).
func (p *Providers) revoke(ctx context.Context, job outbox.Job) error {
	var g grant
	if err := json.Unmarshal(job.Payload, &g); err != nil {
		return outbox.Permanent(errors.New("revoke grant: the job does not decode"))
	}
	rp, ok := p.parties[g.Provider]
	if !ok {
		return outbox.Permanent(errors.New("revoke grant: its provider is no longer configured"))
	}
	if err := rp.Revoke(ctx, oidc.Tokens{Refresh: g.Token}); err != nil {
		return fmt.Errorf("revoke grant: %w", err)
	}
	p.audit.Record(ctx, audit.Event{Act: audit.GrantRevoked, Reason: audit.SessionEnded, Actor: audit.ActorGateway, Provider: g.Provider})
	return nil
}
