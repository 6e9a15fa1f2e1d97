package blueprint

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"text/template"

	"chatgate/cmd/internal/app"
)

//go:embed templates
var templateFiles embed.FS

// File is one file of an installation.
type File struct {
	// Name is its path below the folder, with slashes.
	Name string
	Text app.Secret
	Mode fs.FileMode
	// Keep says that one that is there already stays as it is.
	Keep bool
}

const (
	ownersAlone fs.FileMode = 0o600
	forAll      fs.FileMode = 0o644
)

// Names are the names of the files that Draw may lead to and that must not be there before, but for secrets.
func Names() []string {
	return []string{"chatgate.yaml", "values.yaml", "keycloak-client.json", "rocketchat.env", "NEXT-STEPS.md"}
}

// Files are all files of the installation.
func (b *Blueprint) Files() ([]File, error) {
	plain, err := render("chatgate.yaml.tmpl", configuration{b, true})
	if err != nil {
		return nil, err
	}
	values, err := render("values.yaml.tmpl", configuration{b, false})
	if err != nil {
		return nil, err
	}
	steps, err := render("NEXT-STEPS.md.tmpl", steps{configuration{b, true}, new(int)})
	if err != nil {
		return nil, err
	}
	files := []File{
		{Name: "chatgate.yaml", Text: plain, Mode: forAll}, {Name: "values.yaml", Text: values, Mode: forAll},
		{Name: "NEXT-STEPS.md", Text: steps, Mode: forAll},
	}
	if b.Keycloak() {
		client, err := b.keycloakClient()
		if err != nil {
			return nil, err
		}
		files = append(files, File{Name: "keycloak-client.json", Text: client, Mode: ownersAlone})
	}
	if b.RocketChat != "" {
		files = append(files, File{Name: "rocketchat.env", Text: b.rocketChatEnvironment(), Mode: ownersAlone})
	}
	for _, s := range b.Secrets {
		if s.Text != "" {
			files = append(files, File{Name: path.Join(secretsFolder, s.Name), Text: s.Text, Mode: ownersAlone, Keep: true})
		}
	}
	return files, nil
}

// configuration is a blueprint as a template sees it: for a file beside the folder of secrets, or inside a cluster.
type configuration struct {
	*Blueprint
	Plain bool
}

// Ref refers to a secret's file.
func (c configuration) Ref(name string) string {
	if c.Plain {
		return strconv.Quote("${file:" + path.Join(secretsFolder, name) + "}")
	}
	return strconv.Quote("${file:" + path.Join(secretsMount, name) + "}")
}

// RedisAddress is the one that was named, or a neighbour.
func (c configuration) RedisAddress() string {
	if !c.Plain && c.Redis == nearRedis {
		return clusterRedis
	}
	return c.Redis
}

// TrustedProxies are those that were named; on a machine of one's own the proxy is there.
func (c configuration) TrustedProxies() string {
	networks := c.Proxies
	if networks == nil && c.Plain && !c.Development {
		networks = []string{"127.0.0.1/32"}
	}
	return strings.Join(quoted(networks), ", ")
}

// IngressLine is the Ingress in values.yaml, or the one to be put there once the proxies are known.
func (c configuration) IngressLine() string {
	host := strconv.Quote(c.Host())
	return "ingress: {enabled: true, hosts: [{host: " + host + "}], tls: [{secretName: chatgate-tls, hosts: [" + host + "]}]}"
}

// Config is the configuration, indented to stand below a key.
func (c configuration) Config() (string, error) {
	text, err := render("configuration.tmpl", c)
	if err != nil || c.Plain {
		return text.Reveal(), err
	}
	lines := strings.Split(strings.TrimSuffix(text.Reveal(), "\n"), "\n")
	return "  " + strings.Join(lines, "\n  ") + "\n", nil
}

// Has says whether the installation has a secret of this name, be it known or not.
func (c configuration) Has(name string) bool { return c.has(name) }

func render(name string, data any) (app.Secret, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"quote": func(v any) string { return strconv.Quote(fmt.Sprint(v)) }}).
		ParseFS(templateFiles, "templates/"+name)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return app.Secret(out.String()), nil
}

func quoted(words []string) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = strconv.Quote(w)
	}
	return all
}

// rocketChatEnvironment is a file as docker run --env-file and systemd's EnvironmentFile read it.
func (b *Blueprint) rocketChatEnvironment() app.Secret {
	value := app.Secret("true")
	if s, wanted := b.secret(rocketChatCreateToken); wanted {
		value = s.Text
	}
	return app.Secret(b.TokenVariable() + "=" + value.Reveal() + "\n")
}
