package gateway_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/sdk"
)

// Every other answer is no-store and for our own origin alone: the script of customer pages is neither.
func TestAnyPageMayLoadTheScript(t *testing.T) {
	b := open(t, options{}).browser()
	for _, name := range []string{sdk.Module, sdk.Classic, sdk.Types} {
		answer := b.do(http.MethodGet, "/sdk/v1/"+name, "Origin", "https://portal.example.org")
		got := map[string][]string{"Status": {answer.Status}}
		for _, header := range []string{"Access-Control-Allow-Origin", "Cross-Origin-Resource-Policy", "Cache-Control", "X-Content-Type-Options", "Set-Cookie"} {
			got[header] = answer.Header.Values(header)
		}
		want := map[string][]string{
			"Status": {"200 OK"}, "Access-Control-Allow-Origin": {"*"}, "Cross-Origin-Resource-Policy": {"cross-origin"},
			"Cache-Control": {"public, max-age=3600"}, "X-Content-Type-Options": {"nosniff"}, "Set-Cookie": nil,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", name, diff)
		}
	}
}
