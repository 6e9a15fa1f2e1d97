package keyring_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"chatgate/gateway/keyring"
	"chatgate/store/memstore"
)

func TestNewRefusesAConfigurationThatCannotWork(t *testing.T) {
	st := newStore(t, memstore.New(memstore.Config{}), "a")
	for _, tt := range []struct {
		name string
		cfg  keyring.Config
		want string
	}{
		{"no store", keyring.Config{}, "a store is needed"},
		{"a set without a name", keyring.Config{Store: st, Sets: []keyring.SetConfig{{}}}, "a name is needed"},
		{
			"one name twice",
			keyring.Config{Store: st, Sets: []keyring.SetConfig{{Name: "talk"}, {Name: "talk"}}},
			`chat "talk": configured twice`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := keyring.New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New() error = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNothingPrintsAPrivateKey(t *testing.T) {
	k := fileKeyring(t, nil, exampleKey())
	keys, err := k.Set("talk").Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []any{k, k.Set("talk"), keys} {
		assertKeyless(t, value)
	}
	if got := fmt.Sprint(k); got != `keyring of [signing keys of "talk"]` {
		t.Errorf("a keyring prints as %q", got)
	}
}

// assertKeyless prints v in every way and looks for the private exponent of the example key.
func assertKeyless(t *testing.T, v any) {
	t.Helper()
	var log journal
	log.Logger().Info("message", "value", v)
	printed := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		printed += fmt.Sprintf(verb, v)
	}
	for _, form := range secretForms(exampleKey().D) {
		if strings.Contains(strings.ToLower(printed), form) {
			t.Errorf("%T prints the private exponent", v)
		}
	}
}

// secretForms are the ways in which Go may print a number, a part of it at least.
func secretForms(n *big.Int) []string {
	b := n.Bytes()[8:24]
	return []string{
		n.String()[:40], fmt.Sprintf("%x", b), strings.Trim(fmt.Sprint(b), "[]"),
		strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}")),
	}
}
