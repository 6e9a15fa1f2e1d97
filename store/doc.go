// Package store keeps what chatgate must remember: sealed bytes with a lifetime, in an engine that several
// replicas share.
//
// An engine (memstore, redisstore) implements [Engine] and moves bytes. It never learns what a session or a key is.
// [Store] adds what every record needs: a place (durable or passing), sealing under rotating keys, and names that
// tell a reader of a dump nothing. Callers hold one of its typed views:
//
//	Bucket[T]   one value per id, with a lifetime: login attempts, account links
//	Records     one hash per id whose fields live and die with an anchor field: sessions
//	Index       who belongs to whom, ordered by time: the sessions of a subject, jobs by due time
//	Locks       one worker at a time across replicas
//	Names       identifiers derived from identities, the same for ever
//
// # What a dump shows
//
// Keys are hashes of cookies or HMACs of identities, values are sealed with AES-256-GCM under a key that Redis never
// sees, and each value is bound to its key and field: a record copied to another place does not open (S59, S60).
//
// # Durable and passing
//
// Records whose loss would harm people (account links, signing keys, the ledger, the outbox) live under "d:", the rest
// (sessions, attempts, limits) under "t:", so that an operator can back up the one and forget the other (D24).
//
// # Every operation is one key
//
// No operation touches two keys, so a Redis Cluster serves it as a single server does. Callers order their writes so
// that a crash between two of them leaves work to repeat, never something forgotten.
package store
