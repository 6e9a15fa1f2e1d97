package app

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"
)

// Bounds of one look at published keys.
const (
	keysTime  = 10 * time.Second
	keysBytes = 1 << 20
)

// ReadKeys fetches the RSA keys that are published at an address, by key id, as a product does that verifies with them.
// It leaves out whatever is of another kind.
func ReadKeys(ctx context.Context, address string) (map[string]*rsa.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errors.New("read keys: the address is none")
	}
	w, err := newTransport().RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer func() { _ = w.Body.Close() }()
	if w.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read keys: %s answers with %d", address, w.StatusCode)
	}
	var set struct {
		Keys []struct{ KTY, KID, N, E string }
	}
	if err := json.NewDecoder(io.LimitReader(w.Body, keysBytes)).Decode(&set); err != nil {
		return nil, fmt.Errorf("read keys: %s answers with no JWK set", address)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(k.N)
		e, errE := base64.RawURLEncoding.DecodeString(k.E)
		exponent := new(big.Int).SetBytes(e)
		if k.KTY != "RSA" || k.KID == "" || errN != nil || errE != nil || !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
			continue
		}
		keys[k.KID] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("read keys: %s has no RSA key with a key id", address)
	}
	return keys, nil
}
