package oidc_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chatgate/oidc"
)

// The providers that others wrote, which our own stand-in never replaces: a certified one on Node, and zitadel's.
// Both know the same two people and speak the protocol of .ci/providers/control.mjs.
var independents = map[string]func(t *testing.T) *exec.Cmd{
	"oidc-provider": func(t *testing.T) *exec.Cmd {
		node, err := exec.LookPath("node")
		if err != nil {
			missing(t, "node is not installed")
		}
		needFile(t, "../.ci/node_modules/oidc-provider", "run npm ci in .ci")
		return exec.Command(node, "../.ci/providers/oidc-provider/main.mjs", "--redirect-uri", callbackURL)
	},
	"zitadel": func(t *testing.T) *exec.Cmd {
		binary := needFile(t, "../.tools/bin/zitadel-provider", "run .ci/run once to build it")
		return exec.Command(binary, "-redirect-uri", callbackURL)
	},
}

func needFile(t *testing.T, path, remedy string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(absolute); err != nil {
		missing(t, fmt.Sprintf("%s is missing: %s", path, remedy))
	}
	return absolute
}

// missing skips at home and fails in CI, where every real part must be there.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// independent is a provider in a process of its own.
type independent struct {
	Issuer       string            `json:"issuer"`
	Client       independentClient `json:"client"`
	SignedClient independentClient `json:"signedClient"` // gets signed userinfo; the first provider alone has it
	KeyClient    independentClient `json:"keyClient"`    // has a key in place of a secret; likewise

	in  io.Writer
	out *bufio.Scanner
}

type independentClient struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func startIndependent(t *testing.T, cmd *exec.Cmd) *independent {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log logBook
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // the end of its input ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("provider ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the provider said:\n%s", log.String())
		}
	})
	p := &independent{in: stdin, out: bufio.NewScanner(stdout)}
	p.hear(t, p)
	return p
}

// hear reads one line; a provider that ends or stays silent fails the test, the latter by go test's own deadline.
func (p *independent) hear(t *testing.T, into any) {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the provider ended: %v", p.out.Err())
	}
	if err := json.Unmarshal(p.out.Bytes(), into); err != nil {
		t.Fatalf("the provider said %q: %v", p.out.Text(), err)
	}
}

func (p *independent) rotate(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(p.in, "rotate\n"); err != nil {
		t.Fatal(err)
	}
	var answer struct{ Rotated, Error string }
	if p.hear(t, &answer); answer.Rotated == "" {
		t.Fatalf("rotate: %s", answer.Error)
	}
}

// relyingParty has discovered the provider when it is returned.
func (p *independent) relyingParty(t *testing.T, client oidc.ClientConfig) *oidc.RelyingParty {
	t.Helper()
	cfg := oidc.Config{
		Issuer: p.Issuer,
		Client: client,
		Scopes: []string{"openid", "profile", "email", "groups", "offline_access"},
		Leeway: 5 * time.Second,
	}
	rp, err := oidc.New(cfg, oidc.Env{Provider: "independent", Development: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := rp.Discover(t.Context()); err != nil {
		t.Fatalf("Discover = %v, want nil", err)
	}
	return rp
}

// secretly is a client as it is registered, with its secret.
func (c independentClient) secretly() oidc.ClientConfig {
	return oidc.ClientConfig{ID: c.ID, Secret: oidc.Secret(c.Secret)}
}

func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	// The callback is a name that nobody serves, so it is looked at and not followed.
	stop := func(req *http.Request, via []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), callbackURL) {
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}
	return &http.Client{Jar: jar, CheckRedirect: stop, Timeout: 10 * time.Second}
}

// walk goes from the provider's address to our callback and fills in one sign-in form on the way.
func walk(browser *http.Client, providerURL, username, password string) (*url.URL, error) {
	res, err := browser.Get(providerURL)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode < http.StatusMultipleChoices {
		action, fields, err := signInForm(res)
		if err != nil {
			return nil, err
		}
		fields.Set("username", username)
		fields.Set("password", password)
		if res, err = browser.PostForm(action, fields); err != nil {
			return nil, err
		}
		defer res.Body.Close()
	}
	if res.StatusCode < http.StatusMultipleChoices || res.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s answered %s", res.Request.URL.Path, res.Status)
	}
	return res.Location()
}

// signInForm is the address and the hidden fields of the only form on a page.
func signInForm(res *http.Response) (action string, fields url.Values, err error) {
	page, err := html.Parse(res.Body)
	if err != nil {
		return "", nil, err
	}
	target, fields := "", url.Values{}
	for node := range page.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form":
			target = attribute(node, "action")
		case node.Data == "input":
			fields.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	u, err := res.Request.URL.Parse(target)
	if err != nil || !fields.Has("password") {
		return "", nil, fmt.Errorf("no sign-in form at %s", res.Request.URL.Path)
	}
	return u.String(), fields, nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
