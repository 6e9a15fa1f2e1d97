package main

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// world is a demo that runs, with somebody signed in, for commands that need an installation. Each document has its own,
// and a block that is marked "fresh" begins another: Rocket.Chat answers only so many questions a minute. Words of a
// command that only its reader knows are replaced: the mark says by what, a literal or one of these:
//
//	@subject    the signed-in person's
//	@session    the session's id
//	@kid        of the key that signs for comments
//	@reference  of a request that was refused
//
// In it kubectl and helm are stand-ins, since there is no cluster: `kubectl exec` runs the gateway's command against this
// world, `helm install` and `helm upgrade` render the repository's chart with real Helm, and of other verbs only the
// spelling is looked at. `chatgate serve` serves until the block ends.
type world struct {
	dir    string
	values map[string]string
	demo   *exec.Cmd
}

//go:embed standin
var standIns embed.FS

// addresses are what the demo prints.
type addresses struct {
	Gateway    string `json:"gateway"`
	RocketChat string `json:"rocketchat"`
	Users      []struct{ Username, Password string }
}

func runInWorld(ctx context.Context, r *runner, s snippet) error {
	if i := slices.Index(s.args, "fresh"); i >= 0 {
		s.args = slices.Delete(slices.Clone(s.args), i, i+1)
		r.leaveWorld()
	}
	if r.world == nil {
		w, err := enterWorld(ctx, r.dir)
		if err != nil {
			return fmt.Errorf("start the demo: %w", err)
		}
		r.world = w
	}
	script, err := r.world.script(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := shell(ctx, r.world.dir, "trap 'kill $(cat serving 2>/dev/null) 2>/dev/null || true; rm -f serving' EXIT\n"+script)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(r.world.dir, "standin")+":"+os.Getenv("PATH"),
		"EDITOR=editor", "CHATGATE="+filepath.Join(r.world.dir, "..", "bin", "chatgate"), "REPOSITORY="+filepath.Join(r.world.dir, ".."))
	cmd.Stdin = agreeing{}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// agreeing is whoever follows a document: they say yes to whatever it asks for.
type agreeing struct{}

// Read gives whole lines for ever.
func (agreeing) Read(p []byte) (int, error) {
	const line = "yes\n"
	n := 0
	for n+len(line) <= len(p) {
		n += copy(p[n:], line)
	}
	return n, nil
}

// script is the block as its reader types it: the lines behind a prompt where there are prompts, words replaced.
func (w *world) script(s snippet) (string, error) {
	text := s.text
	if strings.HasPrefix(text, "$ ") {
		var typed []string
		for line := range strings.Lines(text) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				typed = append(typed, command)
			}
		}
		text = strings.Join(typed, "")
	}
	for _, arg := range s.args {
		word, by, ok := strings.Cut(arg, "=")
		if !ok || !strings.Contains(text, word) {
			return "", fmt.Errorf("ci:world %s: want WORD=value with a word of the block", arg)
		}
		if name, known := strings.CutPrefix(by, "@"); known {
			if by = w.values[name]; by == "" {
				return "", fmt.Errorf("ci:world %s: this world knows no %s", arg, name)
			}
		}
		text = regexp.MustCompile(`\b`+regexp.QuoteMeta(word)+`\b`).ReplaceAllLiteralString(text, by)
	}
	return text, nil
}

func enterWorld(ctx context.Context, dir string) (*world, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w := &world{dir: filepath.Join(dir, "world"), values: map[string]string{}}
	if err := os.CopyFS(w.dir, standIns); err != nil {
		return nil, err
	}
	programs, err := filepath.Glob(filepath.Join(w.dir, "standin", "*"))
	if err != nil {
		return nil, err
	}
	for _, program := range programs {
		if err := os.Chmod(program, 0o700); err != nil { //nolint:gosec // a program of ours
			return nil, err
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(w.dir, "bin"), 0o700),
		os.Symlink("../standin/chatgate", filepath.Join(w.dir, "bin", "chatgate")),
		os.Symlink("../values.yaml", filepath.Join(w.dir, "values.yaml"))); err != nil {
		return nil, err
	}
	if err := w.start(ctx, filepath.Join(dir, "bin", "chatgate-demo")); err != nil {
		return nil, errors.Join(err, w.leave())
	}
	return w, nil
}

// start runs the demo, signs its first person in and has one request refused.
func (w *world) start(ctx context.Context, program string) error {
	w.demo = exec.CommandContext(ctx, program, "-json", "-port", "0", "-config", filepath.Join(w.dir, "chatgate.yaml")) //nolint:gosec // the demo
	w.demo.Stderr = os.Stderr
	out, err := w.demo.StdoutPipe()
	if err != nil {
		return err
	}
	if err := w.demo.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the demo's addresses: %w", err)
	}
	var a addresses
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	if err := w.listenElsewhere(); err != nil {
		return err
	}
	if err := w.meet(ctx, a); err != nil {
		return err
	}
	return w.learn(ctx)
}

