package app_test

import (
	"net"
	"reflect"
	"testing"

	"chatgate/cmd/internal/app"
)

// TestTheAdminListenerIsThisMachinesAlone: what the probes and the metrics tell is shown to others only where an
// operator has named an address for it (S137).
func TestTheAdminListenerIsThisMachinesAlone(t *testing.T) {
	field, found := reflect.TypeFor[app.Listen]().FieldByName("Admin")
	if !found {
		t.Fatal("there is no setting for the admin listener")
	}
	host, _, err := net.SplitHostPort(field.Tag.Get("default"))
	if err != nil {
		t.Fatal(err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		t.Errorf("listen.admin is at %q unless it is set, want a loopback address", host)
	}
}
