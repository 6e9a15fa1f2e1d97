package talktest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Comment is one line of the stream.
type Comment struct {
	ID        string    `json:"id"`
	Author    string    `json:"author"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
}

const (
	maxGraphQLBytes = 1 << 16
	maxCommentRunes = 2000
	maxComments     = 200
)

// sampleComments fills the stream, so that a page has something to show before anyone has signed in.
func sampleComments(now time.Time) []Comment {
	return []Comment{
		{ID: "sample-1", Author: "marit_k", CreatedAt: now.Add(-26 * time.Minute), Body: "I have taken the 6.10 every winter for nine years. " +
			"The crew reads the ice better than any timetable; they deserve that new boat."},
		{ID: "sample-2", Author: "Tobias.R", CreatedAt: now.Add(-74 * time.Minute), Body: "Quiet motors are the part nobody expected to love. " +
			"You hear the gulls again from the upper deck."},
		{ID: "sample-3", Author: "harbour_light", CreatedAt: now.Add(-3 * time.Hour), Body: "Would be good to know what happens on the coldest days, " +
			"when the batteries are at their weakest. Did the council publish the trial data?"},
	}
}

func newComment(author, body string, now time.Time) Comment {
	return Comment{ID: rand.Text(), Author: author, Body: body, CreatedAt: now}
}

// graphqlRequest is what Coral's client sends: the id of a persisted query, or a free-form one.
type graphqlRequest struct {
	ID        string          `json:"id"`
	Query     string          `json:"query"`
	Variables json.RawMessage `json:"variables"`
}

// variable is one that is a text. Variables that do not decode are absent.
func (q graphqlRequest) variable(name string) string {
	var variables map[string]any
	if json.Unmarshal(q.Variables, &variables) != nil {
		return ""
	}
	return text(variables, name)
}

// operation is the persisted query's id, which the stand-in also recognises by name in free-form text.
func (q graphqlRequest) operation() string {
	if q.ID != "" {
		return q.ID
	}
	for _, name := range []string{"createComment", "setUsername", "comments"} {
		if strings.Contains(q.Query, name) {
			return name
		}
	}
	return "viewer"
}

type graphqlViewer struct {
	ID       string   `json:"id"`
	Username *string  `json:"username"`
	Email    string   `json:"email,omitempty"`
	Role     string   `json:"role"`
	Badges   []string `json:"badges,omitempty"`
}

type graphqlData struct {
	Viewer   *graphqlViewer `json:"viewer"`
	Comments []Comment      `json:"comments"`
}

type graphqlError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

type graphqlResponse struct {
	Data   *graphqlData   `json:"data"`
	Errors []graphqlError `json:"errors,omitempty"`
}

// graphql answers administrators' texts on settings and sites, and four operations (viewer, comments, createComment,
// setUsername), each with the viewer and the stream as they then are. Only administrators may send free-form text in
// production.
func (c *Coral) graphql(w http.ResponseWriter, r *http.Request) {
	viewer, err := c.viewer(r)
	if err != nil {
		refuse(w, err)
		return
	}
	var q graphqlRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxGraphQLBytes)).Decode(&q); err != nil {
		graphqlFailure(w, http.StatusBadRequest, "BAD_USER_INPUT", "The body must be a JSON object.")
		return
	}
	if q.ID == "" && viewer.Role != RoleAdmin && !c.cfg.ReducedSecurityMode {
		graphqlFailure(w, http.StatusBadRequest, "RAW_QUERY_NOT_AUTHORIZED", "Raw query not authorized.")
		return
	}
	fields, administers, err := administers(q)
	switch {
	case err != nil:
		graphqlFailure(w, http.StatusBadRequest, codeInvalidQuery, err.Error())
	case administers && viewer.Role != RoleAdmin:
		graphqlFailure(w, http.StatusOK, "USER_NOT_ENTITLED", "You are not authorized to do that.")
	case administers:
		c.administer(w, r, fields)
	default:
		c.answer(w, viewer, q)
	}
}

func (c *Coral) answer(w http.ResponseWriter, viewer Viewer, q graphqlRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	user := c.users.byID(viewer.ID)
	var code, message string
	switch q.operation() {
	case "viewer", "comments":
	case "createComment":
		code, message = c.createComment(user, q.variable("body"))
	case "setUsername":
		code, message = setUsername(user, q.variable("username"))
	default:
		code, message = "PERSISTED_QUERY_NOT_FOUND", "The persisted query is not known."
	}
	if code != "" {
		graphqlFailure(w, http.StatusOK, code, message)
		return
	}
	writeJSON(w, http.StatusOK, graphqlResponse{Data: &graphqlData{Viewer: publicViewer(user), Comments: c.comments}})
}

// createComment adds to the stream, newest first. The stand-in forgets the oldest once there are very many.
func (c *Coral) createComment(user *User, body string) (code, message string) {
	body = strings.TrimSpace(body)
	switch {
	case user == nil:
		return "USER_NOT_ENTITLED", "You are not authorized to do that."
	case user.Username == "":
		return "USERNAME_NOT_SET", "Choose a username before you comment."
	case body == "":
		return "COMMENT_BODY_TOO_SHORT", "Write something before you post."
	case utf8.RuneCountInString(body) > maxCommentRunes:
		return "COMMENT_BODY_EXCEEDS_MAX_LENGTH", "Comments may have at most 2,000 characters."
	}
	c.comments = slices.Insert(c.comments, 0, newComment(user.Username, body, c.now()))
	c.comments = c.comments[:min(len(c.comments), maxComments)]
	return "", ""
}

// setUsername is how a person whose token carried no fitting name gets one. It works once.
func setUsername(user *User, name string) (code, message string) {
	switch {
	case user == nil:
		return "USER_NOT_ENTITLED", "You are not authorized to do that."
	case user.Username != "":
		return "USERNAME_ALREADY_SET", "Your username is already set."
	case !fitsUsername(name):
		return "USERNAME_CONTAINS_INVALID_CHARACTERS", "Use 3 to 30 letters, digits, “_” or “.”."
	}
	user.Username = name
	return "", ""
}

func publicViewer(u *User) *graphqlViewer {
	if u == nil {
		return nil
	}
	v := &graphqlViewer{ID: u.ID, Email: u.Email, Role: u.Role, Badges: u.Badges}
	if u.Username != "" {
		v.Username = &u.Username
	}
	return v
}

func graphqlFailure(w http.ResponseWriter, status int, code, message string) {
	failure := graphqlError{Message: message}
	failure.Extensions.Code = code
	writeJSON(w, status, graphqlResponse{Errors: []graphqlError{failure}})
}
