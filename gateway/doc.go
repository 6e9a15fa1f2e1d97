// Package gateway is the HTTP server of chatgate, and this page is the map of the house.
//
// A person signs in once, at their organisation's OpenID provider. The gateway keeps that sign-in as a session and lets
// each chat trust it. Three journeys cross the house, each one way:
//
//	login    /login               may the browser return there? -> oidc.RelyingParty.Begin -> attempt kept, cookie set -> provider
//	         /login/callback      cookie and state agree -> attempt taken -> RelyingParty.Finish -> session.Manager.Start
//	         /login/done          -> where the login was meant to end
//	frame    /rocketchat/handoff  an id and a secret for the frame; the id goes into a form
//	         /login/start         a POST from our own page only -> attempt with the hand-off -> provider -> callback: ready
//	         /rocketchat/handoff/redeem  the secret -> login token and a cookie for the frame's partition, once
//	iframe   /rocketchat/token    chat.TokenGuard -> session -> rocketchat: cached login token, or account -> mint -> kept
//	talk     /talk/token          chat.TokenGuard -> session -> talk: claims -> keyring.Set.Sign
//	         /.well-known/jwks.json  the public half of every signing key
//	coral    /talk/oauth/authorize  client and address known? -> session, or /login and back -> access rules -> code
//	         /talk/oauth/token    the product's server: code, once -> session still there? -> ID token
//
//	page     /sdk/v1/chatgate.js  for pages that embed a chat: asks /rocketchat/token, and shows the frame on a 401
//
// Nothing calls back up: a connector never sends a browser to the provider. It answers 401, and its page posts a form to
// /login/start. A login that failed on that way ends at /login/failed, where it can be tried again.
//
// # Rooms
//
//	gateway          this package: routes, login, the choice of a provider, logout, origins, what is observed
//	gateway/account  the page of the person who is signed in: their chats, their sessions, the ways out
//	gateway/chat     the contract with one chat, and one folder per chat below it
//	gateway/session  the signed-in browser
//	gateway/handoff  how a sign-in in one window reaches the frame that asked for it, and that frame's page
//	gateway/issuer   the face of an OpenID provider for one Talk site, for the product's own login
//	gateway/keyring  signing keys and their publication
//	gateway/outbox   what must reach a chat or provider later, and the ledger of login tokens given out
//	gateway/limit    how often is too often, across replicas
//	gateway/audit    one line for every act that matters
//	gateway/decision why requests were refused, for whoever has the reference
//	gateway/problem  errors a client may see, and the one place that renders them
//	gateway/web      layout, stylesheet, languages
//	gateway/sdk      chatgate.js for pages that embed a chat
//	gateway/tracing  what a request waits for, as OpenTelemetry traces
//	oidc             the relying party towards one provider
//	store            what is kept, sealed and bound to its place; memstore and redisstore are its engines
//
// Arrows between them point one way only; a test in cmd/chatgate walks the import list and fails when one does not.
//
// # Two listeners
//
// The public listener serves browsers, the provider and the chats. The admin listener serves /livez, /readyz and
// /metrics, and is never exposed.
package gateway
