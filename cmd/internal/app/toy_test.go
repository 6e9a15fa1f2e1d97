package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"chatgate/cmd/internal/app"
	"chatgate/gateway/chat"
	"chatgate/gateway/session"
)

// toyConfig is the section of a chat that nobody has heard of: a shout box.
type toyConfig struct {
	URL    chat.Origin      `yaml:"url" doc:"Where the box is."`
	Access chat.AccessRules `yaml:"access" doc:"Who may shout."`
	Prefix string           `yaml:"prefix" default:"HEY" doc:"How a shout begins."`
}

func (c *toyConfig) Open(env chat.Env) (chat.Connector, error) { return &toy{cfg: *c, env: env}, nil }

// toy is its connector: everything a third chat needs.
type toy struct {
	cfg toyConfig
	env chat.Env
}

func (t *toy) Access() chat.Access {
	return chat.Access{Return: []chat.Origin{t.cfg.URL}, Token: []chat.Origin{t.cfg.URL}}
}

func (t *toy) Mount(r gin.IRouter) {
	r.GET("/token", chat.TokenGuard(t.Access().Token, t.env.Problems), t.env.Problems.JSON(
		t.env.Sessions.Require(t.env.Name, func(c *gin.Context, s session.Session) error {
			c.JSON(http.StatusOK, map[string]string{"shout": t.cfg.Prefix + " " + s.Identity.Subject})
			return nil
		})))
}

// TestAThirdChatIsOneFolderAndOneLine: the folder is this file, the line is the one that adds to the kinds.
func TestAThirdChatIsOneFolderAndOneLine(t *testing.T) {
	kinds := app.Chats()
	kinds["shoutbox"] = func() chat.Config { return new(toyConfig) }

	source := working + `  corner:
    kind: shoutbox
    url: https://shout.example.org
    access: {anyone: true}
`
	loaded, err := app.Parse("chatgate.yaml", []byte(strings.Replace(source, `standalone: {address: "cache:6379"}`, "memory: true", 1)), kinds, nil)
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
