// Package session keeps the signed-in browser.
//
// A session begins when a login is finished and is known by one cookie, __Host-chatgate, whose value is 256 random
// bits. Redis never sees that value: the record is found by its hash (S59). The record is one hash of sealed fields:
//
//	s          the session: identity, begin, absolute end. While it is there the session lives (D21).
//	l          when it was last seen; written at most every idle/16.
//	f          where it began: browser, system and address, for its person to know it again.
//	t.<chat>   what the connector keeps for the chat: its cached login token.
//	m.<chat>   the mark that the person signed out inside the chat and wants to stay out (R12).
//	h.<chat>   the hold that keeps the API silent while a frame completes a sign-in (B-16).
//
// Reading a session for one chat reads these five fields in one command. Writes carry the condition that s is present,
// so nothing that finishes late resurrects a session that was ended meanwhile.
//
// Two clocks end a session: idle and absolute. Both ends are sealed into the fields and checked by this process's
// clock at each use; the lifetimes in Redis only tidy up (S62).
//
// # Children
//
// A frame inside another site may have no access to the session cookie. It is then given a child: a cookie of its own
// (__Host-chatgate-<chat>, partitioned) that opens one chat's routes and nothing else. A child has no life of its own:
// it points to its parent and is dead the moment the parent is (D27).
// The hand-off routes of package chat make one for a frame that fetched its sign-in, and a hold is set by a login in
// the same window, until its frame has spoken.
//
// # Endings
//
// Whoever must act when a session ends implements [Follower]. It is told before the record goes, so that what must
// reach a chat is queued durably first (R13), and once more after it has gone, for what came in between.
//
// A session whose chat ended it, while only a frame was there, leaves a farewell for ten minutes: what its browser needs
// to sign out at the provider too, by a press ([Manager.EndElsewhere], R12).
//
// A sign-out of more than one session ([Manager.EndSubject], [Manager.EndSID], [Manager.EndAll]) leaves a mark for as long
// as a sign-in may be on its way over the provider, so that none which began before comes in after it (S114).
//
// # Re-checks
//
// Where the provider gives a refresh token, it is asked every session.recheck whether the session may go on, and what it
// says of the person now (S54). [Manager.Run] does that on every replica, each session by one of them; a request that
// finds it long overdue waits for it. A refusal ends the session, anything else lets it go on (S71). The outcome is
// written only in the place of the refresh token that was spent, and only while the session lives (S70, S114).
package session
