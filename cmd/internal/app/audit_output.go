package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"chatgate/gateway"
	"chatgate/gateway/audit"
)

// The outputs that are no files.
const (
	auditToLog    = "log"
	auditToStdout = "stdout"
)

// Audit is where the audit lines go.
type Audit struct {
	Output string `yaml:"output" default:"log" doc:"log: among the other lines on standard error. stdout: alone on standard output of serve. Else the absolute path of a file, which is made with mode 0600, only ever appended to, and opened anew on SIGHUP."`
}

// Check refuses what is neither of the two words nor the path of a file.
func (a *Audit) Check(report func(key, problem string)) {
	if a.Output != auditToLog && a.Output != auditToStdout && !a.isFile() {
		report("output", fmt.Sprintf("must be log, stdout or the absolute path of a file, got %q", a.Output))
	}
}

func (a *Audit) isFile() bool {
	return filepath.IsAbs(a.Output) && filepath.Clean(a.Output) == a.Output && a.Output != string(filepath.Separator)
}

// auditOutput writes the audit lines apart from the log, where that is configured.
type auditOutput struct {
	stream *audit.Stream // nil: they are in the log
	both   bool          // they are in the log as well
}

// openAudit prepares the output. Nothing is opened yet: begin does that, or a command's first line.
func (b *base) openAudit(cfg Audit) error {
	b.audit = &auditOutput{both: b.lend.command} // who runs a command sees what it did
	failures := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "chatgate_audit_failures_total", Help: "Audit lines that audit.output did not take; each is in the log instead.",
	})
	if err := b.registry.Register(failures); err != nil {
		return err
	}
	out := audit.StreamConfig{Log: b.log, Failed: failures.Inc, Queued: !b.lend.command}
	switch {
	case cfg.isFile():
		out.Path, out.Existing = cfg.Output, b.lend.command
	case cfg.Output == auditToStdout && !b.lend.command: // a command's own results are there
		out.Output = b.stdout()
	default:
		return nil
	}
	var err error
	b.audit.stream, err = audit.NewStream(out)
	return err
}

func (b *base) stdout() io.Writer {
	if b.lend.Stdout != nil {
		return b.lend.Stdout
	}
	return os.Stdout
}

// log is the audit log of an App with this log.
func (o *auditOutput) log(log *slog.Logger) *audit.Log {
	if o.stream == nil {
		return audit.New(log)
	}
	lines := slog.Handler(gateway.LogHandler{Handler: slog.NewJSONHandler(o.stream, nil)})
	if o.both {
		lines = slog.NewMultiHandler(lines, log.Handler())
	}
	return audit.New(slog.New(lines))
}

// open opens the file, or opens it anew, after logrotate has moved it.
func (o *auditOutput) open() error {
	if o.stream == nil {
		return nil
	}
	if err := o.stream.Reopen(); err != nil {
		return fmt.Errorf("audit.output: %w", err)
	}
	return nil
}

// run writes what is recorded until ctx ends.
func (o *auditOutput) run(ctx context.Context) error {
	if o.stream == nil {
		return nil
	}
	if err := o.stream.Run(ctx); err != nil {
		return err
	}
	return o.close()
}

func (o *auditOutput) close() error {
	if o.stream == nil {
		return nil
	}
	return o.stream.Close()
}
