package main

import (
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// tail is the end of a log.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 8 << 10 // bytes

func (l *tail) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, line...)
	l.text = l.text[max(0, len(l.text)-tailSize):]
	return len(line), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// overhear keeps the end of what goes to a log, unless nobody is to listen there.
func (l *tail) overhear(log *slog.Logger) *slog.Logger {
	if _, deaf := log.Handler().(unwatched); deaf {
		return log
	}
	return slog.New(slog.NewMultiHandler(log.Handler(), slog.NewJSONHandler(l, nil)))
}

// failing is a test whose failure is what another waits for.
type failing struct {
	*testing.T
	why chan string
}

func (f failing) Errorf(string, ...any) {}

func (f failing) Fatalf(format string, values ...any) {
	f.why <- fmt.Sprintf(format, values...)
	runtime.Goexit()
}

func TestAWorldThatEndsBeforeItIsWellSaysWhy(t *testing.T) {
	why := make(chan string, 1)
	go func() {
		_, ready := startBroken(failing{t, why}, worldConfig{}, func(w *world) { _ = w.hosts["provider"].listener.Close() })
		ready()
		why <- "all is well"
	}()
	if got := <-why; !strings.Contains(got, "before it was well") || !strings.Contains(got, `"msg"`) {
		t.Errorf("it says %q, want that the world has ended and what the gateway said", got)
	}
}
