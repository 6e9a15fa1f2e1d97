package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// SetPatience sets how long a configuration may take to be where the present one is.
func (r *Runner) SetPatience(d time.Duration) { r.patience = d }

// SetSource replaces where the configuration is read from.
func (r *Runner) SetSource(s Source) {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	r.source = s
}

// Former is what those have counted that served before.
type Former struct{ former }

// Join adds one that was replaced.
func (f *Former) Join(r *prometheus.Registry) { f.join(r) }

// With gathers what one tells, with what all have counted.
func (f *Former) With(r *prometheus.Registry) prometheus.Gatherer { return f.with(r) }

// Looks notices changes of files.
type Looks struct{ looks }

// NewLooks has seen the files as they are.
func NewLooks(paths ...string) *Looks {
	return &Looks{newLooks(paths, contents(paths))}
}

// Look is one look.
func (l *Looks) Look() bool { return l.look() }

// Act is what follows when one says so.
func (l *Looks) Act() { l.acted = l.seen }

// Files are all that a configuration was read from, and will be when it is opened.
func (l Loaded) AllFiles() []string { return l.files() }

// Changes are the settings in which two configurations differ.
func Changes(before, after *Config) []string { return changes(before, after) }
