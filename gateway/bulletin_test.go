package gateway_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/gateway/session"
)

// bulletin is a chat as small as one can be: it says who is signed in, and panics on request.
type bulletin struct {
	// page is the origin where it is read, board where that is empty.
	page     chat.Origin
	sessions *session.Manager
	problems *problem.Renderer
	told     told
	// entered is closed when /slow is being served, which ends when leave is closed.
	entered, leave chan struct{}
}

func (b *bulletin) Access() chat.Access {
	page := cmp.Or(b.page, board)
	return chat.Access{Return: []chat.Origin{page}, Token: []chat.Origin{page}}
}

// Check says what the test wants it to.
func (b *bulletin) Check(context.Context) []chat.Finding {
	return []chat.Finding{{Name: "reachable", OK: true}, {Name: "paper", OK: false, Text: "the bulletin board is out of pins"}}
}

// told is what a chat has heard of sessions.
type told struct {
	mu                        sync.Mutex
	ended, rechecked, refused []string
	order                     []string
}

func (t *told) note(list *[]string, subject string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	*list = append(*list, subject)
	return nil
}

// EndSession notes whose ended.
func (b *bulletin) EndSession(_ context.Context, s session.Session) error {
	return b.told.note(&b.told.ended, s.Identity.Subject)
}

// MoveSession notes that tokens go over to another session.
func (b *bulletin) MoveSession(context.Context, session.Session, session.Session) error {
	return b.told.note(&b.told.order, "moved")
}

// RecheckSession notes of whom something else is known.
func (b *bulletin) RecheckSession(_ context.Context, _, now session.Session) error {
	_ = b.told.note(&b.told.order, "rechecked")
	return b.told.note(&b.told.rechecked, now.Identity.Subject)
}

// Exclude notes who may not enter any more.
func (b *bulletin) Exclude(_ context.Context, s session.Session) error {
	return b.told.note(&b.told.refused, s.Identity.Subject)
}

// Lingers as paper does.
func (b *bulletin) Lingers() bool { return true }

func (b *bulletin) Mount(r gin.IRouter) {
	guard := chat.TokenGuard(b.Access().Token, b.problems)
	r.OPTIONS("/token", guard)
	r.GET("/token", guard, b.problems.JSON(b.sessions.Require("board", func(c *gin.Context, s session.Session) error {
		c.JSON(http.StatusOK, map[string]string{"sub": s.Identity.Subject})
		return nil
	})))
	r.POST("/echo", b.problems.API(func(c *gin.Context) error {
		body, err := io.ReadAll(c.Request.Body)
		if err == nil {
			c.Data(http.StatusOK, "text/plain", body)
		}
		return err
	}))
	r.GET("/slow", func(c *gin.Context) {
		close(b.entered)
		<-b.leave
		c.String(http.StatusOK, "done")
	})
	r.GET("/panic", guard, func(*gin.Context) { panic("of the chat") })
}

// annex is a chat with a page of its own that is shown on the board's too.
type annex struct{}

const annexPage = "https://annex.example.org"

func (annex) Access() chat.Access {
	return chat.Access{Return: []chat.Origin{annexPage, board}, Token: []chat.Origin{annexPage, board}}
}
func (annex) Check(context.Context) []chat.Finding { return nil }
func (annex) Mount(gin.IRouter)                    {}
