package oidc

import "strings"

// Path names a claim. One element is a name at the top level, dots and slashes included, as in
// "https://example.org/groups"; more elements lead through nested objects, as in [realm_access, roles]. A path
// without elements names nothing, and that claim is not read.
type Path []string

// UnmarshalText takes a YAML string as one name, never splitting it, and the empty string as no claim. A YAML
// list is a path of several elements.
func (p *Path) UnmarshalText(text []byte) error {
	*p = Path{}
	if len(text) > 0 {
		*p = Path{string(text)}
	}
	return nil
}

// String shows a path for people; it is not parsed again.
func (p Path) String() string { return strings.Join(p, ".") }

// sibling is the claim of another name in the object that p leads to.
func (p Path) sibling(name string) Path {
	return append(append(Path{}, p[:len(p)-1]...), name)
}
