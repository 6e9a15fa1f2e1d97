package tracing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatgate/gateway/tracing"
)

func environment(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

func TestTracesAreOffUnlessTheEnvironmentAsks(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  []string
		on   bool
	}{
		{"nothing", nil, false},
		{"no endpoint", []string{"OTEL_TRACES_SAMPLER", "always_on", "OTEL_SERVICE_NAME", "x"}, false},
		{"an endpoint", []string{endpoint, "http://c:4318"}, true},
		{"an endpoint for traces alone", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/x"}, true},
		{"one for others alone", []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c:4318"}, false},
		{"an endpoint, and all switched off", []string{endpoint, "http://c:4318", "OTEL_SDK_DISABLED", "true"}, false},
		{"an endpoint, and no exporter", []string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "none"}, false},
		{"an endpoint, and another exporter", []string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "console"}, false},
		{"an endpoint, and this exporter among others", []string{endpoint, "http://c:4318", "OTEL_TRACES_EXPORTER", "console,otlp"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, on, err := tracing.FromEnvironment(environment(tc.env...)); on != tc.on || err != nil {
				t.Errorf("FromEnvironment() = %t, %v; want %t", on, err, tc.on)
			}
		})
	}
}

func TestTheEnvironmentIsRead(t *testing.T) {
	got, on, err := tracing.FromEnvironment(environment(
		endpoint, "https://collector:4318/", "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x, a=b", "OTEL_EXPORTER_OTLP_TIMEOUT", "2500",
		"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip", "OTEL_EXPORTER_OTLP_COMPRESSION", "none", "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf",
		"OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0.1", "OTEL_SERVICE_NAME", "sso",
		"OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=prod%2C1", "OTEL_BSP_MAX_QUEUE_SIZE", "100",
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10", "OTEL_BSP_SCHEDULE_DELAY", "1000",
	))
	if err != nil || !on {
		t.Fatalf("FromEnvironment() = %t, %v", on, err)
	}
	want := tracing.Config{
		Endpoint: "https://collector:4318/v1/traces", Headers: tracing.Headers{"authorization": "Bearer x", "a": "b"}, Timeout: 2500 * time.Millisecond,
		Gzip: true, Sampler: tracing.Sampler{Ratio: 0.1, Parents: true}, Queue: 100, Batch: 10, Delay: time.Second,
		Resource: map[string]string{"service.name": "sso", "deployment.environment.name": "prod,1"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(tracing.Config{}, "TLS")); diff != "" {
		t.Errorf("FromEnvironment() (-want +got):\n%s", diff)
	}
	if got, _, _ := tracing.FromEnvironment(environment(endpoint, "http://c")); got.Sampler != (tracing.Sampler{Ratio: 1, Parents: true}) {
		t.Errorf("the sampler is %+v unless one is named, want parentbased_always_on", got.Sampler)
	}
}

func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, value, want string }{
		{endpoint, "collector:4317", endpoint + ": must be an http or https address"},
		{endpoint, "http://user:s3cret@collector", endpoint + ": must be an http or https address without a password"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://s3cret", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", `OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf, got "grpc"`},
		{"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "OTEL_EXPORTER_OTLP_COMPRESSION: must be gzip or none"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "s3cret", "OTEL_EXPORTER_OTLP_HEADERS: must be name=value"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "a=%zz-s3cret", "OTEL_EXPORTER_OTLP_HEADERS: must be name=value"},
		{"OTEL_SERVICE_NAME", "\xff-s3cret", "OTEL_SERVICE_NAME: must be UTF-8"},
		{"OTEL_RESOURCE_ATTRIBUTES", "a=%ff", "OTEL_RESOURCE_ATTRIBUTES: must be name=value"},
		{"OTEL_RESOURCE_ATTRIBUTES", "\xff=s3cret", "OTEL_RESOURCE_ATTRIBUTES: must be name=value"},
		{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TIMEOUT: must be a positive whole number"},
		{"OTEL_BSP_MAX_QUEUE_SIZE", "-1", "OTEL_BSP_MAX_QUEUE_SIZE: must be a positive whole number"},
		{"OTEL_TRACES_SAMPLER", "jaeger_remote", "OTEL_TRACES_SAMPLER: must be always_on"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem", "OTEL_EXPORTER_OTLP_CERTIFICATE: open /nowhere.pem"},
		{"OTEL_EXPORTER_OTLP_CERTIFICATE", empty, "OTEL_EXPORTER_OTLP_CERTIFICATE: no certificate in"},
		{"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere.pem", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: open"},
	} {
		t.Run(tc.name+"="+tc.value, func(t *testing.T) {
			_, on, err := tracing.FromEnvironment(environment(endpoint, "http://c:4318", tc.name, tc.value))
			if on || err == nil || !strings.HasPrefix(err.Error(), tc.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("FromEnvironment() = %t, %v; want %q", on, err, tc.want)
			}
		})
	}
	for _, argument := range []string{"2", "-1", "NaN", "x"} {
		_, on, err := tracing.FromEnvironment(environment(endpoint, "http://c", "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", argument))
		if on || err == nil || !strings.HasPrefix(err.Error(), "OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1") {
			t.Errorf("a ratio of %q = %t, %v", argument, on, err)
		}
	}
}

// An operator finds every variable in the guide. Those of the exporter are there once, without TRACES_.
func TestTheGuideNamesEveryVariable(t *testing.T) {
	guide, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	known := environment(endpoint, "http://c:4318", "OTEL_TRACES_SAMPLER", "traceidratio")
	if _, on, err := tracing.FromEnvironment(func(name string) string {
		general := strings.Replace(name, "_OTLP_TRACES_", "_OTLP_", 1)
		if !strings.Contains(string(guide), "| `"+general+"` |") {
			t.Errorf("%s is read, and the guide has no row for %s", name, general)
		}
		return known(name)
	}); !on || err != nil {
		t.Fatalf("FromEnvironment() = %t, %v", on, err)
	}
}
