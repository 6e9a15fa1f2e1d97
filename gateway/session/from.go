package session

import "net/http"

// From is where a session began, for its person to know it again. It is a claim of the browser's, and decides nothing.
type From struct {
	// Browser and System are words of a closed set such as Firefox and Windows, empty where the browser says nothing that
	// is known.
	Browser string `json:"b,omitempty"`
	System  string `json:"s,omitempty"`
	// Address is the client's address, as the gateway saw it at the sign-in.
	Address string `json:"a,omitempty"`
}

func fromOf(r *http.Request, address string) From {
	f := From{Address: address}
	f.Browser, f.System = deviceOf(r.UserAgent())
	return f
}
