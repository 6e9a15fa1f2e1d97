package app_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"chatgate/cmd/internal/app"
)

func TestNamesBelowLocalhostAreThisMachine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: app.NewTransport()}
	for _, host := range []string{"localhost", "provider.localhost", "a.b.LOCALHOST", "chat.localhost."} {
		resp, err := client.Get("http://" + net.JoinHostPort(host, port))
		if err != nil {
			t.Errorf("GET http://%s = %v, want an answer of this machine", host, err)
			continue
		}
		resp.Body.Close()
	}
	if resp, err := client.Get("http://" + net.JoinHostPort("localhost.example.invalid", port)); err == nil {
		resp.Body.Close()
		t.Error("a name that only begins with localhost was taken for this machine")
	}
}
