package gateway

import (
	"net/http"
	"net/http/pprof"
)

// profiled adds Go's profiles to the admin listener (H15). A profile shows what the program does and how its memory is
// spent; it holds stacks and no content, and so no secret. Taking one costs time, which is why it has a switch.
func profiled(admin http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", admin)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
