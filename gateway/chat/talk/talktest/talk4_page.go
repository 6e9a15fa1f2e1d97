package talktest

import (
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed web/talk4
var talk4Files embed.FS

// routePages adds what browsers load: the script for the page around the comments, and the page in its frame.
func (t *Talk4) routePages(mux *http.ServeMux) {
	for _, name := range []string{"embed.js", "stream.js", "frame.css"} {
		mux.Handle("GET /static/"+name, asset(talk4Files, "web/talk4/"+name))
	}
	mux.Handle("GET /static/draw.js", script(drawScript))
	mux.Handle("GET /static/stream.css", asset(coralFiles, "web/coral/embed.css"))
	mux.HandleFunc("GET /embed/stream", t.streamPage)
	mux.HandleFunc("POST /api/v1/graph/ql", t.graphql)
}

// streamPage may be framed by anybody, as in Talk 4. The page around it has to be one of the site's, whose address it
// gives.
func (t *Talk4) streamPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'none'")
	w.Header().Set("Referrer-Policy", "strict-origin")
	asset(talk4Files, "web/talk4/stream.html").ServeHTTP(w, r)
}

// talk4Query is the part of Talk's GraphQL that its client uses here: operations by their names.
type talk4Query struct {
	OperationName string `json:"operationName"`
	Variables     struct {
		Body string `json:"body"`
	} `json:"variables"`
}

type talk4Answer struct {
	Data struct {
		Comments []Comment `json:"comments"`
	} `json:"data"`
	Errors []graphqlError `json:"errors,omitempty"`
}

// graphql answers CoralEmbedStream_Embed and PostComment with the stream as it then is. A revoked token is refused even
// for reading.
func (t *Talk4) graphql(w http.ResponseWriter, r *http.Request) {
	viewer, err := t.viewer(r)
	if err != nil {
		refuse(w, err)
		return
	}
	var q talk4Query
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxGraphQLBytes)).Decode(&q); err != nil {
		graphqlFailure(w, http.StatusBadRequest, "BAD_USER_INPUT", "The body must be a JSON object.")
		return
	}
	var answer talk4Answer
	switch q.OperationName {
	case "CoralEmbedStream_Embed":
	case "PostComment":
		answer.Errors = t.postComment(viewer, q.Variables.Body)
	default:
		graphqlFailure(w, http.StatusBadRequest, "NOT_FOUND", "The operation is not known.")
		return
	}
	t.mu.Lock()
	answer.Data.Comments = slices.Clone(t.comments)
	t.mu.Unlock()
	writeJSON(w, http.StatusOK, answer)
}

// postComment adds to the stream, newest first. The stand-in forgets the oldest once there are very many.
func (t *Talk4) postComment(viewer Viewer, body string) []graphqlError {
	body = strings.TrimSpace(body)
	switch {
	case viewer.Anonymous():
		return []graphqlError{{Message: "You are not authorized to perform this action."}}
	case body == "", utf8.RuneCountInString(body) > maxCommentRunes:
		return []graphqlError{{Message: "Comments have between 1 and 2,000 characters."}}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.comments = slices.Insert(t.comments, 0, newComment(viewer.Username, body, t.cfg.Now()))
	t.comments = t.comments[:min(len(t.comments), maxComments)]
	return nil
}
