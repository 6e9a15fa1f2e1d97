package gateway

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/keyring"
	"chatgate/gateway/problem"
	"chatgate/gateway/sdk"
)

// ReservedNames are our own first path elements: no chat may be called like one of them.
func ReservedNames() []string {
	return []string{"login", "logout", "session", "sdk", "assets", "account", "livez", "readyz", "metrics", "favicon", "robots"}
}

// routes lays every public route.
func (s *Server) routes() (http.Handler, error) {
	e, err := s.engine()
	if err != nil {
		return nil, err
	}
	page, api := s.cfg.Problems.Page, s.cfg.Problems.API

	e.GET("/", page(s.account.Page))
	e.POST("/account/end", page(s.endOther))
	e.GET("/session", api(s.cfg.Sessions.Require("", s.session)))

	e.GET("/login", page(s.login))
	e.POST("/login", page(s.loginByForm))
	e.POST("/login/start", page(s.start))
	e.GET("/login/callback", page(s.callback))
	e.GET("/login/done", page(s.done))
	e.GET("/login/failed", page(s.showFailed))

	e.GET("/logout", page(s.askLogout))
	e.POST("/logout", page(s.logout))
	e.GET("/logout/complete", page(s.logoutComplete))
	e.POST("/logout/backchannel", api(s.backchannel))
	e.GET("/logout/frontchannel", page(s.frontchannel))

	e.GET("/.well-known/jwks.json", api(s.jwks))
	s.cfg.Pages.Mount(e)
	sdk.Mount(e)

	for name, connector := range s.cfg.Chats {
		connector.Mount(e.Group("/" + name))
	}
	e.NoRoute(page(func(*gin.Context) error { return problem.NotFound(nil) }))
	e.NoMethod(api(func(*gin.Context) error { return problem.MethodNotAllowed(nil) }))
	return e, nil
}

// engine is Gin without its habits: a path has one spelling and gives one route (S120), and no header is believed
// unless it comes from a trusted peer (S115).
func (s *Server) engine() (*gin.Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	e.ForwardedByClientIP = len(s.cfg.TrustedProxies) > 0
	e.RemoteIPHeaders = []string{"X-Forwarded-For"}
	e.ContextWithFallback = false
	var trusted []string
	for _, prefix := range s.cfg.TrustedProxies {
		trusted = append(trusted, prefix.String())
	}
	if err := e.SetTrustedProxies(trusted); err != nil {
		return nil, fmt.Errorf("trusted proxies: %w", err)
	}
	e.Use(s.observe, s.recover, s.secure)
	return e, nil
}

// jwks publishes the public half of every signing key.
func (s *Server) jwks(c *gin.Context) error {
	document, err := s.cfg.Keys.JWKS()
	if err != nil {
		return problem.KeysNotLoaded(err)
	}
	keyring.Serve(c.Writer, c.Request, document)
	return nil
}
