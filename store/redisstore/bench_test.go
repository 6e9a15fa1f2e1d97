package redisstore_test

import (
	"testing"
	"time"

	"chatgate/store/storetest/redistest"
)

// BenchmarkWarmRead is what a warm call asks of the store: two fields of a session in one command (D22).
func BenchmarkWarmRead(b *testing.B) {
	s := open(b, at(redistest.Start(b).Addr))
	record := fields{"s": make([]byte, 600), "chat:token": make([]byte, 200)}
	if err := s.AddHash(b.Context(), "h", "s", record, time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.GetHash(b.Context(), "h", "s", "chat:token", "chat:mark"); err != nil {
			b.Fatal(err)
		}
	}
}
