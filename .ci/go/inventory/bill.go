package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// The parts of CycloneDX 1.5 that are used (ECMA-424, Sections "Bill of Materials" and "Component").
type (
	bill struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp,omitempty"`
		Component component `json:"component"`
	}
	component struct {
		Type       string          `json:"type"`
		Ref        string          `json:"bom-ref"`
		Name       string          `json:"name"`
		Version    string          `json:"version"`
		Hashes     []hash          `json:"hashes,omitempty"`
		Licenses   []licenseChoice `json:"licenses"`
		PURL       string          `json:"purl"`
		Properties []property      `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	licenseChoice struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

// bill is the program's bill of materials. All parts hang on the program: a program does not tell which part brought which.
func (p *program) bill() ([]byte, error) {
	self := component{
		Type: "application", Ref: p.path, Name: p.name(), Version: p.version, PURL: purl(p.path, p.version),
		Hashes:   []hash{{"SHA-256", hex.EncodeToString(p.digest[:])}},
		Licenses: choices("Apache-2.0"),
	}
	for _, key := range []string{"GOOS", "GOARCH", "GOARM", "CGO_ENABLED", "-tags"} {
		if value := p.settings[key]; value != "" {
			self.Properties = append(self.Properties, property{"go:" + strings.TrimPrefix(key, "-"), value})
		}
	}
	b := bill{
		Format: "CycloneDX", Spec: "1.5", Serial: serial(p.digest[:]), Version: 1,
		Metadata: metadata{Timestamp: p.created, Component: self},
	}
	needs := dependency{Ref: self.Ref}
	for _, part := range p.parts {
		c := part.component()
		b.Components = append(b.Components, c)
		needs.DependsOn = append(needs.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{needs}
	text, err := json.MarshalIndent(b, "", "  ")
	return append(text, '\n'), err
}

func (p *part) component() component {
	c := component{
		Type: "library", Ref: purl(p.path, p.version), Name: p.path, Version: p.version, PURL: purl(p.path, p.version),
		Licenses: choices(p.names()...),
	}
	if p.sum != "" {
		c.Properties = []property{{"go:sum", p.sum}} // of its files together, so it is none of the hashes
	}
	return c
}

// purl names a module as scanners look it up: github.com/package-url, type golang.
func purl(path, version string) string { return "pkg:golang/" + path + "@" + version }

// serial is a UUID made from the program (RFC 9562, Section 5.8), so that the same program has the same bill.
func serial(digest []byte) string {
	id := [16]byte(digest[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func choices(names ...string) []licenseChoice {
	all := make([]licenseChoice, len(names))
	for i, name := range names {
		all[i].License.ID = name
	}
	return all
}
