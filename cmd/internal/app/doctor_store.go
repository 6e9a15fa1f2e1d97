package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"chatgate/store"
)

const (
	storeTime = 5 * time.Second
	// The clock of a Redis decides when records end, so a small difference is of no account and a large one ends
	// sessions early or late.
	clockWarning, clockFailure = 2 * time.Second, time.Minute
	// From this share of maxmemory on there is little time left before a server refuses every write.
	memoryWarning, memoryFailure = 0.80, 0.95
)

// examineStore looks at whether the store answers, keeps what it is given (D24), and holds what this configuration can
// open (D23).
func (t *Tools) examineStore(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if t.app.cfg.Redis.Memory {
		return []Finding{storeFinding("memory", Warning, "one replica only, and a restart forgets every session and every account link",
			"configure a Redis in place of redis.memory")}
	}
	if err := t.app.engine.Ping(ctx); err != nil {
		return []Finding{storeFinding("reachable", Failure, err.Error(), "see redis in the configuration")}
	}
	found := []Finding{storeFinding("reachable", Well, "it answers", "")}
	if inspector, ok := t.app.engine.(store.Inspector); ok {
		found = append(found, inspectStore(ctx, inspector)...)
	}
	return append(found, t.examineSealing(ctx))
}

func storeFinding(name string, level Level, text, fix string) Finding {
	return Finding{About: "store", Name: name, Level: level, Text: text, Fix: fix}
}

func inspectStore(ctx context.Context, inspector store.Inspector) []Finding {
	servers, err := inspector.Inspect(ctx)
	if err != nil {
		return []Finding{storeFinding("servers", Failure, err.Error(), "see redis in the configuration")}
	}
	var found []Finding
	for _, s := range servers {
		for _, f := range []Finding{examineVersion(s), examineEviction(s), examinePersistence(s), examineMemory(s), examineClock(s)} {
			if s.Name != "" {
				f.Text = s.Name + ": " + f.Text
			}
			found = append(found, f)
		}
	}
	return found
}

// oldest are the releases whose commands suffice.
var oldest = map[string][2]int{"redis": {6, 2}, "valkey": {7, 2}}

func examineVersion(s store.Server) Finding {
	least, known := oldest[s.Product]
	var major, minor int
	if _, err := fmt.Sscanf(s.Version, "%d.%d", &major, &minor); err != nil || !known {
		return storeFinding("version", Warning, "not told: it must be Redis 6.2 or Valkey 7.2, or newer", "give the Redis user +info")
	}
	if major < least[0] || major == least[0] && minor < least[1] {
		return storeFinding("version", Failure, fmt.Sprintf("%s %s is too old", s.Product, s.Version),
			fmt.Sprintf("upgrade to %d.%d or newer", least[0], least[1]))
	}
	return storeFinding("version", Well, s.Product+" "+s.Version, "")
}

func examineEviction(s store.Server) Finding {
	switch s.Eviction {
	case "noeviction":
		return storeFinding("maxmemory-policy", Well, s.Eviction, "")
	case "":
		return storeFinding("maxmemory-policy", Warning, "not told: it must be noeviction", "give the Redis user +info, or ask whoever runs the server")
	}
	return storeFinding("maxmemory-policy", Failure, "is "+s.Eviction+
		": a full server drops account links, signing keys and logins that have to be revoked", "set maxmemory-policy noeviction")
}

func examinePersistence(s store.Server) Finding {
	switch s.Persistence {
	case store.AppendOnly:
		return storeFinding("persistence", Well, "appendonly yes", "")
	case store.Snapshots:
		return storeFinding("persistence", Well, "snapshots alone: a crash forgets what came after the last one; appendonly yes does not", "")
	case store.NotPersistent:
		return storeFinding("persistence", Failure, "is off: a restart forgets account links and signing keys", "set appendonly yes")
	}
	return storeFinding("persistence", Warning, "not told: appendonly must be yes, or save must have snapshots made",
		"give the Redis user +info and +config|get, or ask whoever runs the server")
}

// examineMemory looks at how near a server is to its maxmemory: with noeviction a full one refuses every write, so that
// nobody signs in.
func examineMemory(s store.Server) Finding {
	if s.Memory == nil || s.MemoryLimit == nil {
		return storeFinding("memory", Well, "not told", "")
	}
	if *s.MemoryLimit == 0 {
		return storeFinding("memory", Well, mebibytes(*s.Memory)+" used; maxmemory sets no limit", "")
	}
	share := float64(*s.Memory) / float64(*s.MemoryLimit)
	text := fmt.Sprintf("%s used of maxmemory %s (%.0f %%)", mebibytes(*s.Memory), mebibytes(*s.MemoryLimit), 100*share)
	const more = "raise maxmemory, or see what else uses this Redis"
	switch {
	case share >= memoryFailure:
		return storeFinding("memory", Failure, text+": a full server refuses every sign-in", more)
	case share >= memoryWarning:
		return storeFinding("memory", Warning, text, more)
	}
	return storeFinding("memory", Well, text, "")
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func examineClock(s store.Server) Finding {
	text := fmt.Sprintf("%s from this machine's", s.Ahead.Round(time.Millisecond))
	const follow = "let both follow a time server"
	switch off := s.Ahead.Abs(); {
	case off >= clockFailure:
		return storeFinding("clock", Failure, text+": records end at the wrong time", follow)
	case off >= clockWarning:
		return storeFinding("clock", Warning, text, follow)
	}
	return storeFinding("clock", Well, "agrees with this machine's", "")
}

// examineSealing opens the record that every installation has, and that was sealed longest ago.
func (t *Tools) examineSealing(ctx context.Context) Finding {
	const name = "sealing.keys"
	err := t.app.parts.names.Inspect(ctx)
	switch unknown, ok := errors.AsType[*store.UnknownKeyError](err); {
	case ok:
		return storeFinding(name, Failure, fmt.Sprintf("none of %s is the key that the stored records are sealed with (fingerprint %s)",
			strings.Join(slices.Sorted(maps.Keys(t.app.cfg.Sealing.Keys)), ", "), unknown.Fingerprint), "add that one to sealing.keys again")
	case err != nil:
		return storeFinding(name, Failure, "the key of names: "+err.Error(), "see whether this is the Redis and the keyPrefix of this installation")
	}
	return storeFinding(name, Well, "open what is stored", "")
}
