// Package decision remembers why requests were refused, so that an operator finds out by the reference that a person was
// shown (chatgate explain).
//
// A [Trace] travels with every request, inside its context and beside its id. Whoever decides notes a step on it, out of a
// closed set and with small facts:
//
//	decision.Note(ctx, decision.RuleRefused, "rule", "groups", "wanted", "staff, editors")
//
// An error can say the same by itself, by a method Decision() (code string, facts []string): that reaches every caller who
// waited for one piece of work, and packages that know nothing of this one have it too. Nothing is noted of a request that
// goes well, so that it costs nothing but the room for its trace.
//
// When the answer was a refusal or a failure, a [Recorder] writes the trace down: sealed, under a name that tells nothing,
// for a day. It does so after the answer, never keeps anybody waiting, and is bounded in every direction (S126).
//
// A record says who it is about by provider and subject, as the audit log does. It never holds a token, a cookie, a code, a
// state, an e-mail address or a name, and of a person's groups no more than how many they are.
package decision
