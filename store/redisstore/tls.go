package redisstore

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS says how a connection is secured. Certificates are always verified.
type TLS struct {
	CA         string `yaml:"ca" doc:"A PEM file of the authorities to trust; empty for the system's."`
	Cert       string `yaml:"cert" doc:"A PEM file of our own certificate, for servers that ask for one; read anew for each connection."`
	Key        string `yaml:"key" doc:"A PEM file of its private key."`
	ServerName string `yaml:"serverName" doc:"The name the server's certificate must carry, where it is not the host of the address."`
}

func (t *TLS) check(report func(key, problem string)) {
	switch {
	case t.Cert != "" && t.Key == "":
		report("tls.key", "must be given with tls.cert")
	case t.Cert == "" && t.Key != "":
		report("tls.cert", "must be given with tls.key")
	}
}

// config reads the files; a nil TLS gives nil.
func (t *TLS) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: no certificate in %s", t.CA)
		}
	}
	if t.Cert == "" {
		return cfg, nil
	}
	if _, err := t.own(nil); err != nil {
		return nil, err
	}
	cfg.GetClientCertificate = t.own
	return cfg, nil
}

// own reads our certificate for one connection, so that a renewed one is used without a restart.
func (t *TLS) own(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls.cert and tls.key: %w", err)
	}
	return &cert, nil
}
