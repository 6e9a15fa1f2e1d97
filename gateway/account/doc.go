// Package account is the page of the person who is signed in: who they are here, which chats are open to them and why one
// is not, in which browsers they are signed in, and the ways out.
//
// The page works without any script. Each way out is a form: of this browser and of all of them at once by the gateway's
// own /logout, of another browser by [Desk.End]. That one is given a handle, the short name by which audit lines know a
// session: it is looked for among the person's own sessions only, so that somebody else's handle ends nothing, and
// nobody learns whether there is such a session (S72).
//
// Where and in which browser a session began is what that browser said of itself and where it came from. It helps people
// to know their own sessions again, and decides nothing.
package account
