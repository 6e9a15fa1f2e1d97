package talktest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// administration are the root fields that administrators ask for in free-form text, each with its answer.
var administration = map[string]func(c *Coral, ctx context.Context, args map[string]any) (any, error){
	"settings":                   (*Coral).readSettings,
	"sites":                      (*Coral).readSites,
	"discoverOIDCConfiguration":  (*Coral).discover,
	"updateSettings":             (*Coral).updateSettings,
	"rotateSSOSigningSecret":     (*Coral).rotateSecret,
	"deactivateSSOSigningSecret": (*Coral).deactivateSecret,
	"deleteSSOSigningSecret":     (*Coral).deleteSecret,
	"createSite":                 (*Coral).createSite,
}

// administers parses a free-form text and says whether it is one of administration.
func administers(q graphqlRequest) (fields []selection, ok bool, err error) {
	if q.ID != "" || q.Query == "" {
		return nil, false, nil
	}
	var variables map[string]any
	if len(q.Variables) > 0 && json.Unmarshal(q.Variables, &variables) != nil {
		return nil, false, fmt.Errorf("variables must be an object")
	}
	fields, err = parseQuery(q.Query, variables)
	if err != nil || len(fields) == 0 {
		return nil, false, err
	}
	_, ok = administration[fields[0].name]
	return fields, ok, nil
}

// administer answers an administrator.
func (c *Coral) administer(w http.ResponseWriter, r *http.Request, fields []selection) {
	data := map[string]any{}
	for _, f := range fields {
		answer, ok := administration[f.name]
		if !ok || f.name == "sites" && !c.release.since(6, 0, 0) {
			graphqlFailure(w, http.StatusBadRequest, codeInvalidQuery, fmt.Sprintf("Cannot query field %q on type \"Query\".", f.name))
			return
		}
		value, err := answer(c, r.Context(), f.args)
		if err == nil {
			value, err = project(value, f.fields)
		}
		if err != nil {
			graphqlFailure(w, http.StatusBadRequest, codeInvalidQuery, err.Error())
			return
		}
		data[f.name] = value
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": data})
}

// codeInvalidQuery is Apollo's code for a text that does not fit the schema.
const codeInvalidQuery = "GRAPHQL_VALIDATION_FAILED"

// readSettings computes what is not stored: the callback, whose scheme is https only where Coral trusts its proxy, and the
// secrets, which releases before 5.3 know only one of.
func (c *Coral) readSettings(context.Context, map[string]any) (any, error) {
	s := c.state.Load()
	auth := maps.Clone(s.auth)
	integrations := maps.Clone(auth["integrations"].(map[string]any))
	oidc, sso := maps.Clone(integrations["oidc"].(map[string]any)), maps.Clone(integrations["sso"].(map[string]any))
	oidc["callbackURL"], oidc["redirectURL"] = c.ownOrigin()+callbackPath, c.ownOrigin()+"/api/auth/oidc"
	c.showSecrets(s, sso)
	integrations["oidc"], integrations["sso"] = oidc, sso
	auth["integrations"] = integrations
	return map[string]any{"auth": auth}, nil
}

func (c *Coral) showSecrets(s *settings, sso map[string]any) {
	sso["key"], sso["keyGeneratedAt"] = nil, nil
	list := []any{}
	for _, secret := range s.secrets {
		list = append(list, document(secret))
		if secret.RotatedAt == nil {
			sso["key"], sso["keyGeneratedAt"] = secret.Secret, secret.CreatedAt
		}
	}
	if c.release.since(5, 3, 0) {
		sso["signingSecrets"] = list
	}
}

// ownOrigin is Coral's address as Coral makes it up (T-C2): it believes X-Forwarded-Proto only with TRUST_PROXY.
func (c *Coral) ownOrigin() string {
	if c.cfg.DistrustsProxy {
		return "http://" + strings.TrimPrefix(c.cfg.URL, "https://")
	}
	return c.cfg.URL
}

func (c *Coral) readSites(context.Context, map[string]any) (any, error) {
	edges := []any{}
	for _, site := range c.state.Load().sites {
		edges = append(edges, map[string]any{"node": document(site)})
	}
	return map[string]any{"edges": edges, "pageInfo": map[string]any{"hasNextPage": false, "endCursor": nil}}, nil
}

// discover fills the form of Coral's administration from the provider's document; nothing is kept of it.
func (c *Coral) discover(ctx context.Context, args map[string]any) (any, error) {
	address := text(args, "issuer") + "/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("discover: %w", err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("discover: %w", err)
	}
	defer res.Body.Close()
	var found map[string]any
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, jwksMaxBytes)).Decode(&found); err != nil {
		return nil, fmt.Errorf("discover: %w", err)
	}
	return map[string]any{
		"issuer": found["issuer"], "authorizationURL": found["authorization_endpoint"],
		"tokenURL": found["token_endpoint"], "jwksURI": found["jwks_uri"],
	}, nil
}

