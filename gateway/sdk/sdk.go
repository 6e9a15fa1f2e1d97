// Package sdk serves chatgate.js, the script by which a customer's page signs people in to a chat that it embeds.
//
// It is one file without dependencies, in two shapes: a module, and the same text as a classic script that sets the
// global chatgate. The page's side of what they do is web/chatgate.d.ts and the README; the other two sides are the
// connector's token API and its frame.
package sdk

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	_ "embed" // the script is a file
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// The names of the files below /sdk/v1/. The number is the interface's: it changes when a page would have to.
const (
	Module  = "chatgate.js"
	Classic = "chatgate.iife.js"
	Types   = "chatgate.d.ts"
)

//go:embed web/chatgate.js
var module string

//go:embed web/chatgate.d.ts
var types string

// The module ends with its one export statement, in whose place the classic script returns the same object.
const (
	exports = "export { connectRocketChat, signOut };\n"
	returns = "return { connectRocketChat, signOut };\n"
)

// classic makes the classic script. Like a module it is strict and keeps its names to itself, save one.
func classic(module string) string {
	return "var chatgate = (() => {\n'use strict';\n" + strings.TrimSuffix(module, exports) + returns + "})();\n"
}

// file is one answer, the same for everybody.
type file struct{ contentType, content string }

func files() map[string]file {
	const script, typescript = "text/javascript; charset=utf-8", "application/typescript; charset=utf-8"
	return map[string]file{Module: {script, module}, Classic: {script, classic(module)}, Types: {typescript, types}}
}

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
