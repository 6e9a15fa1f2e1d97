package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// checkConfig has chatgate judge a whole configuration.
func checkConfig(ctx context.Context, r *runner, s snippet) error {
	r.config = s.text
	return r.judge(ctx, s.text)
}

// sampleFile is laid below the parts of a document that has no whole configuration before them.
const sampleFile = ".ci/go/snippets/sample.yaml"

// checkPart has chatgate judge the last whole configuration with a part laid over it. The part stands at the top, or where
// the mark says, such as chats.talk. Chats that it does not speak of are left out, if it speaks of any. needs=a.svg,b/ gives it
// a picture and a folder that its reader has, without=providers.corp.client takes away what the part replaces whole.
func checkPart(ctx context.Context, r *runner, s snippet) error {
	config := r.config
	if config == "" {
		sample, err := os.ReadFile(filepath.Join(r.dir, sampleFile))
		if err != nil {
			return err
		}
		config = string(sample)
	}
	var below, above map[string]any
	if err := errors.Join(yaml.Unmarshal([]byte(config), &below), yaml.Unmarshal([]byte(s.text), &above)); err != nil {
		return err
	}
	for _, arg := range s.args {
		if files, ok := strings.CutPrefix(arg, "needs="); ok {
			if err := provideFiles(r.dir, strings.Split(files, ",")); err != nil {
				return err
			}
			continue
		}
		if gone, ok := strings.CutPrefix(arg, "without="); ok {
			remove(below, strings.Split(gone, "."))
			continue
		}
		for _, key := range slices.Backward(strings.Split(arg, ".")) {
			above = map[string]any{key: above}
		}
	}
	if spoken, ok := above["chats"].(map[string]any); ok {
		known, _ := below["chats"].(map[string]any)
		maps.DeleteFunc(known, func(name string, _ any) bool { return spoken[name] == nil })
	} else if r.config == "" {
		delete(below["chats"].(map[string]any), "talk")
	}
	text, err := yaml.Marshal(lay(above, below))
	if err != nil {
		return err
	}
	return r.judge(ctx, string(text))
}

func remove(from map[string]any, path []string) {
	if inner, ok := from[path[0]].(map[string]any); ok && len(path) > 1 {
		remove(inner, path[1:])
		return
	}
	delete(from, path[0])
}

func layText(above, below string) ([]byte, error) {
	var upper, lower map[string]any
	if err := errors.Join(yaml.Unmarshal([]byte(below), &lower), yaml.Unmarshal([]byte(above), &upper)); err != nil {
		return nil, err
	}
	return yaml.Marshal(lay(upper, lower))
}

// lay merges maps as Helm does: key by key, where both sides have one.
func lay(above, below map[string]any) map[string]any {
	for key, value := range above {
		upper, ok := value.(map[string]any)
		lower, also := below[key].(map[string]any)
		if ok && also {
			value = lay(upper, lower)
		}
		below[key] = value
	}
	return below
}

// smallestValues is the scenario that values of a document are laid over.
const smallestValues = "charts/chatgate/ci/default-values.yaml"

// checkValues renders the chart with values laid over the smallest scenario, and judges the configuration. The whole stays
// in values.yaml, for commands that come after.
func checkValues(ctx context.Context, r *runner, s snippet) error {
	smallest, err := os.ReadFile(filepath.Join(r.dir, smallestValues))
	if err != nil {
		return err
	}
	text, err := layText(s.text, string(smallest))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "values.yaml"), text, 0o600); err != nil {
		return err
	}
	const render = "helm template chatgate charts/chatgate -f values.yaml"
	cmd := shell(ctx, r.dir, render)
	cmd.Stderr = os.Stderr
	manifests, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", render, err)
	}
	config, err := renderedConfig(manifests)
	if err != nil {
		return err
	}
	return r.judge(ctx, strings.ReplaceAll(config, "/run/secrets/", "secrets/"))
}

func renderedConfig(manifests []byte) (string, error) {
	for decoder := yaml.NewDecoder(bytes.NewReader(manifests)); ; {
		var object struct {
			Kind string
			Data map[string]string
		}
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return "", errors.New("the chart rendered no configuration")
		} else if err != nil {
			return "", err
		}
		if config, ok := object.Data["chatgate.yaml"]; ok && object.Kind == "ConfigMap" {
			return config, nil
		}
	}
}

var reference = regexp.MustCompile(`\$\{(file|env):([^}]+)\}`)

// judge gives a configuration what only its reader has, the secrets, and has chatgate look at it.
func (r *runner) judge(ctx context.Context, text string) error {
	env := os.Environ()
	text = strings.ReplaceAll(text, "${file:/run/secrets/", "${file:secrets/")
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if match[1] == "env" {
			env = append(env, match[2]+"="+rand.Text()+rand.Text())
			continue
		}
		if err := provide(filepath.Join(r.dir, match[2])); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, "chatgate.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := shell(ctx, r.dir, "bin/chatgate config check --config chatgate.yaml")
	cmd.Env, cmd.Stdout, cmd.Stderr = env, os.Stdout, os.Stderr
	return cmd.Run()
}

// provide makes a secret's file unless an earlier block has made it. It is a key for every kind of secret: long enough,
// and base64 of more than 32 bytes.
func provide(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(rand.Text() + rand.Text() + "\n")
	return errors.Join(err, file.Close())
}

// provideFiles makes what a reader has of their own: folders of words where the name ends in a slash, and pictures.
func provideFiles(dir string, names []string) error {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(path, "en.json"), []byte(`{"home.chats": "Your rooms"}`), 0o600); err != nil {
				return err
			}
			continue
		}
		const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>`
		if err := os.WriteFile(path, []byte(picture), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// lookForTest says whether the repository has the test that carries a block out. That it passes is its own step's business.
func lookForTest(ctx context.Context, r *runner, s snippet) error {
	if len(s.args) != 1 {
		return errors.New("ci:test takes the name of one test")
	}
	cmd := shell(ctx, r.dir, "grep -rqF --include='*_test.go' 'func "+s.args[0]+"(t ' .")
	if cmd.Run() != nil {
		return fmt.Errorf("there is no %s", s.args[0])
	}
	return nil
}
