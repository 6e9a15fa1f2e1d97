package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of what waits to be written.
const (
	mostWaiting = 4096 // lines: minutes of a busy gateway, and a few megabytes at most
	lastWords   = 5 * time.Second
)

// StreamConfig says where a Stream writes.
type StreamConfig struct {
	// Path is the file, which is made with mode 0600 where it is missing and is only ever appended to.
	Path string
	// Existing has lines appended to a file that is there, and none made: one that a command makes belongs to whoever runs
	// it, often root, and the gateway could not open it.
	Existing bool
	// Output takes the lines where there is no Path: standard output.
	Output io.Writer
	// Queued has Run write the lines, so that whoever has something to record waits for no disk and no reader of a pipe.
	// Otherwise each line is written at once, as commands want it.
	Queued bool
	// Log hears of lines that could not be written, with the lines themselves, so that none is lost.
	Log *slog.Logger
	// Failed is called for each line that could not be written. A nil one is fine.
	Failed func()
}

// Stream writes audit lines apart from the log: a slog handler's JSON, one write for each line. It is safe for concurrent use.
type Stream struct {
	cfg   StreamConfig
	lines chan []byte
	way   atomic.Int32 // what becomes of a line: direct, queued or stuck

	mu     sync.Mutex // one line at a time
	out    io.Writer
	file   *os.File
	torn   bool // the last line was cut off
	failed atomic.Bool
}

// What becomes of a line.
const (
	direct int32 = iota // it is written at once
	queued              // it waits for Run
	stuck               // it goes to the log: Run has ended, and the output takes nothing
)

// NewStream checks the configuration. The file is opened by Reopen, or by the first line.
func NewStream(cfg StreamConfig) (*Stream, error) {
	if (cfg.Path == "") == (cfg.Output == nil) {
		return nil, errors.New("audit: a stream needs a path or an output")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Failed == nil {
		cfg.Failed = func() {}
	}
	s := &Stream{cfg: cfg, out: cfg.Output, lines: make(chan []byte, mostWaiting)}
	if cfg.Queued {
		s.way.Store(queued)
	}
	return s, nil
}

// Write takes one line, as slog's JSON handler gives it. It never fails: what cannot be written goes to the log.
func (s *Stream) Write(line []byte) (int, error) {
	kept := bytes.Clone(line) // the handler uses its buffer again
	switch s.way.Load() {
	case direct:
		s.put(kept)
	case queued:
		s.wait(kept)
	case stuck:
		s.lose(kept, errBehind)
	}
	return len(line), nil
}

func (s *Stream) wait(line []byte) {
	select {
	case s.lines <- line:
	default:
		s.lose(line, errBehind)
	}
}

var errBehind = errors.New("more lines wait than may")

// Run writes what is recorded until ctx ends, and then what still waits, for at most five seconds: an output that takes
// nothing does not keep the gateway from ending.
func (s *Stream) Run(ctx context.Context) error {
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(ctx)
	}()
	<-ctx.Done()
	select {
	case <-written:
		s.way.Store(direct)
		s.rest(s.put) // recorded after the last look
	case <-time.After(lastWords):
		s.way.Store(stuck)
		s.rest(func(line []byte) { s.lose(line, errBehind) })
	}
	return nil
}

func (s *Stream) write(ctx context.Context) {
	for {
		select {
		case line := <-s.lines:
			s.put(line)
		case <-ctx.Done():
			s.rest(s.put)
			return
		}
	}
}

// rest does what is to be done with every line that waits.
func (s *Stream) rest(do func(line []byte)) {
	for {
		select {
		case line := <-s.lines:
			do(line)
		default:
			return
		}
	}
}

// put writes one line, and begins a new one first if the last was cut off.
func (s *Stream) put(line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open()
	if err == nil {
		if s.torn {
			line = append([]byte("\n"), line...)
		}
		var n int
		n, err = s.out.Write(line)
		s.torn = err != nil && (n > 0 || s.torn)
	}
	if err != nil {
		s.lose(line, err)
		return
	}
	if s.failed.CompareAndSwap(true, false) {
		s.cfg.Log.Info("audit lines written again")
	}
}

// lose hands a line to the log, which is told of the fault once.
func (s *Stream) lose(line []byte, err error) {
	s.cfg.Failed()
	if s.failed.CompareAndSwap(false, true) {
		s.cfg.Log.Error("audit line not written: it and those that follow are in the log", "err", err)
	}
	s.cfg.Log.Warn("audit line not written", "line", string(line))
}

// open opens the file if it is not. A caller holds mu.
func (s *Stream) open() error {
	if s.out != nil {
		return nil
	}
	// A pipe that nobody reads is an error at once, and not a wait without end.
	flags := os.O_APPEND | os.O_CREATE | os.O_WRONLY | syscall.O_NONBLOCK
	if s.cfg.Existing {
		flags &^= os.O_CREATE
	}
	file, err := os.OpenFile(s.cfg.Path, flags, 0o600)
	if s.cfg.Existing && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the gateway makes it, and nobody else", err)
	}
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		err = &fs.PathError{Op: "open", Path: s.cfg.Path, Err: errors.New("it is a pipe, and not a file")}
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	s.file, s.out, s.torn = file, file, false
	return nil
}

// Reopen opens the file by its name once more, so that logrotate can take the old one away. Where it cannot be opened the
// old one goes on being written. It does nothing without a path.
func (s *Stream) Reopen() error {
	if s.cfg.Path == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, out := s.file, s.out
	s.out = nil
	if err := s.open(); err != nil {
		s.out = out
		return fmt.Errorf("open audit file: %w", err)
	}
	if old != nil {
		return old.Close()
	}
	return nil
}

// Close writes what waits for a Run that never came, and closes the file. A line after it opens it again.
func (s *Stream) Close() error {
	if s.way.Load() != stuck {
		s.rest(s.put)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file, s.out = nil, nil
	return file.Close()
}
