package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"chatgate/store/storetest/redistest"
)

// site spreads the hosts of a world over registrable domains, which decides what becomes of cookies. Below .test, which
// nobody can register (RFC 6761, Section 6.2), the last two labels of a name are its site.
type site map[string]string

var oneSite = site{
	"sso": "sso.corp.test", "provider": "idp.login.test", "chat": "chat.corp.test", "news": "news.corp.test",
	"comments": "comments.corp.test", "portal": "portal.corp.test",
}

// sites are those of the matrix, and one for the comments, which are a stranger to the newspaper there. The provider is
// one in all of them; in the embedded ones the chat is inside a customer's page.
var sites = map[string]site{
	"same-site":           oneSite,
	"cross-site":          oneSite.with("sso", "sso.gate.test"),
	"embedded":            oneSite.with("portal", "portal.customer.test"),
	"embedded-cross-site": oneSite.with("portal", "portal.customer.test").with("sso", "sso.gate.test"),
	"comments":            oneSite.with("sso", "sso.gate.test").with("comments", "comments.talk.test"),
}

func (s site) with(role, name string) site {
	s = maps.Clone(s)
	s[role] = name
	return s
}

// trust is what a browser has to be told in order to open the sites.
type trust struct {
	Names []string `json:"names"` // to be found on this machine
	// SPKI is the hash of the certificate's public key in base64 (RFC 7469, Section 2.4), as Chromium takes it.
	SPKI string `json:"spki"`
}

// authority has signed one certificate for the names of all sites, so that one browser can open them all.
type authority struct {
	trust       trust
	file        string // its own certificate in PEM
	roots       *x509.CertPool
	certificate tls.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	var names []string
	for _, s := range sites {
		names = slices.AppendSeq(names, maps.Values(s))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	files := redistest.NewFiles(t, names...)
	certificate, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	hash := sha256.Sum256(certificate.Leaf.RawSubjectPublicKeyInfo)
	return &authority{
		trust: trust{Names: names, SPKI: base64.StdEncoding.EncodeToString(hash[:])},
		file:  files.CA, roots: roots, certificate: certificate,
	}
}

// environment tells a Node process of the authority.
func (a *authority) environment(t testing.TB) []string {
	t.Helper()
	text, err := json.Marshal(a.trust)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"CHATGATE_TRUST=" + string(text), "NODE_EXTRA_CA_CERTS=" + a.file}
}

// layout is a site behind the authority's certificate.
func (a *authority) layout(s site) layout {
	return layout{Names: s, Certificate: &a.certificate, Roots: a.roots}
}
