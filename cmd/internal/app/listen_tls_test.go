package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chatgate/cmd/internal/app"
)

// certified makes a certificate for a host, and its key, in PEM.
func certified(t *testing.T, host string, from, until time.Time) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

// today is a certificate for the host of the working configuration that lasts so long.
func today(t *testing.T, lasts time.Duration) (certificate, key string) {
	t.Helper()
	return certified(t, "sso.example.org", time.Now().Add(-time.Hour), time.Now().Add(lasts))
}

// serving is the working configuration, kept in memory, with a section for listen.
func serving(listen string) string {
	return strings.Replace(strings.Replace(working, `standalone: {address: "cache:6379"}`, "memory: true", 1),
		"redis:\n", "listen: {drain: 0s, "+listen+"}\nredis:\n", 1)
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

// nowhere is a network on which nobody answers.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no network")
}

// served is a gateway that serves until the test ends.
type served struct {
	*app.App
	public, admin string
	log           *journal
}

func serve(t *testing.T, folder, source string) *served {
	t.Helper()
	loaded, err := app.Parse(filepath.Join(folder, "chatgate.yaml"), []byte(source), app.Chats(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{log: &journal{}}
	if s.App, err = app.Open(loaded.Config, app.Lends{Log: s.log.logger(), Transport: nowhere{}}); err != nil {
		t.Fatal(err)
	}
	public, admin := loopback(t), loopback(t)
	s.public, s.admin = public.Addr().String(), admin.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, public, admin) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	return s
}

func loopback(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// get asks the public listener by HTTPS, trusting one certificate alone.
func (s *served) get(t *testing.T, certificate string, http2 bool) (*http.Response, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(certificate))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "sso.example.org"}, ForceAttemptHTTP2: http2, DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get("https://" + s.public + "/.well-known/jwks.json")
	if err == nil {
		_ = response.Body.Close()
	}
	return response, err
}

