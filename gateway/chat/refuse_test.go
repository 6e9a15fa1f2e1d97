package chat_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/limit"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
	"chatgate/oidc"
	"chatgate/store"
)

var ada = oidc.Identity{Provider: "corp", Subject: "ada", Email: "ada@example.org", Groups: []string{"staff"}}

func TestWhomTheRulesLeaveOutIsToldWhyAndAudited(t *testing.T) { // D7, S54
	for _, test := range []struct {
		name   string
		rules  chat.AccessRules
		reason string
		told   string
	}{
		{"another provider", chat.AccessRules{Providers: []string{"partners"}}, "provider_not_allowed", "another identity provider"},
		{"no group of those", chat.AccessRules{Groups: []string{"board"}}, "group_missing", "none of the groups"},
		{"another address", chat.AccessRules{Emails: []string{"bob@example.org"}}, "email_not_allowed", "not open to your e-mail address"},
		{"an address that nobody verified", chat.AccessRules{EmailDomains: []string{"example.org"}}, "email_unverified", "is not verified"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := chattest.NewEnv(t, chattest.Options{Name: "board"})
			id := ada
			id.EmailVerified = test.reason != "email_unverified"
			who := chat.Caller{Session: e.Session(e.SignIn(id)), Address: "192.0.2.7"}
			err := e.Enter(t.Context(), &test.rules, who)
			told, ok := errors.AsType[*problem.Error](err)
			if !ok || told.Code != "access_denied" || told.Reason.Code != test.reason || !strings.Contains(told.Detail, test.told) {
				t.Fatalf("Enter() = %v, want access_denied with %q", err, test.told)
			}
			chattest.CheckReason(t, told.Reason)
			line := fmt.Sprintf(`"act":"chat_token_refused","reason":%q,"provider":"corp","sub":"ada","chat":"board","session":%q,"remote_ip":"192.0.2.7"`,
				test.reason, who.Session.Label())
			if got := e.Journal.String(); strings.Count(got, line) != 1 {
				t.Errorf("the log is %s, want one line with %s", got, line)
			}
		})
	}
}

func TestWhomTheRulesLetInIsNotAudited(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{})
	who := chat.Caller{Session: e.Session(e.SignIn(ada))}
	if err := e.Enter(t.Context(), &chat.AccessRules{Groups: []string{"staff"}}, who); err != nil {
		t.Errorf("Enter() = %v, want nil", err)
	}
	if got := e.Journal.String(); got != "" {
		t.Errorf("the log is %s, want nothing", got)
	}
}

// TestAFloodOfRefusedCallsIsOneAuditLine: of each window, on whichever replica it is refused (S123, S142).
func TestAFloodOfRefusedCallsIsOneAuditLine(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{Name: "board"})
	replica := e.Replica()
	rule := limit.Rule{Name: "mint_session", Max: 1, Per: time.Minute}
	for window := 1; window <= 2; window++ {
		if err := e.Allow(t.Context(), rule, "key", chat.Caller{}); err != nil {
			t.Fatalf("Allow() = %v for the first call, want nil", err)
		}
		for range 5 {
			for _, at := range []*chattest.Env{e, replica} {
				if err := at.Allow(t.Context(), rule, "key", chat.Caller{Address: "192.0.2.7"}); !errors.As(err, new(*limit.Exceeded)) {
					t.Fatalf("Allow() = %v, want *limit.Exceeded", err)
				}
			}
		}
		if got := strings.Count(e.Journal.String(), `"act":"limit_exceeded","reason":"mint_session"`); got != window {
			t.Errorf("%d audit lines after %d windows, want one for each:\n%s", got, window, e.Journal)
		}
		e.Clock.Advance(time.Minute)
	}
}

func TestWhatAClientMayKnowOfAnError(t *testing.T) {
	denied := problem.AccessDenied("board", problem.Reason{Code: "sunday", Phrase: "it is Sunday"}, nil)
	for _, test := range []struct {
		name string
		err  error
		code string // empty for an error that stays what it is
	}{
		{"a problem", fmt.Errorf("while asking: %w", denied), "access_denied"},
		{"a problem that an outage caused", fmt.Errorf("%w: %w", denied, store.ErrUnavailable), "access_denied"},
		{"a limit", fmt.Errorf("mint: %w", &limit.Exceeded{Rule: "r", RetryAfter: time.Second}), "too_many_requests"},
		{"no session", fmt.Errorf("read: %w", session.ErrNone), "session_required"},
		{"a session that ended meanwhile (D21)", fmt.Errorf("keep: %w", session.ErrEnded), "session_required"},
		{"a store that is away (S67)", fmt.Errorf("read: %w", store.ErrUnavailable), "store_unavailable"},
		{"a sealing key that this replica lacks (D23)", fmt.Errorf("open: %w", store.ErrUnknownKey), "store_unavailable"},
		{"anything else", errors.New("what is this"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := chat.Told(test.err)
			told, ok := errors.AsType[*problem.Error](got)
			if ok != (test.code != "") || ok && told.Code != test.code || !errors.Is(got, test.err) {
				t.Errorf("Told(%v) = %v, want %q and the cause kept", test.err, got, test.code)
			}
		})
	}
	told, _ := errors.AsType[*problem.Error](chat.Told(&limit.Exceeded{RetryAfter: 7 * time.Second}))
	if told.RetryAfter != 7*time.Second {
		t.Errorf("RetryAfter of a limit = %s, want its own 7s", told.RetryAfter)
	}
}

func TestRefusalsAreCountedByTheirCode(t *testing.T) {
	e := chattest.NewEnv(t, chattest.Options{})
	e.Metrics.Token("board", "minted")
	e.Metrics.Refused("board", fmt.Errorf("so: %w", problem.SessionRequired(nil)))
	e.Metrics.Refused("board", errors.New("what is this"))
	want := `
		# HELP chatgate_chat_tokens_total Tokens asked for, by chat and by how it went.
		# TYPE chatgate_chat_tokens_total counter
		chatgate_chat_tokens_total{chat="board",result="internal"} 1
		chatgate_chat_tokens_total{chat="board",result="minted"} 1
		chatgate_chat_tokens_total{chat="board",result="session_required"} 1
	`
	if err := testutil.GatherAndCompare(e.Registry, strings.NewReader(want), "chatgate_chat_tokens_total"); err != nil {
		t.Error(err)
	}
}
