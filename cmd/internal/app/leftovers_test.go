package app_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatgate/store/storetest/redistest"
)

// A gateway that reloads for years must not grow by it.
func TestReloadsLeaveNothingBehind(t *testing.T) { // S141
	here := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, here) }) // after those of the world
	g := run(t, named("Before"))
	reload := func(times int) (heap uint64, goroutines int) {
		t.Helper()
		for i := range times {
			g.write(named(fmt.Sprintf("After%d", i)))
			if err := g.runner.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return settled()
	}
	heapBefore, before := reload(5)
	heapAfter, after := reload(30)
	t.Logf("after 5 reloads %d KiB and %d goroutines, after 30 more %d KiB and %d", heapBefore>>10, before, heapAfter>>10, after)
	if after > before {
		t.Errorf("30 reloads have left %d goroutines", after-before)
	}
	if heapAfter > heapBefore+3<<20 { // one App takes more than a megabyte for its limits alone
		t.Errorf("30 reloads have left %d KiB", (heapAfter-heapBefore)>>10)
	}
}

// settled is what is in use once nothing goes away any more.
func settled() (heap uint64, goroutines int) {
	var m runtime.MemStats
	for range 50 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		before := goroutines
		if goroutines = runtime.NumGoroutine(); goroutines == before {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return m.HeapAlloc, goroutines
}

// An authority that is taken away is not believed any more, although the path in the configuration is the same, and a
// password that is wrong does no harm (CVE-2024-23656).
func TestAReloadAppliesWhatConnectionsAreMadeWith(t *testing.T) { // S132, S141
	files, others := redistest.NewFiles(t), redistest.NewFiles(t)
	server := redistest.StartTLS(t, files, "--requirepass", "of-the-server")
	config := strings.Replace(named("Before"), `standalone: {address: "cache:6379"}`, fmt.Sprintf(
		"standalone: {address: %q}\n  password: of-the-server\n  tls: {ca: %s, cert: %s, key: %s}", server.Addr, files.CA, files.Cert, files.Key), 1)
	authority, err := os.ReadFile(files.CA)
	if err != nil {
		t.Fatal(err)
	}
	g := runOn(t, nil, config)
	for _, tc := range []struct{ name, authority, config, want string }{
		{"another authority", others.CA, config, "certificate"},
		{"another password", files.CA, strings.Replace(config, "password: of-the-server", "password: of-nobody", 1), "WRONGPASS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g.runner.SetPatience(50 * time.Millisecond)
			replaced, err := os.ReadFile(tc.authority)
			if err != nil {
				t.Fatal(err)
			}
			g.overwrite(files.CA, replaced)
			g.write(tc.config)
			if err := g.runner.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Reload() = %v, want %s in it", err, tc.want)
			}
			if got := g.check("store"); got != "ok" {
				t.Errorf("/readyz says of the store %q, want the former connections to go on", got)
			}
			g.overwrite(files.CA, authority)
			g.write(strings.Replace(config, "Before", "After", 1))
			g.runner.SetPatience(10 * time.Second)
			if err := g.runner.Reload(t.Context()); err != nil {
				t.Errorf("Reload() with the right one again = %v", err)
			}
			g.serves("After")
			if got := g.check("store"); got != "ok" {
				t.Errorf("/readyz says of the store %q", got)
			}
		})
	}
}

func (g *running) overwrite(path string, content []byte) {
	g.t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		g.t.Fatal(err)
	}
}
