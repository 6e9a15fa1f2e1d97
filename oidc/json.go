package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is far above what any discovery document or token nests (S48).
const maxDepth = 16

// checkJSON accepts exactly one JSON object without repeated names and without deep nesting. Names that differ
// only in case count as repeated, because encoding/json takes either for a struct's field: two readers of one token
// must not see two subjects (S48).
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not UTF-8")
	}
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, maxDepth); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == 0 {
		return errors.New("JSON nested too deeply")
	}
	names := map[string]bool{}
	for d.More() {
		if delim == '{' {
			if err := checkName(d, names); err != nil {
				return err
			}
		}
		if err := checkValue(d, depth-1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return nil
}

func checkName(d *json.Decoder, seen map[string]bool) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	name := token.(string)
	folded := strings.ToLower(strings.ToUpper(name)) // as encoding/json folds: U+017F is an s, U+212A a k
	if seen[folded] {
		return fmt.Errorf("JSON name %q given twice", name)
	}
	seen[folded] = true
	return nil
}

// decodeClaims reads a JSON object, numbers unrounded.
func decodeClaims(data []byte) (claims, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var c claims
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return c, nil
}
