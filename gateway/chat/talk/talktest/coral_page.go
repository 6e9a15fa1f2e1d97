package talktest

import "net/http"

// page is a small page of Coral's own: it shows what Coral's login ended in.
func (c *Coral) page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "strict-origin")
	asset(coralFiles, "web/coral/page.html").ServeHTTP(w, r)
}