// metric is the value of a metric without labels, or "".
func (s *served) metric(t *testing.T, name string) string {
	t.Helper()
	response, err := http.Get("http://" + s.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// expiry is when the certificate expires by the metric, in whole seconds.
func (s *served) expiry(t *testing.T) int64 {
	t.Helper()
	value, err := strconv.ParseFloat(s.metric(t, "chatgate_tls_certificate_expiry_timestamp_seconds"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(value)
}

func replace(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const tlsSection = "tls: {certificate: tls.crt, key: tls.key}"

func TestThePublicListenerSpeaksHTTPS(t *testing.T) { // H19
	certificate, key := today(t, 48*time.Hour)
	s := serve(t, inFolder(t, map[string]string{"tls.crt": certificate, "tls.key": key}), serving(tlsSection))
	for version, http2 := range map[int]bool{1: false, 2: true} {
		response, err := s.get(t, certificate, http2)
		if err != nil {
			t.Fatal(err)
		}
		if response.ProtoMajor != version || response.TLS.Version < tls.VersionTLS12 || response.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("answered in %s over TLS %x with HSTS %q, want HTTP/%d", response.Proto, response.TLS.Version,
				response.Header.Get("Strict-Transport-Security"), version)
		}
	}
	if plain, err := http.Get("http://" + s.admin + "/livez"); err != nil || plain.StatusCode != http.StatusOK {
		t.Errorf("the admin listener answers %v, %v; want it to stay plain", plain, err)
	} else {
		_ = plain.Body.Close()
	}
	old := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true} //nolint:gosec // it is to be refused
	if conn, err := tls.Dial("tcp", s.public, old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
	if want := time.Now().Add(48 * time.Hour).Unix(); s.expiry(t) < want-60 || s.expiry(t) > want {
		t.Errorf("the certificate expires at %d by the metric, want about %d", s.expiry(t), want)
	}
}

func TestANewCertificateIsServedWithoutARestart(t *testing.T) { // H19
	first, firstKey := today(t, 48*time.Hour)
	second, secondKey := today(t, 96*time.Hour)
	folder := inFolder(t, map[string]string{"tls.crt": first, "tls.key": firstKey})
	s := serve(t, folder, serving(tlsSection))
	serves := func(certificate, when string) {
		t.Helper()
		if _, err := s.get(t, certificate, true); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	told := func() int { return strings.Count(s.log.String(), "certificate not replaced") }
	serves(first, "at the start")
	before := s.expiry(t)

	replace(t, folder, map[string]string{"tls.crt": second})
	s.LookAtCertificate()
	serves(first, "while one half has changed")
	if told() != 0 {
		t.Error("a change that is half done is told at the first look")
	}
	s.LookAtCertificate()
	s.LookAtCertificate()
	serves(first, "when the halves do not match")
	if log := s.log.String(); told() != 1 || !strings.Contains(log, "private key does not match public key") {
		t.Errorf("a pair that does not match is told %d times, want once with the reason:\n%s", told(), log)
	}

	replace(t, folder, map[string]string{"tls.key": secondKey})
	s.LookAtCertificate()
	serves(second, "when both halves have changed")
	if after := s.expiry(t); after-before < 40*3600 {
		t.Errorf("the metric says %d after %d, want the new certificate's", after, before)
	}

	if err := os.Remove(filepath.Join(folder, "tls.key")); err != nil {
		t.Fatal(err)
	}
	s.LookAtCertificate()
	s.LookAtCertificate()
	serves(second, "when the key is gone")
	replace(t, folder, map[string]string{"tls.key": "no key at all"})
	s.LookAtCertificate()
	s.LookAtCertificate()
	serves(second, "when the key is none")
	if told() != 3 {
		t.Errorf("three faults are told %d times:\n%s", told(), s.log)
	}
	if strings.Contains(s.log.String(), "no key at all") {
		t.Error("the log shows what is in the key's file")
	}
}

func TestAWrongPairStopsTheStart(t *testing.T) { // H19
	certificate, key := today(t, time.Hour)
	_, other := today(t, time.Hour)
	for _, tc := range []struct {
		name, section string
		files         map[string]string
		want          string
	}{
		{"no certificate", tlsSection, map[string]string{"tls.key": key}, "listen.tls.certificate: open "},
		{"no key", tlsSection, map[string]string{"tls.crt": certificate}, "listen.tls.key: open "},
		{"two that do not match", tlsSection, map[string]string{"tls.crt": certificate, "tls.key": other}, "listen.tls: tls: private key does not match public key"},
		{"a key in place of a certificate", tlsSection, map[string]string{"tls.crt": key, "tls.key": key}, "listen.tls: tls: failed to find certificate PEM data"},
		{"an empty key", tlsSection, map[string]string{"tls.crt": certificate, "tls.key": ""}, "listen.tls: tls: failed to find any PEM data in key input"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := inFolder(t, tc.files)
			loaded, err := app.Parse(filepath.Join(folder, "chatgate.yaml"), []byte(serving(tc.section)), app.Chats(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := app.Check(loaded.Config); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Check() = %v, want %q", err, tc.want)
			}
			opened, err := app.Open(loaded.Config, app.Lends{Log: slog.New(slog.DiscardHandler), Transport: nowhere{}})
			if err != nil {
				t.Fatal(err) // commands open it, too, and need no certificate
			}
			if err := opened.Serve(t.Context(), loopback(t), loopback(t)); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Serve() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestHalfAPairIsRefused(t *testing.T) {
	for section, want := range map[string]string{
		"tls: {certificate: tls.crt}": "listen.tls.key: must be given", "tls: {key: tls.key}": "listen.tls.certificate: must be given",
	} {
		if _, err := parse(t, serving(section)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s = %v, want %q", section, err, want)
		}
	}
}

func TestACertificateThatNeedsCareIsTold(t *testing.T) {
	now := time.Now()
	for _, tc := range []struct {
		name, host  string
		from, until time.Time
		mode        os.FileMode
		want        string
	}{
		{"one that has expired", "sso.example.org", now.Add(-2 * time.Hour), now.Add(-time.Hour), 0o600, "the certificate has expired"},
		{"one from tomorrow", "sso.example.org", now.Add(time.Hour), now.Add(2 * time.Hour), 0o600, "the certificate is not valid yet"},
		{"one for another host", "www.example.org", now.Add(-time.Hour), now.Add(time.Hour), 0o600, "the certificate does not name the host of baseURL"},
		{"a key that everybody may read", "sso.example.org", now.Add(-time.Hour), now.Add(time.Hour), 0o644, "everybody on this machine may read the key"},
		{"nothing", "sso.example.org", now.Add(-time.Hour), now.Add(time.Hour), 0o640, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			certificate, key := certified(t, tc.host, tc.from, tc.until)
			folder := inFolder(t, map[string]string{"tls.crt": certificate, "tls.key": key})
			if err := os.Chmod(filepath.Join(folder, "tls.key"), tc.mode); err != nil {
				t.Fatal(err)
			}
			s := serve(t, folder, serving(tlsSection))
			_, _ = s.get(t, certificate, false) // it is served now, whatever the client thinks of it
			log := s.log.String()
			if told := strings.Contains(log, "certificate needs care"); told != (tc.want != "") || !strings.Contains(log, tc.want) {
				t.Errorf("the log tells %t, want %q:\n%s", told, tc.want, log)
			}
		})
	}
}

func TestWithoutTLSThereIsNoCertificateToWatch(t *testing.T) {
	s := serve(t, t.TempDir(), serving("pprof: false"))
	if value := s.metric(t, "chatgate_tls_certificate_expiry_timestamp_seconds"); value != "" {
		t.Errorf("the metric says %s, want it absent", value)
	}
	if strings.Contains(s.log.String(), "PROFILES") {
		t.Error("profiles are said to be served")
	}
}

func TestProfilesAreAnnounced(t *testing.T) { // H15
	s := serve(t, t.TempDir(), serving("pprof: true"))
	response, err := http.Get("http://" + s.admin + "/debug/pprof/")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || !strings.Contains(s.log.String(), "PROFILES ARE SERVED") {
		t.Errorf("profiles answer %d and the log says:\n%s", response.StatusCode, s.log)
	}
}

func TestACertificateThatBrowsersRefuseReplacesNoneThatTheyTake(t *testing.T) { // H19
	for _, tc := range []struct {
		name, host  string
		from, until time.Duration
		want        string
	}{
		{"for another host", "other.example.org", -time.Hour, time.Hour, "does not name the host of baseURL"},
		{"that has expired", "sso.example.org", -2 * time.Hour, -time.Hour, "has expired"},
		{"that is not valid yet", "sso.example.org", time.Hour, 2 * time.Hour, "is not valid yet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			certificate, key := today(t, time.Hour)
			replace(t, folder, map[string]string{"tls.crt": certificate, "tls.key": key})
			s := serve(t, folder, serving("tls: {certificate: tls.crt, key: tls.key}"))
			if _, err := s.get(t, certificate, false); err != nil {
				t.Fatal(err)
			}
			worse, itsKey := certified(t, tc.host, time.Now().Add(tc.from), time.Now().Add(tc.until))
			replace(t, folder, map[string]string{"tls.crt": worse, "tls.key": itsKey})
			s.LookAtCertificate()
			s.LookAtCertificate()
			if _, err := s.get(t, certificate, false); err != nil {
				t.Errorf("the good certificate is not served any more: %v", err)
			}
			if told := s.log.String(); !strings.Contains(told, "certificate not replaced") || !strings.Contains(told, tc.want) {
				t.Errorf("the log does not say that the certificate %s:\n%s", tc.want, told)
			}
		})
	}
}
