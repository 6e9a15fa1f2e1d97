package redisstore

import (
	"context"
	_ "embed"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed scripts/swap.lua
	swapSource string
	//go:embed scripts/count.lua
	countSource string
	//go:embed scripts/addhash.lua
	addHashSource string
	//go:embed scripts/sethash.lua
	setHashSource string
	//go:embed scripts/takehash.lua
	takeHashSource string
	//go:embed scripts/putindex.lua
	putIndexSource string
	//go:embed scripts/claimindex.lua
	claimIndexSource string
	//go:embed scripts/moveindex.lua
	moveIndexSource string

	swapScript       = newScript("swap", swapSource)
	countScript      = newScript("count", countSource)
	addHashScript    = newScript("add_hash", addHashSource)
	setHashScript    = newScript("set_hash", setHashSource)
	takeHashScript   = newScript("take_hash", takeHashSource)
	putIndexScript   = newScript("put_index", putIndexSource)
	claimIndexScript = newScript("claim_index", claimIndexSource)
	moveIndexScript  = newScript("move_index", moveIndexSource)
)

// script is a few lines of Lua on one key.
type script struct{ op, source, sha string }

func newScript(op, source string) script {
	return script{op: op, source: source, sha: redis.NewScript(source).Hash()}
}

// run runs a script on one key and tells the observer how it ended: a server that has to learn the script first has
// not failed. reply is the go-redis constructor of the reply.
func run[C redis.Cmder](
	ctx context.Context, s *Store, sc script, reply func(ctx context.Context, args ...any) C, key string, args ...any,
) (C, error) {
	began := time.Now()
	cmd, err := evaluate(ctx, s, sc, reply, append([]any{1, s.key(key)}, args...))
	s.observe(ctx, sc.op, time.Since(began), err)
	return cmd, err
}

// evaluate takes one command once the server knows the script, and a second one until then.
func evaluate[C redis.Cmder](
	ctx context.Context, s *Store, sc script, reply func(ctx context.Context, args ...any) C, words []any,
) (C, error) {
	cmd := reply(ctx, append([]any{"evalsha", sc.sha}, words...)...)
	err := s.process(ctx, once{cmd})
	if !redis.HasErrorPrefix(err, "NOSCRIPT") {
		return cmd, err
	}
	cmd = reply(ctx, append([]any{"eval", sc.source}, words...)...)
	return cmd, s.process(ctx, once{cmd})
}

// decide runs a script that answers 1, or 0 for what refused then says.
func (s *Store) decide(ctx context.Context, sc script, refused error, key string, args ...any) error {
	cmd, err := run(ctx, s, sc, redis.NewIntCmd, key, args...)
	if err == nil && cmd.Val() == 0 {
		return refused
	}
	return err
}
