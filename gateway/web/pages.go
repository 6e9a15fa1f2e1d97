package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

//go:embed template locale asset
var files embed.FS

// Files that every page loads; the second one only where the operator has a colour.
const (
	stylesheet      = "chatgate.css"
	themeStylesheet = "theme.css"
	ourLogo         = "logo.svg"
)

// Config says how the pages of one gateway look and speak. [Settings.Open] makes one from the operator's settings.
type Config struct {
	Name     string // the organisation or product that pages name; "chatgate" when empty
	Logo     Logo   // in place of ours; optional
	Colour   Colour // of links and buttons, in place of ours; optional
	Contact  string // where a refused person finds help, an e-mail address or an https address; optional
	Language string // BCP 47 tag of the language for readers whose own we do not have; "en" when empty
	HSTS     bool   // the public address is https, and browsers may remember that

	// Locales holds <tag>.json files of the operator: further languages, or other words for single keys of ours.
	Locales fs.FS
}

// Pages renders pages and serves the files they load. Templates and assets are added while the gateway is put
// together; after that a Pages is read-only and safe for concurrent use.
type Pages struct {
	name    string
	logo    string // the asset
	contact contact
	hsts    bool
	locales *locales
	assets  *assets
	layout  string
	styles  []string
	builtin builtin
}

// New loads the embedded files and those of cfg.
func New(cfg Config) (*Pages, error) {
	p := &Pages{name: cfg.Name, logo: ourLogo, hsts: cfg.HSTS, assets: newAssets(), styles: []string{stylesheet}}
	if p.name == "" {
		p.name = "chatgate"
	}
	var err error
	if p.contact, err = parseContact(cfg.Contact); err != nil {
		return nil, fmt.Errorf("contact: %w", err)
	}
	if p.locales, err = loadLocales(cfg.Language, cfg.Locales); err != nil {
		return nil, err
	}
	if err := p.AddAssets(files, "asset/*"); err != nil {
		return nil, err
	}
	if err := p.addTheme(cfg.Colour, cfg.Logo); err != nil {
		return nil, err
	}
	layout, err := files.ReadFile("template/layout.html")
	if err != nil {
		return nil, fmt.Errorf("read layout: %w", err)
	}
	p.layout = string(layout)
	if p.builtin, err = p.parseBuiltin(); err != nil {
		return nil, err
	}
	return p, nil
}

// Page is one answer: a template, what it shows, and who may do what with it.
type Page struct {
	Template *Template
	Data     any

	// FrameAncestors are the only origins that may frame the page; with none, nobody may (S81, B-06). All ancestors
	// must match, so a page two frames deep lists both.
	FrameAncestors []string
	FormAction     []string // origins, beside ours, that the page's forms may post to
	Scripts        []string // names of assets, loaded as modules
	Styles         []string // names of assets, linked after the shared stylesheet

	// KeepOpener leaves the window tied to the page of another site that opened it: Coral's own login window must hand
	// its token to that page in the end, and a policy of any page on the way would cut the tie.
	KeepOpener bool
}

// layoutData is what the layout itself needs; the templates in it see Data alone.
type layoutData struct {
	Lang, Dir, Name, Nonce string
	Scripts, Styles        []string
	Data                   any
}

// Render answers with page in the reader's language. Nothing has been written when it returns an error, which is
// always a mistake of ours: a template that does not fit its data, an unknown asset, a malformed origin.
func (p *Pages) Render(c *gin.Context, status int, page Page) error {
	nonce := rand.Text()
	policy, err := contentSecurityPolicy(page, nonce)
	if err != nil {
		return fmt.Errorf("render %s: %w", page.Template.name, err)
	}
	index := p.locales.pick(c.Request)
	language := p.locales.all[index]
	data := layoutData{
		Lang: language.tag.String(), Dir: language.direction(),
		Name: p.name, Nonce: nonce,
		Styles: slices.Concat(p.styles, page.Styles), Scripts: page.Scripts,
		Data: page.Data,
	}
	var html bytes.Buffer
	if err := page.Template.byLanguage[index].Execute(&html, data); err != nil {
		return fmt.Errorf("render %s: %w", page.Template.name, err)
	}
	p.setHeaders(c.Writer.Header(), page, policy)
	c.Data(status, "text/html; charset=utf-8", html.Bytes())
	return nil
}

// Text translates key into the language of r's reader, with name-value pairs for the places in the message. It reports
// false when that language has no such key, and the caller falls back to English words of its own.
func (p *Pages) Text(r *http.Request, key string, pairs ...string) (string, bool) {
	l := p.locales.all[p.locales.pick(r)]
	message, ok := l.messages[key]
	return l.fill(message, pairs), ok
}
