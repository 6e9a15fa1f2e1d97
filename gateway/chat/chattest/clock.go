package chattest

import (
	"bytes"
	"sync"
	"time"
)

const (
	defaultIdle     = 8 * time.Hour
	defaultAbsolute = 24 * time.Hour
)

// Clock stands still until a test moves it. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock stands on a Saturday morning.
func NewClock() *Clock { return &Clock{now: time.Date(2026, time.November, 21, 8, 0, 0, 0, time.UTC)} }

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Journal is a log that several goroutines write and a test reads.
type Journal struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write appends to the journal.
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buffer.Write(p)
}

// String is everything that was written so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buffer.String()
}

// Reset empties the journal.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buffer.Reset()
}
