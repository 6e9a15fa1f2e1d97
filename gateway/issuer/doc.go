// Package issuer is the face of an OpenID provider for one site: the way by which Coral's own login, and the sign-in
// window of Talk 4's plugin, send a person to the gateway and get an ID token back (G23 to G28, P5).
//
//	discovery   /<site>/.well-known/openid-configuration
//	authorize   /<site>/oauth/authorize  client and address known? -> session, or /login and back -> access rules -> code
//	token       /<site>/oauth/token      client proved -> code, once -> session still there? -> ID token, access token
//	userinfo    /<site>/oauth/userinfo   access token -> session still there? -> what the ID token says of the person
//
// It is small on purpose (D17): the authorization code flow and nothing else, one client for each issuer, which is the
// site's own, ID tokens alone that are worth something, and no refresh tokens. General libraries name several audiences
// as an array and leave a nonce out that was not asked for; either stops the process of Coral (G25).
//
// # What a code and an access token hang on
//
// Both are 256 random bits, of which the store holds a hash, and lead to the session that they were given for. When that
// ends they are worth nothing, and the access rules are asked anew whenever something is given for them. A code lives a
// minute and is taken once. Coming with it again takes the access token back that it gave (RFC 6749, Section 4.1.2).
//
// # Refusals
//
// A person who may not go on, and a request that is wrong, end at a page of the gateway's own. Nothing is ever sent back
// as error= to the client: Coral answers that with a bare 500 (G27), and an address that is not registered is not gone
// to at all. The client's server gets the errors of RFC 6749, Section 5.2.
package issuer
