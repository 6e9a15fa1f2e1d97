package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/audit"
)

// record writes one event as JSON and returns the line's attributes, those of slog's own apart.
func record(t *testing.T, e audit.Event) map[string]any {
	t.Helper()
	var out bytes.Buffer
	audit.New(slog.New(slog.NewJSONHandler(&out, nil))).Record(t.Context(), e)
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("Record wrote %d lines, want 1:\n%s", n, &out)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, slog.TimeKey)
	return line
}

// S142: one line with everything that is known, and nothing that is not.
func TestRecordWritesOneLine(t *testing.T) {
	for _, tc := range []struct {
		name  string
		event audit.Event
		want  map[string]any
	}{
		{"an act alone", audit.Event{Act: audit.Started}, map[string]any{
			"level": "INFO", "msg": "started", "audit": true, "act": "started",
		}},
		{"an act with all its facts", audit.Event{
			Act: audit.LoginTokenRevoked, Reason: audit.AbsoluteLimit, Actor: audit.ActorGateway,
			Provider: "corp", Subject: "248289761001", Chat: "rocketchat", Session: "f3c1a2b4", Address: "192.0.2.7",
			Attrs: []slog.Attr{
				slog.String("account", "u1"), slog.Int("attempts", 3), slog.Bool("created", true),
				slog.Duration("age", time.Second), slog.Any("err", errors.New("down")),
			},
		}, map[string]any{
			"level": "INFO", "msg": "login token revoked", "audit": true, "act": "login_token_revoked",
			"reason": "absolute_limit", "actor": "gateway", "provider": "corp", "sub": "248289761001",
			"chat": "rocketchat", "session": "f3c1a2b4", "remote_ip": "192.0.2.7",
			"account": "u1", "attempts": 3.0, "created": true, "age": 1e9, "err": "down",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, record(t, tc.event)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

// S135, CVE-2020-36567: what comes from outside neither forges nor breaks a line.
func TestHostileValuesAreCleaned(t *testing.T) {
	for _, tc := range []struct{ name, value, want string }{
		{"ordinary", "Zoë 漢字", "Zoë 漢字"},
		{"line breaks", "a\r\nb\u2028c\u2029d", "abcd"},
		{"terminal escapes", "a\x1b[31mb\x07\u009bc", "a[31mbc"},
		{"reversed reading direction", "a\u202etxt.exe\u2066", "atxt.exe"},
		{"zero width", "a\u200bb\ufeff", "ab"},
		{"NUL and DEL", "a\x00b\x7f", "ab"},
		{"not UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"as long as a subject may be", strings.Repeat("é", 256), strings.Repeat("é", 256)},
		{"a mebibyte", strings.Repeat("x", 1<<20), strings.Repeat("x", 256) + "…"},
		{"nothing but control characters", "\r\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := record(t, audit.Event{
				Act: audit.SignInRefused, Reason: audit.Reason(tc.value), Actor: tc.value, Provider: tc.value,
				Subject: tc.value, Chat: tc.value, Session: tc.value, Address: tc.value,
				Attrs: []slog.Attr{slog.String("text", tc.value), slog.Any("err", errors.New(tc.value)), slog.Group("group", "x", tc.value)},
			})
			for _, key := range []string{"reason", "actor", "provider", "sub", "chat", "session", "remote_ip", "text", "err"} {
				if diff := cmp.Diff(tc.want, got[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
			if group, ok := got["group"].(string); !ok || strings.ContainsAny(group, "\r\n\x1b") {
				t.Errorf("group = %q, want clean text", got["group"])
			}
		})
	}
}

type redacted string

func (redacted) LogValue() slog.Value { return slog.StringValue("[redacted]") }

func TestSecretTypesStayRedacted(t *testing.T) {
	got := record(t, audit.Event{Act: audit.Started, Attrs: []slog.Attr{slog.Any("key", redacted("s3cret"))}})
	if got["key"] != "[redacted]" {
		t.Errorf("key = %q, want it redacted", got["key"])
	}
}

// handler adds what the server's handler adds: the request id that travels in the context.
type handler struct{ slog.Handler }

type requestID struct{}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	id, _ := ctx.Value(requestID{}).(string)
	r.AddAttrs(slog.String("request_id", id))
	return h.Handler.Handle(ctx, r)
}

func TestRecordHandsTheContextToTheHandler(t *testing.T) {
	var out bytes.Buffer
	log := audit.New(slog.New(handler{slog.NewJSONHandler(&out, nil)}))
	log.Record(context.WithValue(t.Context(), requestID{}, "5f2c"), audit.Event{Act: audit.SignedIn})
	if !strings.Contains(out.String(), `"request_id":"5f2c"`) {
		t.Errorf("the line lacks the request id: %s", &out)
	}
}

func TestLogWithoutALoggerDiscards(t *testing.T) {
	audit.New(nil).Record(t.Context(), audit.Event{Act: audit.Started})
}

// codes are the constants of acts.go, as "Act started".
func codes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "acts.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, spec.Type.(*ast.Ident).Name+" "+code)
		}
		return true
	})
	if len(found) == 0 {
		t.Fatal("no codes found")
	}
	return found
}

// Codes are what alerts are built on: well formed, and each meaning one thing.
func TestCodesAreDistinct(t *testing.T) {
	shape := regexp.MustCompile(`^(Act|Reason) [a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, code := range codes(t) {
		if !shape.MatchString(code) || seen[code] {
			t.Errorf("%s is malformed or taken", code)
		}
		seen[code] = true
	}
}

func TestOperatorsAreToldOfEveryCode(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes(t) {
		_, name, _ := strings.Cut(code, " ")
		if !strings.Contains(string(changelog), "`"+name+"`") {
			t.Errorf("CHANGELOG.md does not list %s", code)
		}
	}
}