// listenElsewhere lets `serve` run beside the demo's own gateway.
func (w *world) listenElsewhere() error {
	file := filepath.Join(w.dir, "chatgate.yaml")
	config, err := os.ReadFile(file) //nolint:gosec // the demo wrote it
	if err != nil {
		return err
	}
	var ports []any
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ports = append(ports, l.Addr().String())
		defer l.Close()
	}
	listen := fmt.Sprintf("listen: {drain: 0s, public: %q, admin: %q}", ports...)
	changed := strings.Replace(string(config), "listen: {drain: 0s}", listen, 1)
	if changed == string(config) {
		return errors.New("the demo's configuration has another section listen than this knows")
	}
	return errors.Join(os.WriteFile(file, []byte(changed), 0o600),
		os.WriteFile(filepath.Join(w.dir, "admin"), []byte(ports[1].(string)), 0o600))
}

// meet signs a person in, and learns the reference of a request that is refused.
func (w *world) meet(ctx context.Context, a addresses) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialLocal}}
	asked, err := send(ctx, browser, a.Gateway+"/login", nil)
	if err != nil {
		return err
	}
	form := url.Values{"username": {a.Users[0].Username}, "password": {a.Users[0].Password}}
	for _, hidden := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(asked.body, -1) {
		form.Set(hidden[1], html.UnescapeString(hidden[2]))
	}
	action := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(asked.body)
	if action == nil {
		return fmt.Errorf("the provider shows no form but %q", asked.body)
	}
	target, err := asked.at.Parse(html.UnescapeString(action[1]))
	if err != nil {
		return err
	}
	if signedIn, err := send(ctx, browser, target.String(), form); err != nil || signedIn.status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("the sign-in ended with %d", signedIn.status))
	}
	if err := openChat(ctx, browser, a); err != nil {
		return err
	}
	refused, err := send(ctx, browser, a.Gateway+"/login/callback?state=made-up&code=made-up", nil)
	w.values["reference"] = refused.reference
	return err
}

// openChat asks for a login as Rocket.Chat's page does, which gives the person an account there.
func openChat(ctx context.Context, browser *http.Client, a addresses) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Gateway+"/rocketchat/token", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Origin", a.RocketChat)
	resp, err := browser.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the chat's page got %s", resp.Status)
	}
	return nil
}

type answer struct {
	at              *url.URL
	status          int
	body, reference string
}

// send asks as a person's browser does when they follow a link, or press a form's button.
func send(ctx context.Context, browser *http.Client, address string, form url.Values) (answer, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	for name, value := range map[string]string{"Site": "none", "Mode": "navigate", "Dest": "document", "User": "?1"} {
		r.Header.Set("Sec-Fetch-"+name, value)
	}
	resp, err := browser.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.Request.URL, resp.StatusCode, string(text), resp.Header.Get("X-Request-Id")}, err
}

// dialLocal finds names below localhost here, as browsers do.
func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

// learn has the gateway's own commands say what it calls the session and the key.
func (w *world) learn(ctx context.Context) error {
	var session struct{ ID, Subject string }
	if err := w.ask(ctx, &session, "sessions", "list"); err != nil {
		return err
	}
	w.values["session"], w.values["subject"] = session.ID, session.Subject
	var published struct{ Keys []struct{ KID string } }
	if err := w.ask(ctx, &published, "keys", "list"); err != nil {
		return err
	}
	if len(published.Keys) > 0 {
		w.values["kid"] = published.Keys[0].KID
	}
	return nil
}

func (w *world) ask(ctx context.Context, answer any, command ...string) error {
	program := filepath.Join(w.dir, "..", "bin", "chatgate")
	cmd := exec.CommandContext(ctx, program, append(command, "--json", "--config", filepath.Join(w.dir, "chatgate.yaml"))...) //nolint:gosec // ours
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, answer)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %q", strings.Join(command, " "), err, out)
	}
	return nil
}

func (r *runner) leaveWorld() {
	if r.world == nil {
		return
	}
	if err := errors.Join(r.world.leave(), os.RemoveAll(r.world.dir)); err != nil {
		fmt.Fprintln(os.Stderr, "stop the demo:", err)
	}
	r.world = nil
}

func (w *world) leave() error {
	if w.demo.Process == nil {
		return nil
	}
	if err := w.demo.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	return w.demo.Wait()
}