// input is a mutation's argument. Relay's id is required of every one.
func input(args map[string]any) (map[string]any, error) {
	in, _ := args["input"].(map[string]any)
	if _, ok := in["clientMutationId"].(string); !ok {
		return nil, fmt.Errorf("Field \"clientMutationId\" of required type \"String!\" was not provided")
	}
	return in, nil
}

// updateSettings takes a part of the settings. Whoever names auth has to name its session duration.
func (c *Coral) updateSettings(ctx context.Context, args map[string]any) (any, error) {
	in, err := input(args)
	if err != nil {
		return nil, err
	}
	patch, _ := in["settings"].(map[string]any)
	auth, named := patch["auth"].(map[string]any)
	if !named || len(patch) != 1 {
		return nil, fmt.Errorf("the stand-in keeps the settings of \"auth\" alone")
	}
	if _, ok := auth["sessionDuration"].(float64); !ok {
		return nil, fmt.Errorf("Field \"sessionDuration\" of required type \"Int!\" was not provided")
	}
	if err := c.Set(auth); err != nil {
		return nil, err
	}
	return c.mutated(ctx, in)
}

func (c *Coral) mutated(ctx context.Context, in map[string]any) (any, error) {
	settings, err := c.readSettings(ctx, nil)
	return map[string]any{"settings": settings, "clientMutationId": in["clientMutationId"]}, err
}

// changeSecrets replaces the list of secrets.
func (c *Coral) changeSecrets(change func([]SigningSecret) []SigningSecret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *c.state.Load()
	s.secrets = change(slices.Clone(s.secrets))
	c.state.Store(&s)
}

// rotateSecret makes a new current secret. The former one stays good for so many seconds.
func (c *Coral) rotateSecret(ctx context.Context, args map[string]any) (any, error) {
	in, err := input(args)
	if err != nil {
		return nil, err
	}
	inactiveIn, ok := in["inactiveIn"].(float64)
	if !ok {
		return nil, fmt.Errorf("Field \"inactiveIn\" of required type \"Int!\" was not provided")
	}
	c.RotateSigningSecret(time.Duration(inactiveIn) * time.Second)
	return c.mutated(ctx, in)
}

// RotateSigningSecret makes a new current secret, as somebody at Coral's administration does. The former one stays good
// for that long.
func (c *Coral) RotateSigningSecret(inactiveIn time.Duration) {
	now := c.now()
	inactive := now.Add(inactiveIn)
	c.changeSecrets(func(all []SigningSecret) []SigningSecret {
		for i := range all {
			if all[i].RotatedAt == nil {
				all[i].RotatedAt, all[i].InactiveAt = &now, &inactive
			}
		}
		return append(all, newSigningSecret(now))
	})
}

// deactivateSecret ends a secret at once; it can still be seen.
func (c *Coral) deactivateSecret(ctx context.Context, args map[string]any) (any, error) {
	in, err := input(args)
	if err != nil {
		return nil, err
	}
	now := c.now()
	c.changeSecrets(func(all []SigningSecret) []SigningSecret {
		for i := range all {
			if all[i].KID == text(in, "kid") {
				all[i].InactiveAt = &now
			}
		}
		return all
	})
	return c.mutated(ctx, in)
}

func (c *Coral) deleteSecret(ctx context.Context, args map[string]any) (any, error) {
	in, err := input(args)
	if err != nil {
		return nil, err
	}
	c.changeSecrets(func(all []SigningSecret) []SigningSecret {
		return slices.DeleteFunc(all, func(s SigningSecret) bool { return s.KID == text(in, "kid") })
	})
	return c.mutated(ctx, in)
}

func (c *Coral) createSite(_ context.Context, args map[string]any) (any, error) {
	in, err := input(args)
	if err != nil {
		return nil, err
	}
	wanted, _ := in["site"].(map[string]any)
	origins, _ := wanted["allowedOrigins"].([]any)
	site := Site{Name: text(wanted, "name"), AllowedOrigins: []string{}}
	for _, origin := range origins {
		if s, ok := origin.(string); ok {
			site.AllowedOrigins = append(site.AllowedOrigins, s)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := *c.state.Load()
	site.ID = fmt.Sprintf("site-%d", len(s.sites)+1)
	s.sites = append(slices.Clone(s.sites), site)
	c.state.Store(&s)
	return map[string]any{"site": document(site), "clientMutationId": in["clientMutationId"]}, nil
}
