package cli_test

import (
	"net/http"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// answerReady is the command answering: something at $ADMIN answers every call with this status and file, until the
// script ends. A redirect leads to somebody who would be happy.
func answerReady(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answering STATUS FILE")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	body, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	l := listen(ts)
	ts.Setenv("ADMIN", addressOf(l))
	serve(ts, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/happy" {
			_, _ = w.Write([]byte(`{"status":"ready","checks":{}}`))
			return
		}
		w.Header().Set("Location", "/happy")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
}
