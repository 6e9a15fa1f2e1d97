package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Watched is a master with one replica, and a Sentinel that watches them.
type Watched struct {
	Master, Replica, Sentinel *Server
}

const (
	// MasterName is the name by which the Sentinel knows the master.
	MasterName = "chatgate"

	serverPassword   = "of-the-servers"
	sentinelPassword = "of-the-sentinel"
)

// StartSentinel runs a Watched set-up whose Sentinel replaces the master by itself within seconds. Servers and Sentinel
// ask for passwords of their own, which are in the Server's fields.
func StartSentinel(t testing.TB) Watched {
	t.Helper()
	secured := []string{"--requirepass", serverPassword, "--masterauth", serverPassword}
	w := Watched{Master: Start(t, secured...)}
	w.Master.Password = serverPassword
	host, port, _ := net.SplitHostPort(w.Master.Addr)
	w.Replica = Start(t, append(secured, "--replicaof", host, port, "--repl-diskless-sync-delay", "0")...)
	w.Replica.Password = serverPassword
	// A Sentinel asks for replicas every ten seconds only: this one must be there the first time.
	Eventually(t, func() error { return expect(w.Replica.Do(t, "info", "replication"), "master_link_status:up") })

	config := sentinelConfig(t, host, port)
	w.Sentinel = listen(t, func(port string) []string {
		return []string{config, "--sentinel", "--bind", "127.0.0.1", "--port", port, "--requirepass", sentinelPassword}
	})
	w.Sentinel.Password = sentinelPassword
	Eventually(t, func() error {
		return expect(w.Sentinel.Do(t, "info", "sentinel"), "status=ok", "slaves=1")
	})
	return w
}

func sentinelConfig(t testing.TB, host, port string) (path string) {
	t.Helper()
	path = filepath.Join(dir(t), "sentinel.conf")
	settings := []string{
		"monitor " + MasterName + " " + host + " " + port + " 1",
		"auth-pass " + MasterName + " " + serverPassword,
		"down-after-milliseconds " + MasterName + " 500",
		"failover-timeout " + MasterName + " 3000",
	}
	text := "sentinel " + strings.Join(settings, "\nsentinel ") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// StartCluster runs a Cluster of masters, each with its share of the slots, and returns them when they agree.
func StartCluster(t testing.TB, masters int, args ...string) []*Server {
	t.Helper()
	nodes := make([]*Server, masters)
	for i := range nodes {
		nodes[i] = startNode(t, args)
		nodes[i].Do(t, "cluster", "set-config-epoch", i+1)
		nodes[i].Do(t, slots(i, masters)...)
	}
	host, port, _ := net.SplitHostPort(nodes[0].Addr)
	bus := nodes[0].Do(t, "config", "get", "cluster-port")
	for _, node := range nodes[1:] {
		node.Do(t, "cluster", "meet", host, port, number(bus))
	}
	for _, node := range nodes {
		known := fmt.Sprintf("cluster_known_nodes:%d", masters)
		share := fmt.Sprintf("cluster_size:%d", masters)
		Eventually(t, func() error {
			return expect(node.Do(t, "cluster", "info"), "cluster_state:ok", "cluster_slots_ok:16384", known, share)
		})
	}
	return nodes
}

func startNode(t testing.TB, args []string) *Server {
	t.Helper()
	return listen(t, func(port string) []string {
		return settings(t, args, "--port", port, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	})
}

// slots is the command that gives the i-th of n masters its share.
func slots(i, n int) []any {
	const all = 16384
	words := []any{"cluster", "addslots"}
	for slot := i * all / n; slot < (i+1)*all/n; slot++ {
		words = append(words, slot)
	}
	return words
}

// number finds the last word of a reply such as "map[cluster-port:1234]" or "[cluster-port 1234]".
func number(reply string) string {
	words := strings.FieldsFunc(reply, func(r rune) bool { return r < '0' || r > '9' })
	return words[len(words)-1]
}

func expect(reply string, parts ...string) error {
	for _, part := range parts {
		if !strings.Contains(reply, part) {
			return fmt.Errorf("no %q in:\n%s", part, reply)
		}
	}
	return nil
}
