package tracing

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// FromEnvironment reads OpenTelemetry's environment variables; get is os.Getenv. On is false where traces are not asked for:
// without an endpoint, with OTEL_SDK_DISABLED=true, or with an OTEL_TRACES_EXPORTER that does not name otlp. An error names the
// variable that cannot be used, and never shows a header.
func FromEnvironment(get func(name string) string) (cfg Config, on bool, err error) {
	exporters := strings.Split(cmp.Or(get("OTEL_TRACES_EXPORTER"), "otlp"), ",")
	if strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") || !slices.Contains(exporters, "otlp") {
		return cfg, false, nil
	}
	v := variables{get: get}
	if cfg.Endpoint = v.endpoint(); cfg.Endpoint == "" {
		return cfg, false, v.err()
	}
	cfg.Headers = Headers(v.pairs("OTEL_EXPORTER_OTLP_HEADERS", v.both("HEADERS")))
	cfg.Timeout = time.Duration(v.number("OTEL_EXPORTER_OTLP_TIMEOUT", v.both("TIMEOUT"))) * time.Millisecond
	cfg.Gzip = v.compression()
	cfg.TLS = v.tls()
	v.protocol()
	sampler, err := parseSampler(get("OTEL_TRACES_SAMPLER"), get("OTEL_TRACES_SAMPLER_ARG"))
	v.refuse(err)
	cfg.Sampler = sampler
	cfg.Queue = v.number("OTEL_BSP_MAX_QUEUE_SIZE", get("OTEL_BSP_MAX_QUEUE_SIZE"))
	cfg.Batch = v.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"))
	cfg.Delay = time.Duration(v.number("OTEL_BSP_SCHEDULE_DELAY", get("OTEL_BSP_SCHEDULE_DELAY"))) * time.Millisecond
	cfg.Resource = v.pairs("OTEL_RESOURCE_ATTRIBUTES", get("OTEL_RESOURCE_ATTRIBUTES"))
	if name := get("OTEL_SERVICE_NAME"); name != "" {
		if !utf8.ValidString(name) {
			v.refuse(errors.New("OTEL_SERVICE_NAME: must be UTF-8"))
		}
		cfg.Resource["service.name"] = name
	}
	return cfg, v.err() == nil, v.err()
}

// variables reads variables and collects what is wrong with them.
type variables struct {
	get      func(string) string
	problems []error
}

func (v *variables) refuse(err error) {
	if err != nil {
		v.problems = append(v.problems, err)
	}
}

func (v *variables) err() error { return errors.Join(v.problems...) }

// both is a variable of the exporter's: the one for traces goes first.
func (v *variables) both(name string) string {
	return cmp.Or(v.get("OTEL_EXPORTER_OTLP_TRACES_"+name), v.get("OTEL_EXPORTER_OTLP_"+name))
}

func (v *variables) endpoint() string {
	name, address := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", v.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if address == "" {
		if name = "OTEL_EXPORTER_OTLP_ENDPOINT"; v.get(name) == "" {
			return ""
		}
		address = strings.TrimSuffix(v.get(name), "/") + "/v1/traces"
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		v.refuse(fmt.Errorf("%s: must be an http or https address without a password", name)) // which is why it is not shown
		return ""
	}
	return address
}

// protocol refuses what is not spoken: gRPC would make the program a tenth larger.
func (v *variables) protocol() {
	if p := v.both("PROTOCOL"); p != "" && p != "http/protobuf" {
		v.refuse(fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf, got %q", p))
	}
}

func (v *variables) compression() bool {
	switch c := v.both("COMPRESSION"); c {
	case "", "none":
		return false
	case "gzip":
		return true
	default:
		v.refuse(fmt.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION: must be gzip or none, got %q", c))
		return false
	}
}

// number is a positive whole number, or 0 where none is given.
func (v *variables) number(name, value string) int {
	if value == "" {
		return 0
	}
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 || n > 1<<30 {
		v.refuse(fmt.Errorf("%s: must be a positive whole number, got %q", name, value))
		return 0
	}
	return n
}

// pairs reads name=value,name=value with percent-encoded values. Values may be secrets: no error shows one.
func (v *variables) pairs(name, text string) map[string]string {
	found := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || strings.TrimSpace(key) == "" || !utf8.ValidString(key) || !utf8.ValidString(decoded) {
			v.refuse(fmt.Errorf("%s: must be name=value,name=value with percent-encoded values of UTF-8", name))
			return found
		}
		found[strings.TrimSpace(key)] = decoded
	}
	return found
}

// tls is for a collector with a certificate of a private authority, or one that wants to see ours.
func (v *variables) tls() *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := v.both("CERTIFICATE"); path != "" {
		text, err := os.ReadFile(path)
		cfg.RootCAs = x509.NewCertPool()
		if err == nil && !cfg.RootCAs.AppendCertsFromPEM(text) {
			err = fmt.Errorf("no certificate in %s", path)
		}
		if err != nil {
			v.refuse(fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err))
		}
	}
	if certificate, key := v.both("CLIENT_CERTIFICATE"), v.both("CLIENT_KEY"); certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			v.refuse(fmt.Errorf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: %w", err))
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg
}
