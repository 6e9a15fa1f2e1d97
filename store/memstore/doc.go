// Package memstore keeps the store in this process's memory: for tests, the demo and `redis: {memory: true}`.
//
// It serves one replica and forgets everything at a restart. Lifetimes follow Config.Now. There is no background work:
// what is past its lifetime is never returned, and is swept out whenever twice as many keys stand as were alive after
// the last sweep, so memory stays in proportion to what is alive (S126).
package memstore
