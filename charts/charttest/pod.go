package charttest

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// secretsFolder is where the chart mounts the files that a configuration refers to.
const secretsFolder = "/run/secrets/chatgate"

var (
	// A chart mounts everything below /run.
	mounted  = regexp.MustCompile(`/run/[A-Za-z0-9._/-]+`)
	variable = regexp.MustCompile(`\$\{env:([^}]+)\}`)
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

// Variables are the names of the environment variables that a configuration refers to.
func Variables(configuration string) (names []string) {
	for _, found := range variable.FindAllStringSubmatch(configuration, -1) {
		names = append(names, found[1])
	}
	return names
}

// Mount makes a folder of the test's into what a pod finds at its mounts: the configuration and every file that it names.
// Those of a Secret that the chart makes have its content, the others what content says for a path. It returns the path of
// the configuration, in which nothing but that folder is changed.
func Mount(t testing.TB, objects []Object, content func(path string) string) string {
	t.Helper()
	dir, configuration, made := t.TempDir(), Configuration(t, objects), SecretFiles(t, objects)
	for _, path := range mounted.FindAllString(configuration, -1) {
		text, ok := made[path]
		if !ok {
			text = content(path)
		}
		write(t, filepath.Join(dir, path), text)
	}
	path := filepath.Join(dir, "chatgate.yaml")
	write(t, path, mounted.ReplaceAllString(configuration, dir+"$0"))
	return path
}

// SecretFiles are the contents of the Secrets that the chart makes, by the path of their mount.
func SecretFiles(t testing.TB, objects []Object) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, secret := range Of(objects, "Secret") {
		for name := range secret.Fields("stringData") {
			files[secretsFolder+"/"+name] = secret.Text("stringData", name)
		}
		for name := range secret.Fields("data") {
			text, err := base64.StdEncoding.DecodeString(secret.Text("data", name))
			if err != nil {
				t.Fatalf("%s, %s: %v", secret, name, err)
			}
			files[secretsFolder+"/"+name] = string(text)
		}
	}
	return files
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
