// Package redisstore keeps the store in Redis 6.2 or newer, or Valkey 7.2 or newer: one server, a Sentinel set-up or a
// Cluster. It is the only door for go-redis.
//
// # One command, one key
//
// Every operation is one command on one key; those that need more than Redis offers are scripts of a few lines (see
// scripts/), which Redis runs as one step. So a Cluster serves chatgate as a single server does, without hash tags, and
// the warm call of a chat costs one command (D22). Redis' clock decides only when keys end, and whoever changes signing
// keys compares with it; every other time comes from the caller as a number.
//
// # What is sent again
//
// A command whose answer was lost may have been carried out. Reads are therefore tried a second time, on a fresh
// connection. Writes are sent once and the caller learns store.ErrUnavailable: a Take sent again would find nothing and
// lose the value, an Add or a Swap would be refused by its own first success, a Count would count twice. The two
// exceptions never ran: a script that the server does not know yet, and a command that a Cluster sends to another node.
//
// # Whose answer is it
//
// A call that times out or is cancelled gives up its connection, which is closed, so that its late answer meets nobody
// (S69, CVE-2025-29923). A deadline is kept to the moment; a cancellation shows at the latest after timeouts.read.
//
// # What the Redis user may do
//
// The commands GET, SET, GETDEL, DEL, HMGET, HGETALL, HLEN, HEXISTS, HSET, HDEL, ZADD, ZSCORE, ZREM, ZRANGEBYSCORE,
// ZREMRANGEBYSCORE, INCR, PTTL, PEXPIRE, PERSIST, EVAL, EVALSHA, PING and TIME on keys under the prefix suffice; with a
// database other than 0 also SELECT, on a Cluster also CLUSTER SLOTS. Without TIME all goes on, and clocks are not
// compared. What Inspect tells an operator takes INFO and CONFIG GET as well; without them it stays unknown.
package redisstore
