package gateway

import (
	"errors"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/account"
	"chatgate/gateway/chat"
	"chatgate/gateway/problem"
	"chatgate/oidc"
)

// openDesk makes the account page of this gateway's chats and providers.
func (s *Server) openDesk() (*account.Desk, error) {
	providers := map[string]account.Provider{}
	for key, rp := range s.cfg.Providers {
		providers[key] = account.Provider{Title: rp.Title(), SignsOut: func() bool {
			known, ok := rp.Metadata()
			return ok && known.EndSessionEndpoint != ""
		}}
	}
	return account.New(account.Config{
		Sessions: s.cfg.Sessions, End: s.EndSession, Chats: s.accountChats(), Providers: providers, Place: s.cfg.Place,
		Limits: s.cfg.Limits, Audit: s.cfg.Audit, Pages: s.cfg.Pages, Now: s.cfg.Now,
	})
}

// accountChats are the chats by their titles.
func (s *Server) accountChats() []account.Chat {
	var all []account.Chat
	for name, c := range s.cfg.Chats {
		l, ok := c.Connector.(chat.Lingerer)
		all = append(all, account.Chat{
			Name: name, Title: c.Title, URL: string(s.origins.chats[name]), Lingers: ok && l.Lingers(), Refuses: c.refuses,
		})
	}
	slices.SortFunc(all, func(a, b account.Chat) int { return strings.Compare(a.Title, b.Title) })
	return all
}

// refuses is why the rules leave somebody out, "" for whom they let in.
func (c Chat) refuses(id oidc.Identity) string {
	if c.Rules == nil {
		return ""
	}
	if denied, ok := errors.AsType[*chat.DeniedError](c.Rules.Allow(id)); ok {
		return string(denied.Reason)
	}
	return ""
}

// endOther ends another session of the same person, for a form of the account page only (S105, S151).
func (s *Server) endOther(c *gin.Context) error {
	if !chat.FromOwnPage(c.Request, s.cfg.BaseURL) {
		return problem.CrossSiteRequest(nil)
	}
	return s.account.End(c)
}
