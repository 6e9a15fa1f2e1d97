package app_test

import (
	"strings"
	"testing"

	"chatgate/cmd/internal/app"
)

const (
	oldSealing = `  current: "2026-11"
  keys: {"2026-11": "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go="}`
	bothSealing = `  current: "2026-11"
  keys: {"2026-11": "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go=", "2026-12": "Vd9Gq83vEjRWe0kA7xT2mC5sYbpLwUeJCrze8SNFZ4o="}`
	rotatedSealing = `  current: "2026-12"
  keys: {"2026-11": "q83vEjRWeJCrze8SNFZ4kA7xT2mC5sYb0pLwUeVd9Go=", "2026-12": "Vd9Gq83vEjRWe0kA7xT2mC5sYbpLwUeJCrze8SNFZ4o="}`
	newSealing = `  current: "2026-12"
  keys: {"2026-12": "Vd9Gq83vEjRWe0kA7xT2mC5sYbpLwUeJCrze8SNFZ4o="}`
)

// TestDoctorComparesTheReplicasSealingKeys: it says which replica lacks which key (D23, S146).
func TestDoctorComparesTheReplicasSealingKeys(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others []string // what other replicas have, beside the clinic's own
		doctor string   // what the doctor has
		level  app.Level
		want   []string
	}{
		{"every replica has one key", []string{oldSealing}, oldSealing, app.Well, []string{"every replica seals with 2026-11 ("}},
		{"one replica lacks what another seals with", []string{rotatedSealing}, bothSealing, app.Failure,
			[]string{"seals with 2026-12 (", "not held by", "give every replica the same sealing.keys"}},
		{"a replica seals with what the file does not hold", []string{newSealing}, oldSealing, app.Failure,
			[]string{"a key of fingerprint", "which this configuration does not hold"}},
		{"the file is a step ahead of the replicas", nil, rotatedSealing, app.Warning,
			[]string{"this configuration seals with 2026-12 (", "sealing.current in the next deploy"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(nil)
			for _, other := range tt.others {
				c.tellAs(t, strings.Replace(c.source, oldSealing, other, 1))
			}
			found := c.examineWith(t, strings.Replace(c.source, oldSealing, tt.doctor, 1))
			f := only(t, found, "replicas", "sealing keys")
			if f.Level != tt.level || !containsAll(sentence(f), tt.want) {
				t.Errorf("Doctor() says %+v, want %s with %q", f, tt.level, tt.want)
			}
		})
	}
}

// tellAs has another replica tell of itself.
func (c *clinic) tellAs(t *testing.T, source string) {
	t.Helper()
	other, err := app.Open(c.load(t, source), app.Lends{Engine: c.engine})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.TellOfItself(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorReadsWhatReplicasTell: the cards of other releases and states, as they lie in the store.
func TestDoctorReadsWhatReplicasTell(t *testing.T) {
	for _, tt := range []struct {
		name, card, finding string
		level               app.Level
		want                []string
	}{
		{"another release", `{"name":"gw-b","instance":"B","version":"9.9.9","status":"ready"}`, "running", app.Warning,
			[]string{"gw-b (9.9.9)", "finish the upgrade"}},
		{"another key of names", `{"name":"gw-b","instance":"B","status":"names_mismatch"}`, "readiness", app.Failure,
			[]string{"gw-b: names_mismatch", "restore the durable records"}},
		{"something that it misses", `{"name":"gw-b","instance":"B","status":"degraded","unwell":["provider corp"]}`, "readiness", app.Warning,
			[]string{"gw-b: provider corp"}},
		{"headers that it ignored (D31)", `{"name":"gw-b","instance":"B","status":"ready","ignores":true}`, "forwarded headers", app.Warning,
			[]string{"gw-b ignored X-Forwarded-For", "trustedProxies"}},
		{"nothing that can be read", `{"name`, "running", app.Well, []string{"1: "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClinic(nil)
			tools, err := app.OpenTools(c.load(t, c.source), app.Lends{Engine: c.engine})
			if err != nil {
				t.Fatal(err)
			}
			if err := tools.TellCard(t.Context(), tt.card); err != nil {
				t.Fatal(err)
			}
			f := only(t, c.examine(t), "replicas", tt.finding)
			if f.Level != tt.level || !containsAll(sentence(f), tt.want) {
				t.Errorf("Doctor() says %+v, want %s with %q", f, tt.level, tt.want)
			}
		})
	}
}

// TestAGatewayThatStopsIsForgotten: its card goes with it, so that the doctor does not wait for it to run out.
func TestAGatewayThatStopsIsForgotten(t *testing.T) {
	c := newClinic(nil)
	gateway, err := app.Open(c.load(t, c.source), app.Lends{Engine: c.engine})
	if err != nil {
		t.Fatal(err)
	}
	before := c.engine.Len()
	if err := gateway.TellAndStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.engine.Len(); got != before {
		t.Errorf("the store holds %d records after a gateway has come and gone, want %d", got, before)
	}
}
