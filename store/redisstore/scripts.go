package redisstore

import (
	"context"
	_ "embed"

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

// run runs a script on one key, in one command once the server knows it. reply is the go-redis constructor of the reply.
func run[C redis.Cmder](
	ctx context.Context, s *Store, sc script, reply func(ctx context.Context, args ...any) C, key string, args ...any,
) (C, error) {
	words := append([]any{"evalsha", sc.sha, 1, s.key(key)}, args...)
	cmd := reply(ctx, words...)
	err := s.send(ctx, sc.op, once{cmd})
	if !redis.HasErrorPrefix(err, "NOSCRIPT") {
		return cmd, err
	}
	cmd = reply(ctx, append([]any{"eval", sc.source}, words[2:]...)...)
	return cmd, s.send(ctx, sc.op, once{cmd})
}

// decide runs a script that answers 1, or 0 for what refused then says.
func (s *Store) decide(ctx context.Context, sc script, refused error, key string, args ...any) error {
	cmd, err := run(ctx, s, sc, redis.NewIntCmd, key, args...)
	if err == nil && cmd.Val() == 0 {
		return refused
	}
	return err
}
