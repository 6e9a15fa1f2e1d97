package rocketchat

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// TestTraitsOutliveTheirReader: callers share one reading, so it does not end with the one that happened to start it.
func TestTraitsOutliveTheirReader(t *testing.T) {
	leaving, leave := context.WithCancel(t.Context())
	c, env, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		leave()
		if _, err := w.Write([]byte(`{"version":"8.8","settings":[{"_id":"Accounts_LoginExpiration","value":30}]}`)); err != nil {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
	})
	w := &workspace{client: c, log: env.Log, now: env.Now}
	got, err := w.traits(leaving)
	if err != nil || got.version != newest || got.loginLife != 30*24*time.Hour {
		t.Errorf("traits = %+v, %v, want those of 8.8", got, err)
	}
}

// TestTraitsAreReadInBoundedTime: what does not end with its caller ends by itself (R35).
func TestTraitsAreReadInBoundedTime(t *testing.T) {
	c, env, waits := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"error":"You must wait 60 seconds before trying this endpoint again."}`))
	})
	w := &workspace{client: c, log: env.Log, now: env.Now}
	if _, err := w.traits(t.Context()); err == nil || len(*waits) != 0 {
		t.Errorf("traits = %v after waiting %v, want a refusal at once", err, *waits)
	}
}
