package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat"
)

// toyConfig is the section of a chat that nobody has heard of: a shout box.
type toyConfig struct {
	URL    chat.Origin      `yaml:"url" doc:"Where the box is."`
	Access chat.AccessRules `yaml:"access" doc:"Who may shout."`
	Prefix string           `yaml:"prefix" default:"HEY" doc:"How a shout begins."`
}

func (c *toyConfig) AccessRules() *chat.AccessRules { return &c.Access }

func (c *toyConfig) Addresses() map[string]chat.Origin { return map[string]chat.Origin{"url": c.URL} }

func (c *toyConfig) APIAddress() string { return "" }

func (c *toyConfig) Called() string { return "Shout Box" }

func (c *toyConfig) Open(env chat.Env) (chat.Connector, error) {
	callers, err := chat.NewCallers(env)
	return &toy{cfg: *c, env: env, callers: callers}, err
}

// toy is its connector: everything a third chat needs.
type toy struct {
	cfg     toyConfig
	env     chat.Env
	callers *chat.Callers
}

func (t *toy) Access() chat.Access {
	return chat.Access{Return: []chat.Origin{t.cfg.URL}, Token: []chat.Origin{t.cfg.URL}}
}

func (t *toy) Mount(r gin.IRouter) {
	r.GET("/token", chat.TokenGuard(t.Access().Token, t.env.Problems), t.env.Problems.JSON(t.token))
}

func (t *toy) token(c *gin.Context) error {
	who, err := t.callers.Find(c)
	if err != nil {
		return chat.Told(err)
	}
	if err := t.env.Enter(c.Request.Context(), &t.cfg.Access, who); err != nil {
		return err
	}
	c.JSON(http.StatusOK, map[string]string{"shout": t.cfg.Prefix + " " + who.Session.Identity.Subject})
	return nil
}

// corner is a configuration with the third chat in it.
var corner = strings.Replace(working, `standalone: {address: "cache:6379"}`, "memory: true", 1) + `  corner:
    kind: shoutbox
    url: https://shout.example.org
    access: {anyone: true}
`

// TestAThirdChatIsCheckedLikeEveryOther: what the contract asks of a section is what the application checks (B-29, D7).
func TestAThirdChatIsCheckedLikeEveryOther(t *testing.T) {
	kinds := app.Chats()
	kinds["shoutbox"] = func() chat.Config { return new(toyConfig) }
	for _, test := range []struct{ name, from, to, want string }{
		{"an address on http", "https://shout.example.org", "http://shout.example.org", "chats.corner.url: must be https"},
		{"no rules on who may enter", "access: {anyone: true}\n", "prefix: HO\n", "chats.corner.access: must say who may enter"},
		{"rules with a provider that is none", "anyone: true}\n", "providers: [nowhere]}\n", "chats.corner.access.providers[0]: must be a key of providers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := strings.LastIndex(corner, test.from)
			source := corner[:at] + test.to + corner[at+len(test.from):]
			if _, err := app.Parse("chatgate.yaml", []byte(source), kinds, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Parse() = %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestAThirdChatIsOneFolderAndOneLine: the folder is this file, the line is the one that adds to the kinds.
func TestAThirdChatIsOneFolderAndOneLine(t *testing.T) {
	kinds := app.Chats()
	kinds["shoutbox"] = func() chat.Config { return new(toyConfig) }

	loaded, err := app.Parse("chatgate.yaml", []byte(corner), kinds, nil)
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := app.Open(loaded.Config, app.Lends{})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "https://sso.example.org/corner/token", nil)
	request.Header.Set("Origin", "https://shout.example.org")
	answer := httptest.NewRecorder()
	gateway.Server().Handler().ServeHTTP(answer, request)
	if answer.Code != http.StatusUnauthorized || answer.Header().Get("Access-Control-Allow-Origin") != "https://shout.example.org" {
		t.Errorf("/corner/token = %d with CORS %q, want a 401 that the page can read", answer.Code, answer.Header().Get("Access-Control-Allow-Origin"))
	}
	if schema, err := app.JSONSchema(kinds); err != nil || !strings.Contains(string(schema), "How a shout begins.") {
		t.Errorf("the schema does not know the third chat: %v", err)
	}
}
