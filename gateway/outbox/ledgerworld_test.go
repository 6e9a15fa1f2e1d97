package outbox_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"chatgate/gateway/outbox"
	"chatgate/store"
)

func decodeInto(got *[]outbox.RevokeJob) outbox.Handler {
	return func(_ context.Context, job outbox.Job) error {
		var r outbox.RevokeJob
		err := json.Unmarshal(job.Payload, &r)
		*got = append(*got, r)
		return err
	}
}

// adaID is the name of Ada's record.
func (w *world) adaID() string {
	w.t.Helper()
	id, err := store.NewNames(w.store("names")).Of(w.t.Context(), "ledger", "corp", "subject-of-ada")
	must(w.t, err)
	return id
}

// leftovers counts Ada's entries and all due members.
func (w *world) leftovers(keys ...string) int {
	w.t.Helper()
	s := w.store(keys...)
	fields, err := store.NewRecords(s.Durable("ledger"), "").All(w.t.Context(), w.adaID())
	must(w.t, err)
	due, err := store.NewIndex(s.Durable("ledgerdue")).List(w.t.Context(), "due", time.Unix(0, 0), morning.AddDate(50, 0, 0), 100)
	must(w.t, err)
	return len(fields.Names()) + len(due)
}

// corruptLedger swaps Ada's entry into a place it was not sealed for, and adds a due member of no shape.
func (w *world) corruptLedger(keys ...string) {
	w.t.Helper()
	ctx, id, place := w.t.Context(), w.adaID(), "d:ledger:"
	all, err := w.engine.AllHash(ctx, place+id)
	must(w.t, err)
	field := slices.Collect(maps.Keys(all))[0]
	must(w.t, w.engine.SetHash(ctx, place+id, "", map[string][]byte{"elsewhere": all[field]}, []string{field}, 0))
	due := store.NewIndex(w.store(keys...).Durable("ledgerdue"))
	must(w.t, due.Put(ctx, "due", id+"/elsewhere", morning, day))
	must(w.t, due.Put(ctx, "due", id+"/"+field, morning, day))
	must(w.t, due.Put(ctx, "due", "no field", morning, day))
}
