package keyring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/keyring"
	"chatgate/store"
	"chatgate/store/memstore"
)

// askew is a clock that is off from another.
func askew(now func() time.Time, by time.Duration) func() time.Time {
	return func() time.Time { return now().Add(by) }
}

// S97, G3: a replica, or a machine of an operator's, whose clock is wrong takes no key away from the others, although
// their tokens are out, and adds none that signs too early or in years.
func TestOneWrongClockChangesNoKeys(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  time.Duration
		do   func(t *testing.T, wrong *keyring.Keyring) error
	}{
		{"a replica that is ahead, while a key waits", 2 * time.Hour, loadOn},
		{"a replica that is further ahead than a turn is long", 400 * day, loadOn},
		{"a rotation from a machine that is ahead", 2 * time.Hour, rotateFrom},
		{"a rotation from a machine that is behind", -20 * time.Minute, rotateFrom},
		{"a rotation from a machine that is a little too far behind", -2*time.Minute - time.Second, rotateFrom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var now clock
			engine := memstore.New(memstore.Config{Now: now.Now})
			good := rotating(t, engine, now.Now, 90*day, new(changes))
			load(t, good)
			if tt.off > 0 {
				if _, err := good.Rotate(t.Context(), "talk"); err != nil {
					t.Fatal(err)
				}
			}
			signer, want := signingKID(t, good.Set("talk")), published(t, good)
			token, _, err := good.Set("talk").Sign(with(goodClaims(), object{"exp": now.Now().Add(time.Hour).Unix()}))
			if err != nil {
				t.Fatal(err)
			}

			wrong := rotating(t, engine, askew(now.Now, tt.off), 90*day, new(changes))
			if err := tt.do(t, wrong); !errors.Is(err, keyring.ErrClocks) {
				t.Errorf("the change = %v, want ErrClocks", err)
			}
			if diff := cmp.Diff(want, published(t, good)); diff != "" {
				t.Errorf("published by the others afterwards (-want +got):\n%s", diff)
			}
			expectSigner(t, signer, good)
			if _, err := good.Set("talk").Verify(token, wanted); err != nil {
				t.Errorf("Verify() of a token that is out = %v", err)
			}
			_ = wrong.Load(t.Context())
			d, err := wrong.Set("talk").JWKS()
			if diff := cmp.Diff(want, publishedKIDs(t, d, err)); diff != "" {
				t.Errorf("published by the wrong one itself (-want +got):\n%s", diff)
			}
		})
	}
}

func loadOn(t *testing.T, k *keyring.Keyring) error { return k.Load(t.Context()) }

func rotateFrom(t *testing.T, k *keyring.Keyring) error {
	_, err := k.Rotate(t.Context(), "talk")
	return err
}

// The same with Redis' own clock, and with a replica as far off as S97 allows for.
func TestClocksThatAreTwoMinutesApartMayChangeKeys(t *testing.T) {
	for _, off := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		redis := miniredis.RunT(t)
		redis.SetTime(noon)
		k := newKeyring(t, redisAt(t, redis.Addr()), func() time.Time { return noon.Add(off) }, "talk")
		load(t, k)
		if err := rotateFrom(t, k); err != nil {
			t.Errorf("Rotate() by a clock that is %s ahead = %v", off, err)
		}
		redis.SetTime(noon.Add(-off))
		further := newKeyring(t, redisAt(t, redis.Addr()), func() time.Time { return noon.Add(off) }, "talk")
		if err := rotateFrom(t, further); !errors.Is(err, keyring.ErrClocks) || !strings.Contains(err.Error(), "disagree by 4m0s") {
			t.Errorf("Rotate() by a clock that is %s ahead = %v, want ErrClocks that says how far", 2*off, err)
		}
	}
}

// A key that signs at once is no worse by a wrong clock, and people wait for it; it only must not seem to wait.
func TestAFirstKeyIsMadeWhateverTheClock(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": 400 * day, "behind": -400 * day} {
		t.Run(name, func(t *testing.T) {
			var now clock
			engine := memstore.New(memstore.Config{Now: now.Now})
			wrong := newKeyring(t, engine, askew(now.Now, off), "talk")
			load(t, wrong)
			good := newKeyring(t, engine, now.Now, "talk")
			load(t, good)
			first := signingKID(t, good.Set("talk"))
			next, err := good.Rotate(t.Context(), "talk")
			if err != nil || next.KID == first {
				t.Errorf("Rotate() = %q, %v, want another key than %q", next.KID, err, first)
			}
			expectSigner(t, first, good)
			for _, leaked := range []string{first, next.KID} {
				if err := wrong.Remove(t.Context(), "talk", leaked); err != nil {
					t.Errorf("Remove() by the wrong clock = %v", err)
				}
			}
			if made := overviewAfterLoad(t, good).Signer().SignsFrom; made.After(now.Now()) {
				t.Errorf("what replaces the last key signs from %s on, want no time to come", made)
			}
		})
	}
}

