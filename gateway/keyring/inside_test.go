package keyring

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"
)

// RFC 7638, Section 3.1 gives this key and its thumbprint (S96).
func TestTheThumbprintIsThatOfTheRFC(t *testing.T) {
	const modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3" +
		"oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha" +
		"jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		t.Fatal(err)
	}
	got, err := thumbprint(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537})
	if want := "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want || err != nil {
		t.Errorf("thumbprint() = %q, %v, want %q", got, err, want)
	}
}

func TestNothingInsidePrintsAPrivateKey(t *testing.T) {
	stored, err := newDocument(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := stored.open()
	if err != nil {
		t.Fatal(err)
	}
	der := stored.Keys[0].DER[64:80]
	for _, value := range []any{stored, &stored, stored.Keys[0], &stored.Keys[0], g.candidates, g.candidates[0], *g} {
		printed := printedInEveryWay(value)
		for _, form := range []string{
			fmt.Sprintf("%x", der), strings.Trim(fmt.Sprint(der), "[]"), base64.StdEncoding.EncodeToString(der[2:14]),
			g.candidates[0].private.D.String(), fmt.Sprintf("%x", g.candidates[0].private.D),
		} {
			if strings.Contains(printed, form) {
				t.Errorf("%T prints its private key", value)
			}
		}
	}
	if body, err := json.Marshal(map[string]any{"key": g.candidates[0]}); err != nil || string(body) != `{"key":{}}` {
		t.Errorf("a signing key encodes as %s, %v, want nothing of it", body, err)
	}
}

func printedInEveryWay(v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("message", "value", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("message", "value", v)
	return out.String()
}
