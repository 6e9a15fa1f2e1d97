package app_test

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
	"chatgate/cmd/internal/app"
	"chatgate/store/storetest/redistest"
)

const chartFolder = "../../../charts/chatgate"

// What the chart mounts is checked by the code that reads it at start, in every scenario that the chart promises to keep
// working: unknown keys, wrong types and missing secrets stop it (H10).
func TestTheChartsConfigurationsOpen(t *testing.T) {
	chart := charttest.Open(t, chartFolder)
	secret := secrets(t)
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			objects := chart.Scenario(t, scenario)
			for _, name := range charttest.Variables(charttest.Configuration(t, objects)) {
				t.Setenv(name, secret(name))
			}
			loaded, err := app.Load(charttest.Mount(t, objects, secret), app.Chats(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := app.Check(loaded.Config); err != nil {
				t.Error(err)
			}
			if _, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler)}); err != nil {
				t.Error(err)
			}
		})
	}
}

// secrets are good for what their names say: a certificate, a private key, or else a sealing key, which is the most
// particular of the others.
func secrets(t *testing.T) func(path string) string {
	t.Helper()
	files := redistest.NewFiles(t, "sso.example.org")
	certificate, key := readFile(t, files.Cert), readFile(t, files.Key)
	return func(path string) string {
		switch filepath.Ext(path) {
		case ".crt":
			return certificate
		case ".key", ".pem":
			return key
		default:
			sum := sha256.Sum256([]byte(path))
			return base64.StdEncoding.EncodeToString(sum[:])
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The configuration in values.yaml is the gateway's file, and the chart neither adds to it nor takes anything away (H10).
func TestTheChartPassesTheConfigurationOn(t *testing.T) {
	chart := charttest.Open(t, chartFolder)
	defaults := values(t, filepath.Join(chartFolder, "values.yaml"))
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			var got map[string]any
			if err := yaml.Unmarshal([]byte(charttest.Configuration(t, chart.Scenario(t, scenario))), &got); err != nil {
				t.Fatal(err)
			}
			want := merged(defaults, values(t, chart.Values(scenario)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the mounted configuration is not the one in the values (-values +mounted):\n%s", diff)
			}
		})
	}
}

// values reads the configuration in a values file.
func values(t *testing.T, path string) map[string]any {
	t.Helper()
	var read struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, path)), &read); err != nil {
		t.Fatal(err)
	}
	return read.Config
}

// merged puts the values of a file over the chart's own, as Helm does.
func merged(under, over map[string]any) map[string]any {
	all := map[string]any{}
	for key, value := range under {
		all[key] = value
	}
	for key, value := range over {
		below, isMap := value.(map[string]any)
		former, wasMap := all[key].(map[string]any)
		if isMap && wasMap {
			value = merged(former, below)
		}
		all[key] = value
	}
	return all
}
