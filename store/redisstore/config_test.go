package redisstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"chatgate/store/redisstore"
)

func TestConfigCheck(t *testing.T) {
	t.Parallel()
	standalone := &redisstore.Standalone{Address: "cache:6380"}
	tests := []struct {
		name string
		cfg  redisstore.Config
		want []string
	}{
		{"one server is enough", redisstore.Config{Standalone: standalone}, nil},
		{"a socket is an address", at("unix:/run/redis.sock"), nil},
		{"a socket may be written as a URL", at("unix:///run/redis.sock"), nil},
		{"an IPv6 address is an address", at("[::1]:6379"), nil},
		{
			"Sentinels need a master and addresses",
			redisstore.Config{Sentinel: &redisstore.Sentinel{Master: "m", Addresses: []string{"a:1", "b:2"}}}, nil,
		},
		{"a Cluster needs addresses", redisstore.Config{Cluster: &redisstore.Cluster{Addresses: []string{"a:1"}}}, nil},
		{
			"none of the layouts", redisstore.Config{},
			[]string{": must have one of standalone, sentinel and cluster"},
		},
		{
			"two of the layouts",
			redisstore.Config{Standalone: standalone, Cluster: &redisstore.Cluster{Addresses: []string{"a:1"}}},
			[]string{": must have only one of standalone, sentinel and cluster, got 2 of them"},
		},
		{"an address without a port", at("cache"), []string{`standalone.address: must be host:port, got "cache"`}},
		{"an address without a host", at(":6379"), []string{`standalone.address: must be host:port, got ":6379"`}},
		{"a socket without a path", at("unix:"), []string{`standalone.address: must be host:port, got "unix:"`}},
		{"a relative socket", at("unix:redis.sock"), []string{`standalone.address: must be host:port, got "unix:redis.sock"`}},
		{
			"a negative database", redisstore.Config{Standalone: &redisstore.Standalone{Address: "a:1", Database: -1}},
			[]string{"standalone.database: must not be negative, got -1"},
		},
		{
			"Sentinels without anything", redisstore.Config{Sentinel: &redisstore.Sentinel{}},
			[]string{"sentinel.master: must be given", "sentinel.addresses: must name at least one"},
		},
		{
			"a Cluster with a bad address", redisstore.Config{Cluster: &redisstore.Cluster{Addresses: []string{"a:1", "b"}}},
			[]string{`cluster.addresses[1]: must be host:port, got "b"`},
		},
		{
			"a certificate without its key", redisstore.Config{Standalone: standalone, TLS: &redisstore.TLS{Cert: "c"}},
			[]string{"tls.key: must be given with tls.cert"},
		},
		{
			"a key without its certificate", redisstore.Config{Standalone: standalone, TLS: &redisstore.TLS{Key: "k"}},
			[]string{"tls.cert: must be given with tls.key"},
		},
		{
			"TLS on a socket",
			redisstore.Config{Standalone: &redisstore.Standalone{Address: "unix:/s"}, TLS: &redisstore.TLS{}},
			[]string{"tls: must be absent with a unix: address, which is not encrypted"},
		},
		{
			"negative sizes and times",
			redisstore.Config{Standalone: standalone, PoolSize: -1, Timeouts: redisstore.Timeouts{Read: -time.Second}},
			[]string{"timeouts.read: must not be negative, got -1s", "poolSize: must not be negative, got -1"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			tt.cfg.Check(func(key, problem string) { got = append(got, key+": "+problem) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Check(), -want +got:\n%s", diff)
			}
			_, err := redisstore.Open(tt.cfg)
			if (err != nil) != (tt.want != nil) {
				t.Errorf("Open() = %v, want an error: %v", err, tt.want != nil)
			}
		})
	}
}

func TestOpenReadsTheFilesOfTLS(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		secured redisstore.TLS
		want    string
	}{
		"an authority that is not there":     {redisstore.TLS{CA: "/nowhere.pem"}, "redis: tls.ca: open /nowhere.pem"},
		"an authority without a certificate": {redisstore.TLS{CA: empty}, "redis: tls.ca: no certificate in"},
		"a certificate that is not there":    {redisstore.TLS{Cert: "/no.pem", Key: empty}, "redis: tls.cert and tls.key: open /no.pem"},
		"a certificate file without one":     {redisstore.TLS{Cert: empty, Key: empty}, "redis: tls.cert and tls.key: tls: failed to find any PEM data"},
		"a key that is not there":            {redisstore.TLS{Cert: empty, Key: "/no.pem"}, "redis: tls.cert and tls.key: open /no.pem"},
	} {
		cfg := at("cache:6380")
		cfg.TLS = &tt.secured
		if _, err := redisstore.Open(cfg); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("Open() with %s = %v, want %q", name, err, tt.want)
		}
	}
}

func TestConfigIsTheRedisSection(t *testing.T) {
	t.Parallel()
	var got redisstore.Config
	err := yaml.UnmarshalWithOptions([]byte(`
standalone: {address: "cache:6380", database: 2}
username: chatgate
password: let-me-in
tls: {}
keyPrefix: "news:"
timeouts: {read: 250ms}
poolSize: 7
`), &got, yaml.Strict())
	if err != nil {
		t.Fatal(err)
	}
	want := redisstore.Config{
		Standalone: &redisstore.Standalone{Address: "cache:6380", Database: 2},
		Username:   "chatgate", Password: "let-me-in", TLS: &redisstore.TLS{}, KeyPrefix: "news:",
		Timeouts: redisstore.Timeouts{Read: 250 * time.Millisecond}, PoolSize: 7,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConfigHidesItsPasswords(t *testing.T) {
	t.Parallel()
	cfg := redisstore.Config{Password: "let-me-in", Sentinel: &redisstore.Sentinel{Password: "let-me-in"}}
	for _, format := range []string{"%v", "%+v", "%#v"} {
		if got := fmt.Sprintf(format, cfg) + fmt.Sprintf(format, *cfg.Sentinel); strings.Contains(got, "let-me-in") {
			t.Errorf("%s prints %s", format, got)
		}
	}
}