func overviewAfterLoad(t *testing.T, k *keyring.Keyring) keyring.Overview {
	t.Helper()
	load(t, k)
	return overview(t, k)
}

func TestAnEngineWithoutAClockIsBelieved(t *testing.T) {
	engine := struct{ store.Engine }{memstore.New(memstore.Config{})}
	var now clock
	k := newKeyring(t, engine, now.Now, "talk")
	load(t, k)
	if err := rotateFrom(t, k); err != nil {
		t.Errorf("Rotate() = %v", err)
	}
}

// A wrong clock must not keep records from the current sealing key: the former one is about to be removed (D23).
func TestAWrongClockDoesNotKeepAnOldSealingKey(t *testing.T) {
	var now clock
	engine := memstore.New(memstore.Config{Now: now.Now})
	load(t, newKeyring(t, engine, now.Now, "talk"))
	wrong, err := keyring.New(keyring.Config{
		Store: newStore(t, engine, "ba"), Now: askew(now.Now, 100*day),
		Sets: []keyring.SetConfig{{Name: "talk", RotateEvery: 90 * day}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Load(t.Context()); !errors.Is(err, keyring.ErrClocks) {
		t.Errorf("Load() = %v, want ErrClocks", err)
	}
	after, err := keyring.New(keyring.Config{Store: newStore(t, engine, "b"), Now: now.Now, Sets: []keyring.SetConfig{{Name: "talk"}}})
	if err != nil {
		t.Fatal(err)
	}
	load(t, after)
}

func TestRunTellsOnceOfAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := memstore.New(memstore.Config{})
		load(t, newKeyring(t, engine, nil, "talk"))
		var log journal
		var told []error
		k, err := keyring.New(keyring.Config{
			Store: newStore(t, engine, "a"), Log: log.Logger(), Now: askew(time.Now, 91*day),
			Sets: []keyring.SetConfig{{Name: "talk", RotateEvery: 90 * day}}, OnRead: func(err error) { told = append(told, err) },
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := start(t, k)
		time.Sleep(10 * time.Minute)
		stop()
		if n := strings.Count(log.String(), "signing keys not changed"); n != 1 || strings.Contains(log.String(), "not read") {
			t.Errorf("the log tells %d times that keys were not changed, want once:\n%s", n, log.String())
		}
		if len(told) == 0 || slices.ContainsFunc(told, func(err error) bool { return !errors.Is(err, keyring.ErrClocks) }) {
			t.Errorf("OnRead was told %v, want ErrClocks each time", told)
		}
	})
}

func TestAnUnreadableSetIsToldBeforeAWrongClock(t *testing.T) {
	var now clock
	engine := &sealedOff{Store: memstore.New(memstore.Config{Now: now.Now})}
	replica := func(now func() time.Time) *keyring.Keyring {
		k, err := keyring.New(keyring.Config{Store: newStore(t, engine, "a"), Now: now, Sets: []keyring.SetConfig{
			{Name: "coral", RotateEvery: 90 * day}, {Name: "talk", RotateEvery: 90 * day},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	load(t, replica(now.Now))
	wrong := replica(askew(now.Now, 91*day))
	engine.key = "d:keyring:talk"
	err := wrong.Load(t.Context())
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, keyring.ErrClocks) {
		t.Errorf("Load() = %v, want ErrUnavailable alone: ErrClocks says that all was read", err)
	}
}

// sealedOff is an engine that does not give out one record.
type sealedOff struct {
	*memstore.Store
	key string
}

func (e *sealedOff) Get(ctx context.Context, key string) ([]byte, error) {
	if key == e.key {
		return nil, store.ErrUnavailable
	}
	return e.Store.Get(ctx, key)
}

func TestAStoreThatDoesNotAnswerForItsClockChangesNoKeys(t *testing.T) {
	engine := &timeless{Store: memstore.New(memstore.Config{})}
	k := newKeyring(t, engine, nil, "talk")
	load(t, k)
	engine.away = true
	if err := rotateFrom(t, k); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Rotate() = %v, want ErrUnavailable", err)
	}
}

func TestFilesAreTheOperatorsWhateverTheClock(t *testing.T) {
	k := fileKeyring(t, func() time.Time { return noon.Add(-100 * day) }, exampleKey())
	for call, err := range map[string]error{"Rotate": rotateFrom(t, k), "Remove": k.Remove(t.Context(), "talk", exampleKID)} {
		if !errors.Is(err, keyring.ErrFromFiles) {
			t.Errorf("%s() = %v, want ErrFromFiles", call, err)
		}
	}
}

// timeless is an engine that stops to tell the time.
type timeless struct {
	*memstore.Store
	away bool
}

func (e *timeless) Time(ctx context.Context) (time.Time, error) {
	if e.away {
		return time.Time{}, store.ErrUnavailable
	}
	return e.Store.Time(ctx)
}
