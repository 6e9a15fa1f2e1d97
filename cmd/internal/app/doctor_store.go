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
)

// examineStore looks at whether the store answers, keeps what it is given (D24), and holds what this configuration can
// open (D23).
func (t *Tools) examineStore(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if t.app.cfg.Redis.Memory {
		return []Finding{storeFinding("memory", Warning, "redis.memory: one replica only, and a restart forgets every session and every account link")}
	}
	if err := t.app.engine.Ping(ctx); err != nil {
		return []Finding{storeFinding("reachable", Failure, err.Error()+": see redis in the configuration")}
	}
	found := []Finding{storeFinding("reachable", Well, "it answers")}
	if inspector, ok := t.app.engine.(store.Inspector); ok {
		found = append(found, inspectStore(ctx, inspector)...)
	}
	return append(found, t.examineSealing(ctx))
}

func storeFinding(name string, level Level, text string) Finding {
	return Finding{About: "store", Name: name, Level: level, Text: text}
}

func inspectStore(ctx context.Context, inspector store.Inspector) []Finding {
	servers, err := inspector.Inspect(ctx)
	if err != nil {
		return []Finding{storeFinding("servers", Failure, err.Error())}
	}
	var found []Finding
	for _, s := range servers {
		for _, f := range []Finding{examineVersion(s), examineEviction(s), examinePersistence(s), examineClock(s)} {
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
		return storeFinding("version", Warning, "not told: it must be Redis 6.2 or Valkey 7.2, or newer; the Redis user needs +info to ask")
	}
	if major < least[0] || major == least[0] && minor < least[1] {
		return storeFinding("version", Failure, fmt.Sprintf("%s %s is too old: upgrade to %d.%d or newer", s.Product, s.Version, least[0], least[1]))
	}
	return storeFinding("version", Well, s.Product+" "+s.Version)
}

func examineEviction(s store.Server) Finding {
	switch s.Eviction {
	case "noeviction":
		return storeFinding("maxmemory-policy", Well, s.Eviction)
	case "":
		return storeFinding("maxmemory-policy", Warning, "not told: it must be noeviction; the Redis user needs +info to ask")
	}
	return storeFinding("maxmemory-policy", Failure, "is "+s.Eviction+
		" and must be noeviction: a full server would otherwise drop account links, signing keys and logins that have to be revoked")
}

func examinePersistence(s store.Server) Finding {
	switch s.Persistence {
	case store.AppendOnly:
		return storeFinding("persistence", Well, "appendonly yes")
	case store.Snapshots:
		return storeFinding("persistence", Well, "snapshots alone: a crash forgets what came after the last one; appendonly yes does not")
	case store.NotPersistent:
		return storeFinding("persistence", Failure, "is off: a restart forgets account links and signing keys; set appendonly yes")
	}
	return storeFinding("persistence", Warning, "not told: appendonly must be yes, or save must have snapshots made; the Redis user needs +info and +config|get to ask")
}

func examineClock(s store.Server) Finding {
	text := fmt.Sprintf("%s from this machine's", s.Ahead.Round(time.Millisecond))
	switch off := s.Ahead.Abs(); {
	case off >= clockFailure:
		return storeFinding("clock", Failure, text+": records end at the wrong time; let both follow a time server")
	case off >= clockWarning:
		return storeFinding("clock", Warning, text+": let both follow a time server")
	}
	return storeFinding("clock", Well, "agrees with this machine's")
}

// examineSealing opens the record that every installation has, and that was sealed longest ago.
func (t *Tools) examineSealing(ctx context.Context) Finding {
	const name = "sealing.keys"
	err := t.app.parts.names.Inspect(ctx)
	switch unknown, ok := errors.AsType[*store.UnknownKeyError](err); {
	case ok:
		return storeFinding(name, Failure, fmt.Sprintf("none of %s is the key that the stored records are sealed with (fingerprint %s): add that one again",
			strings.Join(slices.Sorted(maps.Keys(t.app.cfg.Sealing.Keys)), ", "), unknown.Fingerprint))
	case err != nil:
		return storeFinding(name, Failure, "the key of names: "+err.Error()+": is this the Redis and the keyPrefix of this installation?")
	}
	return storeFinding(name, Well, "open what is stored")
}
