// Package outbox carries what must reach a chat or a provider even when the request that caused it is long over
// (D25), and remembers every login token that a browser was given, so that any sign-out can revoke it (D11).
//
// # The outbox
//
// A job is enqueued first, then the caller changes what is its own: a crash in between leaves a job too many, never
// one too few. Handlers are therefore idempotent. Jobs wait in sorted sets of the durable store, each a sealed
// member standing at the time it is due; enqueueing is one write to one key. Workers on every replica claim what is
// due for the length of a lease, so one job runs in one place at a time unless a lease runs out under a worker that
// stopped dead. A job that fails is tried again after 1s, 5s, 30s, 2m, 10m and then every hour, for thirty days.
//
// There are three lanes, each with a set and workers of its own: revocations at chats; grants that a provider is to forget; and
// everything else, to which belong revocations at a session's absolute end, since nobody waits for them. On a morning when a
// whole company signs in, carrying all the profiles over takes minutes; whoever signs out meanwhile is signed out of the
// chat within seconds all the same (D20, R13), and a provider that hangs holds up no chat. A job's lane is chosen when it is
// enqueued, and retries stay in it. Which jobs a replica can do has nothing to do with lanes, so a later version may move a
// kind to another one (D24): a lane that an earlier version does not know waits for a replica that does.
//
// # The ledger
//
// The ledger holds one record per subject with one field per login token. It outlives the session: a session that ended
// by its idle limit, or whose record was lost, leaves its tokens where the next sign-out finds them. At the absolute
// end of the session a sweep on any replica revokes what is left, unless the chat is configured to keep it. An entry
// goes when its token is revoked or expires by the chat's own rules.
package outbox
