package rocketchattest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// reply is a JSON object as Rocket.Chat composes them: endpoint by endpoint, with no type shared between two of them.
type reply map[string]any

// refusal is an answer other than 200.
type refusal struct {
	status int
	body   reply
}

func (r *refusal) Error() string {
	body, _ := json.Marshal(r.body)
	return http.StatusText(r.status) + ": " + string(body)
}

// failure is the plain 400 without errorType.
func failure(text string) *refusal {
	return &refusal{http.StatusBadRequest, reply{"success": false, "error": text}}
}

// thrown is the 400 made from a Meteor.Error: the code stands in errorType and, bracketed, in the text. details may be
// nil, an object, an array or a string; the real server is not consistent either.
func thrown(code, reason string, details any) *refusal {
	text := "[" + code + "]"
	if reason != "" {
		text = reason + " " + text
	}
	body := reply{"success": false, "error": text, "errorType": code}
	if details != nil {
		body["details"] = details
	}
	return &refusal{http.StatusBadRequest, body}
}

const loginRequired = "You must be logged in to do this."

// unauthenticated is the 401 for missing or wrong credentials. Its sentence is what tells it from a missing permission
// before 7.0.
func (c capabilities) unauthenticated() *refusal {
	body := reply{"success": false, "error": loginRequired}
	if !c.breaking {
		body["status"], body["message"] = "error", loginRequired
	}
	if !c.success401 {
		delete(body, "success")
		delete(body, "error")
	}
	return &refusal{http.StatusUnauthorized, body}
}

// unexplained is the plain 400 without even a text.
func unexplained() *refusal {
	return &refusal{http.StatusBadRequest, reply{"success": false}}
}

// forbidden is a permission that the route demands and the caller lacks.
func (c capabilities) forbidden() *refusal {
	const text = "User does not have the permissions required for this action"
	switch {
	case c.breaking:
		return &refusal{http.StatusForbidden, reply{"success": false, "error": text + " [error-forbidden]"}}
	case c.forbidden403:
		return &refusal{http.StatusForbidden, reply{"success": false, "error": text + " [error-unauthorized]"}}
	default:
		return &refusal{http.StatusUnauthorized, reply{"success": false, "error": "unauthorized"}}
	}
}

// denied is a permission that the handler finds missing: no more than one word.
func (c capabilities) denied() *refusal {
	switch {
	case c.breaking:
		return &refusal{http.StatusForbidden, reply{"success": false, "error": "forbidden"}}
	case c.forbidden403:
		return &refusal{http.StatusForbidden, reply{"success": false, "error": "unauthorized"}}
	default:
		return c.forbidden()
	}
}

// loginRefused is a failed login. code is a string, save for a bad resume token where it is the number 403.
func (c capabilities) loginRefused(code any, message string, details any) *refusal {
	if c.breaking {
		return &refusal{http.StatusUnauthorized, reply{"success": false, "error": "unauthorized"}}
	}
	body := reply{"status": "error", "error": code, "message": message}
	if details != nil {
		body["details"] = details
	}
	if c.success401 {
		body["success"] = false
	}
	return &refusal{http.StatusUnauthorized, body}
}

func notFound() *refusal {
	return &refusal{http.StatusNotFound, reply{"success": false, "error": "Resource not found"}}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone; there is nobody else to tell
}

func writeError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{http.StatusInternalServerError, reply{"success": false, "error": "Internal server error"}}
	}
	writeJSON(w, r.status, r.body)
}
