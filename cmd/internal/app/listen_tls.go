package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway/chat"
)

// ListenTLS names the pair with which the public listener speaks HTTPS. The admin listener stays plain: a kubelet and a
// Prometheus ask it by an address that no certificate names, and it is never exposed (H15).
type ListenTLS struct {
	Certificate string `yaml:"certificate" doc:"A PEM file: the certificate for the host of baseURL first, then the intermediate ones. Looked at every ten seconds: a new pair is served without a restart, a bad one is told and the old one kept."`
	Key         string `yaml:"key" doc:"A PEM file with the certificate's private key, which only the gateway should be able to read."`
}

// Check reports a pair of which one half is missing. What is in the files is for opening them.
func (t *ListenTLS) Check(report func(key, problem string)) {
	for key, path := range map[string]string{"certificate": t.Certificate, "key": t.Key} {
		if path == "" {
			report(key, "must be given: the path of a PEM file")
		}
	}
}

// pair is what the two files hold.
type pair struct{ certificate, key []byte }

func (p pair) equal(q pair) bool {
	return string(p.certificate) == string(q.certificate) && string(p.key) == string(q.key)
}

// read takes both files, relative to the folder of the configuration.
func (t *ListenTLS) read(dir string) (p pair, err error) {
	if err := refuseSpecial(beside(dir, t.Certificate), beside(dir, t.Key)); err != nil {
		return pair{}, fmt.Errorf("listen.tls: %w", err)
	}
	if p.certificate, err = os.ReadFile(beside(dir, t.Certificate)); err != nil {
		return pair{}, fmt.Errorf("listen.tls.certificate: %w", err)
	}
	if p.key, err = os.ReadFile(beside(dir, t.Key)); err != nil {
		return pair{}, fmt.Errorf("listen.tls.key: %w", err)
	}
	return p, nil
}

// open makes the certificate of a pair.
func (p pair) open() (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(p.certificate, p.key)
	if err != nil {
		return nil, fmt.Errorf("listen.tls: %w", err) // says which half is wrong, or that they do not match
	}
	return &c, nil
}

func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// cautions are what is legal and should not surprise anybody: they do not keep the gateway from starting, because a
// certificate that some browsers refuse is better than a gateway that nobody can ask what is wrong.
func (t *ListenTLS) cautions(dir string, c *tls.Certificate, base chat.Origin, now time.Time) (found []string) {
	if info, err := os.Stat(beside(dir, t.Key)); err == nil && info.Mode().Perm()&0o004 != 0 {
		found = append(found, "everybody on this machine may read the key: chmod 600, or defaultMode 0440 for a mounted Secret")
	}
	return append(found, refusals(c, base, now)...)
}

// refusals are why browsers would refuse a certificate.
func refusals(c *tls.Certificate, base chat.Origin, now time.Time) (found []string) {
	switch {
	case now.Before(c.Leaf.NotBefore):
		found = append(found, "the certificate is not valid yet")
	case !now.Before(c.Leaf.NotAfter):
		found = append(found, "the certificate has expired")
	}
	if c.Leaf.VerifyHostname(hostOf(base)) != nil {
		found = append(found, "the certificate does not name the host of baseURL")
	}
	return found
}

// worse says why a certificate does not take the place of the present one: browsers would refuse it, and take that one.
func (k *keeper) worse(c *tls.Certificate) error {
	present := k.current.Load()
	if present == nil || len(refusals(present, k.base, k.now())) > 0 {
		return nil
	}
	if found := refusals(c, k.base, k.now()); len(found) > 0 {
		return fmt.Errorf("listen.tls: %s", strings.Join(found, "; "))
	}
	return nil
}

// lookEvery is how often the files are looked at: a Secret takes up to a minute to reach a pod anyway.
const lookEvery = 10 * time.Second

// keeper serves the pair that was good last. It is safe for concurrent use.
type keeper struct {
	cfg  *ListenTLS
	dir  string
	base chat.Origin
	log  *slog.Logger
	now  func() time.Time

	current atomic.Pointer[tls.Certificate]
	mu      sync.Mutex
	seen    pair   // what current was made of
	doubted string // what was wrong at the last look
	told    string // what the log has heard to be wrong
}

// openTLS prepares HTTPS where it is configured. The files are opened when the gateway listens, and by Check: commands
// work without them.
func (b *base) openTLS(cfg *Config) error {
	if cfg.Listen.TLS == nil {
		return nil
	}
	b.keeper = &keeper{cfg: cfg.Listen.TLS, dir: cfg.dir, base: cfg.BaseURL, log: b.log, now: b.now}
	return b.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chatgate_tls_certificate_expiry_timestamp_seconds",
		Help: "When the certificate that the public listener serves expires, as Unix time; absent without listen.tls.",
	}, b.keeper.expiry))
}

// secured is the public listener, with HTTPS where that is configured.
func (b *base) secured(plain net.Listener) net.Listener {
	if b.keeper == nil {
		return plain
	}
	return tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return b.keeper.current.Load(), nil },
	})
}

// readFiles opens what is opened when the gateway listens, so that Check tells what would be wrong then.
func (b *base) readFiles() error {
	if b.keeper == nil {
		return nil
	}
	return b.keeper.load()
}

// load opens the pair for the first time.
func (k *keeper) load() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, err := k.cfg.read(k.dir)
	if err != nil {
		return err
	}
	return k.take(found)
}

// take serves a pair from now on, if it is one.
func (k *keeper) take(found pair) error {
	c, err := found.open()
	if err != nil {
		return err
	}
	if err := k.worse(c); err != nil {
		return err
	}
	k.seen = found
	k.current.Store(c)
	k.log.Info("certificate loaded", "not_after", c.Leaf.NotAfter.UTC(), "serial", c.Leaf.SerialNumber.Text(16))
	for _, caution := range k.cfg.cautions(k.dir, c, k.base, k.now()) {
		k.log.Warn("certificate needs care", "key", "listen.tls", "problem", caution)
	}
	return nil
}

// run looks at the files until ctx ends. It does nothing for a nil keeper.
func (k *keeper) run(ctx context.Context) error {
	if k == nil {
		return nil
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			k.look()
		}
	}
}

// look takes up a pair that has changed. Content is compared, and not times: a mounted Secret changes by a symbolic link.
func (k *keeper) look() {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, err := k.cfg.read(k.dir)
	if err == nil && !found.equal(k.seen) {
		err = k.take(found)
	}
	k.tell(err)
}

// tell says once what is wrong with the files, and not at the first look: while one file is new and the other still old they
// do not match.
func (k *keeper) tell(err error) {
	if err == nil {
		k.doubted, k.told = "", ""
		return
	}
	text := err.Error()
	if text == k.doubted && text != k.told {
		k.log.Error("certificate not replaced: the old one is served", "err", err)
		k.told = text
	}
	k.doubted = text
}

func (k *keeper) expiry() float64 {
	c := k.current.Load()
	if c == nil {
		return 0 // nobody is served yet
	}
	return float64(c.Leaf.NotAfter.Unix())
}
