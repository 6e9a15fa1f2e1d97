package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// contentTypes lists what an asset may be. The system's own table is not asked: it differs between machines, and with
// nosniff a wrong type is a page without its style.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".png": "image/png",
	".svg": "image/svg+xml",
}

// asset is a file in memory, with the name that changes whenever its content does.
type asset struct {
	hashedName  string
	contentType string
	content     []byte
}

// assets are the files by their plain names.
type assets struct{ byName map[string]asset }

func newAssets() *assets { return &assets{byName: map[string]asset{}} }

func (a *assets) set(name string, content []byte) error {
	extension := path.Ext(name)
	contentType, ok := contentTypes[extension]
	if !ok {
		return fmt.Errorf("asset %s: must be a .css, .js, .png or .svg file", name)
	}
	sum := sha256.Sum256(content)
	hashed := strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:6]) + extension
	a.byName[name] = asset{hashedName: hashed, contentType: contentType, content: content}
	return nil
}

// AddAssets registers the files of fsys that match the patterns, each under its base name. The names are one flat
// space, so another file of the same name is an error; the very same file is not, since two chats of one kind bring
// the same ones (D5). It is for the time before the gateway serves.
func (p *Pages) AddAssets(fsys fs.FS, patterns ...string) error {
	for _, pattern := range patterns {
		matches, err := fs.Glob(fsys, pattern)
		if err != nil {
			return fmt.Errorf("add assets %s: %w", pattern, err)
		}
		for _, match := range matches {
			if err := p.addAsset(fsys, match); err != nil {
				return fmt.Errorf("add assets: %w", err)
			}
		}
	}
	return nil
}

func (p *Pages) addAsset(fsys fs.FS, file string) error {
	name := path.Base(file)
	content, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	if registered, ok := p.assets.byName[name]; ok && !bytes.Equal(registered.content, content) {
		return fmt.Errorf("asset %s: the name is taken", name)
	}
	return p.assets.set(name, content)
}

// addTheme lays the operator's colour and logo over ours.
func (p *Pages) addTheme(colour Colour, logo Logo) error {
	if colour != "" {
		accent, err := parseColour(colour)
		if err != nil {
			return fmt.Errorf("colour: %w", err)
		}
		if err := p.assets.set(themeStylesheet, themeStyles(accent)); err != nil {
			return err
		}
		p.styles = append(p.styles, themeStylesheet)
	}
	if logo.Extension == "" {
		return nil
	}
	p.logo = "logo" + logo.Extension
	return p.assets.set(p.logo, logo.Content)
}

// Asset gives the path of a registered file on our origin. The path holds a hash of the content, so it may be cached
// for ever.
func (p *Pages) Asset(name string) (string, error) {
	a, ok := p.assets.byName[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return "/assets/" + a.hashedName, nil
}

// Mount serves the registered files under /assets/.
func (p *Pages) Mount(r gin.IRouter) {
	r.GET("/assets/:file", p.serveAsset)
	r.HEAD("/assets/:file", p.serveAsset)
}

func (p *Pages) serveAsset(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// An SVG opened by itself is a document; nothing in it may run (S150).
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	file := c.Param("file")
	a, ok := p.assets.byName[plainName(file)]
	if !ok {
		h.Set("Cache-Control", "no-store")
		c.AbortWithStatus(http.StatusNotFound)
		return
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if file != a.hashedName {
		// A page of the release before or after ours, in the middle of a rolling upgrade: our file is closer to what
		// it wants than none, but it is not to be remembered under that name.
		h.Set("Cache-Control", "no-store")
	}
	c.Data(http.StatusOK, a.contentType, a.content)
}

// plainName takes the hash out of name.hash.ext.
func plainName(file string) string {
	extension := path.Ext(file)
	stem := strings.TrimSuffix(file, extension)
	return strings.TrimSuffix(stem, path.Ext(stem)) + extension
}
