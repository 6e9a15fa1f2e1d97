// Package talktest holds stand-ins for what stands on the other side of a Talk token: Coral 5 to 9 (modelled on
// 9.11.8), Talk 4.12.1, and a newspaper's page that embeds Coral's comments.
//
// Each is a plain http.Handler, shared by tests and the demo. They refuse what the real products refuse, in the order
// in which the real products look, so that a token accepted here is accepted there. Where the real product misbehaves
// (Coral's process ends on an ID token without "nonce", Talk 4 revokes every token without "jti" at once), the
// stand-in misbehaves in a way a test can see: that is the point of having it.
//
// The package imports nothing of chatgate. A stand-in that shared code with what it judges would share its mistakes.
package talktest
