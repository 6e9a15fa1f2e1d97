package storetest

import (
	"context"
	"testing"
	"time"

	"chatgate/store"
)

// kinds plants a value of each kind under key.
func (w world) kinds() map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"value":  func(ctx context.Context) error { return w.Put(ctx, key, []byte("text"), soon) },
		"record": func(ctx context.Context) error { return w.AddHash(ctx, key, anchor, fields{anchor: {}}, soon) },
		"index":  func(ctx context.Context) error { return w.PutIndex(ctx, key, at("m", 0), soon) },
	}
}

// call is one operation and the kind of value it needs; the empty kind takes any.
type call struct {
	name, kind string
	do         func(ctx context.Context) error
}

func (w world) calls() []call {
	x := []byte("x")
	return []call{
		{"Get", "value", func(ctx context.Context) error { _, err := w.Get(ctx, key); return err }},
		{"Take", "value", func(ctx context.Context) error { _, err := w.Take(ctx, key); return err }},
		{"Swap", "value", func(ctx context.Context) error { return w.Swap(ctx, key, x, x, soon) }},
		{"Swap by nil", "value", func(ctx context.Context) error { return w.Swap(ctx, key, x, nil, soon) }},
		{"Count", "value", func(ctx context.Context) error { _, _, err := w.Count(ctx, key, soon); return err }},
		{"AddHash", "record", func(ctx context.Context) error { return w.AddHash(ctx, key, anchor, fields{"f": x}, soon) }},
		{"AddHash without anchor", "record", func(ctx context.Context) error { return w.AddHash(ctx, key, "", fields{"f": x}, soon) }},
		{"GetHash", "record", func(ctx context.Context) error { _, err := w.GetHash(ctx, key, "f"); return err }},
		{"AllHash", "record", func(ctx context.Context) error { _, err := w.AllHash(ctx, key); return err }},
		{"SetHash", "record", func(ctx context.Context) error { return w.SetHash(ctx, key, anchor, fields{"f": x}, nil, soon) }},
		{"SetHash without anchor", "record", func(ctx context.Context) error { return w.SetHash(ctx, key, "", fields{"f": x}, nil, soon) }},
		{"TakeHash", "record", func(ctx context.Context) error { _, err := w.TakeHash(ctx, key); return err }},
		{"PutIndex", "index", func(ctx context.Context) error { return w.PutIndex(ctx, key, at("a", 0), soon) }},
		{"ListIndex", "index", func(ctx context.Context) error { _, err := w.ListIndex(ctx, key, noon, noon, 1); return err }},
		{"CountIndex", "index", func(ctx context.Context) error { _, err := w.CountIndex(ctx, key, noon, noon); return err }},
		{"ClaimIndex", "index", func(ctx context.Context) error { _, err := w.ClaimIndex(ctx, key, noon, noon, 1); return err }},
		{"MoveIndex", "index", func(ctx context.Context) error { return w.MoveIndex(ctx, key, "a", at("b", 0)) }},
		{"DropIndex", "index", func(ctx context.Context) error { return w.DropIndex(ctx, key, "a") }},
		{"TrimIndex", "index", func(ctx context.Context) error { return w.TrimIndex(ctx, key, noon) }},
		{"Put", "", func(ctx context.Context) error { return w.Put(ctx, key, x, soon) }},
		{"Add", "", func(ctx context.Context) error { return w.Add(ctx, key, x, soon) }},
		{"Delete", "", func(ctx context.Context) error { return w.Delete(ctx, key) }},
		{"Ping", "", func(ctx context.Context) error { return w.Ping(ctx) }},
	}
}

var failures = []promise{
	{"Ping answers", func(t *testing.T, w world) { must(t, w.Ping(t.Context())) }},
	{"a value of another kind is ErrUnavailable and stays", func(t *testing.T, w world) { // S68
		for kind, plant := range w.kinds() {
			for _, c := range w.calls() {
				if c.kind == kind || c.kind == "" {
					continue
				}
				must(t, w.Delete(t.Context(), key))
				must(t, plant(t.Context()))
				wantErr(t, c.name+" on a "+kind, c.do(t.Context()), store.ErrUnavailable)
				wantErr(t, "Add on a "+kind+" after "+c.name, w.Add(t.Context(), key, nil, soon), store.ErrExists)
			}
		}
	}},
	{"Count of what is no number is ErrUnavailable", func(t *testing.T, w world) {
		must(t, w.Put(t.Context(), key, []byte("text"), soon))
		_, _, err := w.Count(t.Context(), key, soon)
		wantErr(t, "Count()", err, store.ErrUnavailable)
		w.wantValue(t, []byte("text"))
	}},
	{"Put replaces a value of another kind", func(t *testing.T, w world) {
		for _, plant := range w.kinds() {
			must(t, w.Delete(t.Context(), key))
			must(t, plant(t.Context()))
			must(t, w.Put(t.Context(), key, []byte("text"), soon))
			w.wantValue(t, []byte("text"))
		}
	}},
	{"a cancelled call is ErrUnavailable and changes nothing", func(t *testing.T, w world) {
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		expired, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
		defer cancel()
		for _, c := range w.calls() {
			wantErr(t, c.name+" cancelled", c.do(cancelled), store.ErrUnavailable)
			wantErr(t, c.name+" expired", c.do(expired), store.ErrUnavailable)
		}
		must(t, w.Add(t.Context(), key, []byte("free"), soon))
	}},
	{"after Close every call is ErrUnavailable", func(t *testing.T, w world) {
		must(t, w.Close())
		for _, c := range w.calls() {
			wantErr(t, c.name, c.do(t.Context()), store.ErrUnavailable)
		}
	}},
}
