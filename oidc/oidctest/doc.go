// Package oidctest is an OpenID provider for tests and the demo. It speaks the real protocol with real signatures,
// has a real sign-in page and a session of its own, and refuses what a real provider refuses: a redirect URL that is
// not registered, a code used twice, a wrong verifier, a wrong client secret.
//
//	provider := oidctest.New(oidctest.Config{Issuer: "https://idp.example.org", Clients: …, Users: …})
//	client := &http.Client{Jar: jar, Transport: oidctest.Network(t, map[string]http.Handler{"idp.example.org": provider})}
//	callback, err := provider.SignIn(client, providerURL, "ada", "ada")
//
// It misbehaves on demand, see Faults. It is a stand-in: passwords are plain text and state lives in memory.
package oidctest
