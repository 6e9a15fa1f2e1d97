package gateway

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"chatgate/gateway/session"
	"chatgate/gateway/web"
)

// wish is what a sign-in was asked for with, by a link or by a form of ours.
type wish struct {
	// Provider is a key, empty where none was named.
	Provider string
	// Hint is who is likely to sign in, for the provider; an e-mail address also says which provider.
	Hint   string
	Prompt string
}

// provides settles at which provider a sign-in happens, out of those that the chats concerned let in. It is false where
// the person has to say.
func (s *Server) provides(w wish, offered []string) (key string, settled bool) {
	if w.Provider != "" || len(offered) == 1 {
		return cmp.Or(w.Provider, offered[0]), true
	}
	key = s.directory.providerOf(w.Hint)
	return key, slices.Contains(offered, key)
}

// offered are the keys of the providers that at least one of the chats lets in, all of them where no chat is concerned.
// Whoever came from another one would be signed in and then refused (D7).
func (s *Server) offered(chats []string) []string {
	var keys []string
	for key := range s.cfg.Providers {
		if len(chats) == 0 || slices.ContainsFunc(chats, func(chat string) bool { return s.letsIn(chat, key) }) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 && len(chats) > 0 {
		return s.offered(nil)
	}
	slices.SortFunc(keys, func(a, b string) int {
		one, other := strings.ToLower(s.cfg.Providers[a].Title()), strings.ToLower(s.cfg.Providers[b].Title())
		return cmp.Or(strings.Compare(one, other), strings.Compare(a, b))
	})
	return keys
}

func (s *Server) letsIn(chat, provider string) bool {
	rules := s.cfg.Chats[chat].Rules
	return rules == nil || rules.Admits(provider)
}

// concerned are the chats that a sign-in is for: the one that was named, else those whose page the address is, or whose
// route of ours.
func (s *Server) concerned(named, target string) (chats []string) {
	if named != "" {
		return []string{named}
	}
	if path, own := strings.CutPrefix(target, s.cfg.BaseURL+"/"); own {
		name, _, _ := strings.Cut(path, "/")
		if _, ok := s.cfg.Chats[name]; ok {
			chats = []string{name}
		}
		return chats
	}
	for name, c := range s.cfg.Chats {
		for _, origin := range c.Access().Return {
			if rest, ok := strings.CutPrefix(target, string(origin)); ok && (rest == "" || strings.HasPrefix(rest, "/")) {
				chats = append(chats, name)
				break
			}
		}
	}
	return chats
}

// counts says whether a sign-in is young enough for every chat concerned. A page of several sends people here for the one
// that takes their sign-in no more, and would do so for ever; of a chat that refuses them too, they learn that only once
// their sign-in counts.
func (s *Server) counts(live session.Session, chats []string) bool {
	return !slices.ContainsFunc(chats, func(chat string) bool {
		return !s.cfg.Now().Before(s.cfg.Sessions.EndsFor(live, chat))
	})
}

// chooser is what the page shows that asks for the provider.
type chooser struct {
	Last   *choice    // the one that this browser signed in at last, nil where there is none
	Email  *emailForm // nil where no address leads anywhere
	Others []choice
}

// choice is one provider to sign in at, and the way there: a link, or a form.
type choice struct {
	Title string
	Way   web.Action
}

// emailForm finds the provider by an e-mail address. It posts, so that the address stands in no address of ours.
type emailForm struct {
	Way   web.Action
	Typed string
	// Problem is the key of the message that says why the address that was typed leads nowhere.
	Problem string
}

// choose asks at which of the providers to sign in. Every way on carries the fields along.
func (s *Server) choose(c *gin.Context, w wish, offered []string, way web.Action, keepOpener bool) error {
	page := s.choices(lastProvider(c), offered, way)
	if slices.ContainsFunc(offered, func(key string) bool { return len(s.cfg.Providers[key].Domains()) > 0 }) {
		page.Email = &emailForm{Way: web.Action{Href: way.Href, Fields: way.Fields}, Typed: w.Hint, Problem: s.problemWith(c, w)}
	}
	return s.pages.choose(c, page, keepOpener)
}

// problemWith says what is wrong with an address that settled nothing. Only a form brings one that its person has typed;
// the hint of a link is nothing that they could have got wrong.
func (s *Server) problemWith(c *gin.Context, w wish) string {
	switch {
	case c.Request.Method != http.MethodPost || w.Hint == "":
		return ""
	case s.directory.providerOf(w.Hint) != "":
		return "chooser.email_elsewhere"
	}
	return "chooser.email_unknown"
}

// choices are the providers by their titles, the one that this browser signed in at last apart from the others.
func (s *Server) choices(last string, offered []string, way web.Action) (page chooser) {
	for _, key := range offered {
		one := choice{Title: s.cfg.Providers[key].Title(), Way: toProvider(way, key)}
		if key == last {
			page.Last = &one
		} else {
			page.Others = append(page.Others, one)
		}
	}
	return page
}

// toProvider is the way on with a provider chosen: a form that posts, or a link.
func toProvider(way web.Action, key string) web.Action {
	fields := map[string]string{"provider": key}
	for name, value := range way.Fields {
		fields[name] = value
	}
	if way.Post {
		return web.Action{Href: way.Href, Post: true, Fields: fields}
	}
	query := url.Values{}
	for name, value := range fields {
		query.Set(name, value)
	}
	return web.Action{Href: way.Href + "?" + query.Encode()}
}

const (
	// providerCookie names the provider that this browser signed in at last. It orders a list and decides nothing.
	providerCookie = "__Host-chatgate.provider"
	providerLife   = 365 * 24 * time.Hour
)

// rememberProvider has the provider stand first the next time, where there is a choice.
func (s *Server) rememberProvider(c *gin.Context, key string) {
	if len(s.cfg.Providers) > 1 {
		writeCookie(c, providerCookie, key, int(providerLife/time.Second))
	}
}

// lastProvider is the key that the browser remembers, whatever that is worth.
func lastProvider(c *gin.Context) string {
	cookies := c.Request.CookiesNamed(providerCookie)
	if len(cookies) != 1 {
		return ""
	}
	return cookies[0].Value
}

// toOwnLogin says whether a sign-in ends at the authorization endpoint of a chat's own login, whose window a page of the
// chat's has opened and waits for.
func toOwnLogin(returnTo string) bool {
	path, _, _ := strings.Cut(returnTo, "?")
	return strings.HasPrefix(path, "/") && strings.HasSuffix(path, "/oauth/authorize")
}

// choose shows the chooser. KeepOpener is for a window that a chat opened.
func (p pages) choose(c *gin.Context, shown chooser, keepOpener bool) error {
	return p.all.Render(c, http.StatusOK, web.Page{Template: p.chooser, Styles: []string{"chooser.css"}, Data: shown, KeepOpener: keepOpener})
}
