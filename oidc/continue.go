package oidc

// Continue takes over what another RelyingParty has discovered at the same provider, so that a client secret that was
// rotated, or a claim that is read from elsewhere, waits for no discovery. It says whether there was anything to take over,
// and is called before rp is used.
func (rp *RelyingParty) Continue(from *RelyingParty) bool {
	known := from.current.Load()
	same := rp.cfg.Issuer == from.cfg.Issuer && rp.cfg.DiscoveryURL == from.cfg.DiscoveryURL && rp.env.Development == from.env.Development
	if known == nil || !same {
		return false
	}
	p, err := rp.newProvider(known.Metadata)
	if err != nil {
		return false // discovery will say what of the configuration the provider does not take
	}
	p.keys.inherit(known.keys)
	rp.current.Store(p)
	return true
}

// inherit copies the keys of another set, and its limit on fetching them again (S39).
func (k *keySet) inherit(from *keySet) {
	from.mu.RLock()
	defer from.mu.RUnlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.refetched, k.failure = from.keys, from.refetched, from.failure
}
