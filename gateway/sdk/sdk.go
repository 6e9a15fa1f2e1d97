// Package sdk serves chatgate.js, the script by which a customer's page signs people in to a chat that it embeds.
//
// It is one file without dependencies, in two shapes: a module, and the same text as a classic script that sets the
// global chatgate. That text is put together from the modules in web, which are what Node's tests run. The page's side of
// what they do is web/chatgate.d.ts and the README; the other two sides are the connectors' token APIs and their frames.
package sdk

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// The names of the files below /sdk/v1/. The number is the interface's: it changes when a page would have to.
const (
	Module  = "chatgate.js"
	Classic = "chatgate.iife.js"
	Types   = "chatgate.d.ts"
)

//go:embed web
var web embed.FS

// parts are the module's sources, each after those that it imports.
var parts = []string{"gateway", "course", "signin", "rocketchat", "marks", "embeds", "tokens", "talk"}

const exported = "{ connectRocketChat, renderTalk, signOut };\n"

// links are what ties the sources together. One text needs none.
var links = regexp.MustCompile(`(?m)^(import|export) .*\n+`)

// module puts the sources into one text, below what the first of them says of the whole.
func module() string {
	var text strings.Builder
	for _, name := range append([]string{"chatgate"}, parts...) {
		text.WriteString(strings.TrimSpace(links.ReplaceAllString(read(name+".js"), "")) + "\n\n")
	}
	return text.String() + "export " + exported
}

// classic makes the classic script. Like a module it is strict and keeps its names to itself, save one.
func classic(module string) string {
	return "var chatgate = (() => {\n'use strict';\n" + strings.TrimSuffix(module, "export "+exported) + "return " + exported + "})();\n"
}

// read is for files that are in the binary: there is no other error than a wrong name.
func read(name string) string {
	content, err := web.ReadFile("web/" + name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// file is one answer, the same for everybody.
type file struct{ contentType, content string }

// files are made once: everybody gets the same.
var files = sync.OnceValue(func() map[string]file {
	const script, typescript = "text/javascript; charset=utf-8", "application/typescript; charset=utf-8"
	whole := module()
	return map[string]file{Module: {script, whole}, Classic: {script, classic(whole)}, Types: {typescript, read(Types)}}
})

// Integrity is the value of a page's integrity attribute for a file (Subresource Integrity, Section 3.1): with it, the
// browser runs the very text of this release or nothing. It is empty for a name that is none of the three.
func Integrity(name string) string {
	f, ok := files()[name]
	if !ok {
		return ""
	}
	sum := sha512.Sum384([]byte(f.content))
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Mount adds the routes of the three files below /sdk/v1/.
func Mount(r gin.IRouter) {
	for name, f := range files() {
		serve := f.handler()
		r.GET("/sdk/v1/"+name, serve)
		r.HEAD("/sdk/v1/"+name, serve)
	}
}

// handler answers any page: the files hold nothing of anybody's, and integrity is checked on CORS answers only. They are
// kept for an hour, so that a correction arrives the same day.
func (f file) handler() gin.HandlerFunc {
	sum := sha256.Sum256([]byte(f.content))
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Content-Type", f.contentType)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", tag)
		h.Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader([]byte(f.content)))
	}
}
