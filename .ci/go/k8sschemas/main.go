// Command k8sschemas writes the JSON Schemas that kubeconform checks manifests with, from what Kubernetes modules ship,
// so that nothing has to be fetched while a check runs:
//
//	k8sschemas -out DIR -swagger FILE    for every kind of a Kubernetes release
//	k8sschemas -out DIR CRD...           for every version of the kinds that these files define
//
// A schema is stricter than the API server's own: a field that it does not name is an error.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("out", "", "the folder to write to; made when it is not there")
	swagger := flag.String("swagger", "", "api/openapi-spec/swagger.json of a Kubernetes release")
	flag.Parse()
	count, err := run(*out, *swagger, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8sschemas:", err)
		os.Exit(2)
	}
	fmt.Printf("%d schemas in %s\n", count, *out)
}

func run(out, swagger string, crds []string) (written int, err error) {
	if out == "" || swagger == "" && len(crds) == 0 {
		return 0, errors.New("it needs -out, and -swagger or files of custom resources")
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return 0, err
	}
	sources := crds
	read := custom
	if swagger != "" {
		sources, read = []string{swagger}, builtIn
	}
	for _, source := range sources {
		n, err := convert(out, source, read)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", source, err)
		}
		written += n
	}
	return written, nil
}

// convert writes what read makes of one file, and counts it.
func convert(out, source string, read func([]byte) (map[string]any, error)) (int, error) {
	text, err := os.ReadFile(source)
	if err != nil {
		return 0, err
	}
	schemas, err := read(text)
	if err != nil {
		return 0, err
	}
	for name, schema := range schemas {
		encoded, err := json.Marshal(schema)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), encoded, 0o600); err != nil {
			return 0, err
		}
	}
	return len(schemas), nil
}
