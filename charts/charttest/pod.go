package charttest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// secrets is where the chart mounts the files that a configuration refers to.
const secrets = "/run/secrets/chatgate/" //nolint:gosec // a folder, and no credential

var (
	fileReference     = regexp.MustCompile(`\$\{file:` + secrets + `([^}]+)\}`)
	variableReference = regexp.MustCompile(`\$\{env:([^}]+)\}`)
)

// Configuration is the gateway's file as a pod finds it.
func Configuration(t testing.TB, objects []Object) string {
	t.Helper()
	for _, object := range Of(objects, "ConfigMap") {
		if text := object.Text("data", "chatgate.yaml"); text != "" {
			return text
		}
	}
	t.Fatal("no ConfigMap has a chatgate.yaml")
	return ""
}

// SecretFiles are the names of the files below /run/secrets/chatgate that a configuration refers to.
func SecretFiles(configuration string) []string { return names(fileReference, configuration) }

// Variables are the names of the environment variables that a configuration refers to.
func Variables(configuration string) []string { return names(variableReference, configuration) }

func names(reference *regexp.Regexp, text string) (all []string) {
	for _, found := range reference.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

// Mount writes a configuration and its secret files to a folder of the test's, in the place of the pod's own, and returns
// the path of the configuration. Nothing else in it is changed.
func Mount(t testing.TB, configuration string, content func(name string) string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range SecretFiles(configuration) {
		write(t, filepath.Join(dir, name), content(name))
	}
	path = filepath.Join(dir, "chatgate.yaml")
	write(t, path, strings.ReplaceAll(configuration, secrets, dir+"/"))
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
