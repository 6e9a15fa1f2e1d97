package rocketchattest

// client is what the web client of a release does about iframe authentication; web/era-*.js hold the eras. Its reports of
// hundreds of calls between 7.8 and 7.10 are not modelled: no page that stays as it is causes them.
type client struct {
	Era            string  `json:"era"`            // "xhr", "fetch" or "hook"
	CallsSignedOut int     `json:"callsSignedOut"` // calls of the API on load without a stored login token
	CallsSignedIn  int     `json:"callsSignedIn"`  // ... and with one
	Defects        defects `json:"defects"`
}

// defects are the failures that the first releases of the hook lose; the ordinary form is then all there is.
type defects struct {
	LosesFailures     bool `json:"losesFailures"`     // no answer, or one that is no JSON
	LosesRejections   bool `json:"losesRejections"`   // a token that the server does not accept
	PrefersLoginToken bool `json:"prefersLoginToken"` // an answer with both keys starts one login only
}

func clientOf(v version) client {
	switch {
	case !v.atLeast(6, 0):
		return client{Era: "xhr", CallsSignedOut: 1}
	case !v.atLeast(7, 8):
		return client{Era: "fetch", CallsSignedOut: 1}
	case !v.atLeast(7, 11):
		return client{Era: "hook", CallsSignedOut: 3, CallsSignedIn: 1, Defects: defects{
			LosesFailures:     !v.patched(7, 9, 4),
			LosesRejections:   !v.patched(7, 10, 1),
			PrefersLoginToken: true,
		}}
	default:
		return client{Era: "hook", CallsSignedOut: 2, CallsSignedIn: 1}
	}
}
