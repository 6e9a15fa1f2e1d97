package redisstore

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// LogTo sends what go-redis says about its connections to log. go-redis keeps one logger for the whole process, which
// otherwise writes plain lines to stderr: main calls LogTo once, before the first Open.
func LogTo(log *slog.Logger) { redis.SetLogger(logger{log}) }

type logger struct{ log *slog.Logger }

// Printf is what go-redis calls. Its lines name addresses and errors, never what is stored.
func (l logger) Printf(ctx context.Context, format string, v ...any) {
	l.log.WarnContext(ctx, "redis client reported", "err", fmt.Sprintf(format, v...))
}
