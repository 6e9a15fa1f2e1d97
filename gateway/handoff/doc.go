// Package handoff brings a sign-in that was finished in one window to the frame that asked for it, once.
//
// A chat shows our frame inside its own page, where a provider refuses to be shown and where a browser may keep our
// cookies back. So the person signs in elsewhere, in a new window or in the same one, and the frame fetches the outcome
// from the server. Nothing passes between the windows: no opener, no shared storage, no address with a secret in it
// (B-07, B-12, B-15).
//
//	Offer    the frame gets an id and a secret; nothing is written, the id says by itself what it is good for (D28)
//	Start    a form of the frame brings the id, and with it the browser in which the login will happen
//	Finish   the login is over; the first one that finishes counts
//	Look     the frame shows its secret and learns whether there is a session
//	Take     of any number of frames exactly one gets it (B-10)
//
// # Why nobody else's sign-in can be fetched
//
// A hand-off is like a device code: who holds the secret gets whatever sign-in is bound to the id. So an id must never be
// taken from a link. The start is a POST that only our own pages can send, only listed pages can frame those, and the
// attempt's cookie ties the provider's answer to the browser that started (B-08, B-09).
//
// [Shell] is the page that does all this from inside the frame, for every chat alike.
package handoff
