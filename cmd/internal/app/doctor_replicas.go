package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"chatgate/gateway"
	"chatgate/store"
)

// examineReplicas looks at what the running gateways tell of themselves: whether they are ready, of one release, and able
// to open what each other seals (D23, S146).
func (t *Tools) examineReplicas(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if t.app.cfg.Redis.Memory {
		return nil
	}
	cards, err := t.app.replicas(ctx)
	if err != nil {
		return nil // that the store does not answer is told of the store
	}
	if len(cards) == 0 {
		return []Finding{replicaFinding("running", Warning, fmt.Sprintf("no gateway has told of itself for %s", tellLives),
			"start one; if one runs, see whether it has this Redis and this keyPrefix")}
	}
	found := []Finding{judgeRunning(cards), judgeReadiness(cards), t.judgeSealing(cards)}
	if ignoring := namesOf(cards, func(c card) bool { return c.Ignores }); len(ignoring) > 0 {
		found = append(found, replicaFinding("forwarded headers", Warning, strings.Join(ignoring, ", ")+
			" ignored X-Forwarded-For of a peer that is not trusted: if that is your proxy, everybody seems to come from its address",
			"add its network to trustedProxies: the log names the peer (forwarded headers ignored)"))
	}
	return found
}

func replicaFinding(name string, level Level, text, fix string) Finding {
	return Finding{About: "replicas", Name: name, Level: level, Text: text, Fix: fix}
}

func namesOf(cards []card, which func(card) bool) []string {
	var names []string
	for _, c := range cards {
		if which(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// judgeRunning: two releases work on one Redis (D24), and are not meant to for long.
func judgeRunning(cards []card) Finding {
	versions := map[string]bool{}
	texts := make([]string, len(cards))
	for i, c := range cards {
		versions[c.Version] = true
		texts[i] = fmt.Sprintf("%s (%s)", c.Name, c.Version)
	}
	text := fmt.Sprintf("%d: %s", len(cards), strings.Join(texts, ", "))
	if len(versions) > 1 {
		return replicaFinding("running", Warning, text, "finish the upgrade: they are of several releases")
	}
	return replicaFinding("running", Well, text, "")
}

// judgeReadiness: a mismatch keeps a replica out of service, anything else it tells while it serves (D26).
func judgeReadiness(cards []card) Finding {
	var out, degraded []string
	for _, c := range cards {
		switch c.Status {
		case gateway.StateSealingMismatch, gateway.StateNamesMismatch:
			out = append(out, c.Name+": "+c.Status)
		case gateway.StateDegraded:
			degraded = append(degraded, c.Name+": "+strings.Join(c.Unwell, ", "))
		}
	}
	switch {
	case len(out) > 0:
		return replicaFinding("readiness", Failure, "not in service: "+strings.Join(append(out, degraded...), "; "),
			"for sealing_mismatch give every replica the same sealing.keys, for names_mismatch restore the durable records, then restart it")
	case len(degraded) > 0:
		return replicaFinding("readiness", Warning, "not well, as they see it: "+strings.Join(degraded, "; "),
			"see these parts here, and the replica's own log")
	}
	return replicaFinding("readiness", Well, "none of them misses anything", "")
}

// judgeSealing names which replica lacks the key that another seals with, and whether this configuration fits in.
func (t *Tools) judgeSealing(cards []card) Finding {
	const name = "sealing keys"
	own := t.app.parts.store.SealingKeys()
	called := func(mark string) string { return keyName(own, mark) }
	var lacking []string
	current := map[string]bool{}
	for _, c := range cards {
		if current[c.Current] {
			continue
		}
		current[c.Current] = true
		if without := namesOf(cards, func(other card) bool { return !slices.Contains(other.Holds, c.Current) }); len(without) > 0 {
			lacking = append(lacking, fmt.Sprintf("%s seals with %s, which is not held by %s", c.Name, called(c.Current), strings.Join(without, ", ")))
		}
		if _, held := own.Names[c.Current]; !held {
			lacking = append(lacking, fmt.Sprintf("%s seals with %s, which this configuration does not hold", c.Name, called(c.Current)))
		}
	}
	behind := namesOf(cards, func(c card) bool { return !slices.Contains(c.Holds, own.Current) })
	switch {
	case len(lacking) > 0:
		return replicaFinding(name, Failure, strings.Join(lacking, "; "), "give every replica the same sealing.keys")
	case len(behind) > 0:
		return replicaFinding(name, Warning, fmt.Sprintf("this configuration seals with %s, which is not held by %s", called(own.Current), strings.Join(behind, ", ")),
			"deploy that key beside the current one first, and make it sealing.current in the next deploy")
	case len(current) > 1 || !current[own.Current]:
		return replicaFinding(name, Warning, "replicas seal with different keys, which all of them hold", "finish the rotation: deploy one sealing.current everywhere")
	}
	return replicaFinding(name, Well, "every replica seals with "+called(own.Current)+" and holds what the others do", "")
}

// keyName is a key by its name here and its fingerprint, by which those who call it otherwise find it.
func keyName(own store.SealingKeys, mark string) string {
	if name, known := own.Names[mark]; known {
		return fmt.Sprintf("%s (%s)", name, mark)
	}
	return fmt.Sprintf("a key of fingerprint %s", mark)
}
