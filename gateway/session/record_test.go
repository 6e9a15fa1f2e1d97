package session

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/oidc"
)

// filled is an identity with every field set, fields that are added later included.
func filled(t *testing.T) oidc.Identity {
	t.Helper()
	var id oidc.Identity
	v := reflect.ValueOf(&id).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch field := v.Field(i).Addr().Interface().(type) {
		case *string:
			*field = "the " + name
		case *bool:
			*field = true
		case *[]string:
			*field = []string{"staff", "cafés", ""}
		case *map[string]string:
			*field = map[string]string{"department": "Analysis", "site": ""}
		case *time.Time:
			*field = time.Unix(1_800_000_000, 0)
		default:
			t.Fatalf("oidc.Identity.%s is of a kind that the session record does not know", name)
		}
	}
	return id
}

func TestARecordComesBackAsItWas(t *testing.T) { // D21
	full := filled(t)
	withoutGroups, unreadable := full, full
	withoutGroups.Groups = []string{}
	unreadable.Groups = nil
	for name, want := range map[string]record{
		"with everything":              {Identity: full, Begun: 1_800_000_000, Ends: 1_800_086_400, Rechecked: 1_800_000_900, Due: 1_800_001_700},
		"with nothing":                 {},
		"with an empty list of groups": {Identity: withoutGroups, Begun: 1},
		"with no groups claim":         {Identity: unreadable, Ends: -1},
	} {
		raw, err := want.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got record
		if err := got.UnmarshalBinary(raw); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s differs:\n%s", name, diff)
		}
		if err := got.UnmarshalBinary(append(raw, "of a later version"...)); err != nil {
			t.Errorf("%s with an addition of a later version: %v", name, err)
		}
	}
}

func TestWhatIsNoRecordIsRefused(t *testing.T) { // S68
	raw, err := record{Identity: filled(t), Begun: 1, Ends: 2, Rechecked: 1, Due: 2}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	former := len(raw) - recheckSize
	first := former - customSize(t, filled(t).Custom)
	for size := range raw {
		var r record
		if err := r.UnmarshalBinary(raw[:size]); err == nil && size != former && size != first {
			t.Fatalf("the first %d of %d bytes are taken for a record", size, len(raw))
		}
	}
	for name, data := range map[string][]byte{
		"another version":      append([]byte{9}, raw[1:]...),
		"JSON":                 []byte(`{"i":{"p":"corp","s":"ada"}}`),
		"a text of a gigabyte": {recordVersion, 0x80, 0x80, 0x80, 0x80, 0x04},
		"an endless number":    {recordVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		var r record
		if err := r.UnmarshalBinary(data); err == nil {
			t.Errorf("%s is taken for a record", name)
		}
	}
}

// recheckSize is how many bytes a small time of the last re-check and one of the next take at the end of a record.
const recheckSize = 2

// customSize is how many bytes custom claims take at the end of a record.
func customSize(t *testing.T, custom map[string]string) int {
	t.Helper()
	with, err := record{Identity: oidc.Identity{Custom: custom}}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	without, err := record{}.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return len(with) - len(without) + 1 // the number of claims
}

// TestRecordsOfFormerVersions: theirs end sooner, and they look no further (D24).
func TestRecordsOfFormerVersions(t *testing.T) {
	want := record{Identity: filled(t), Begun: 1, Ends: 2, Rechecked: 1, Due: 2}
	raw, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	raw, want.Rechecked, want.Due = raw[:len(raw)-recheckSize], 0, 0
	var got record
	if err := got.UnmarshalBinary(raw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a record of a version that never asked again differs:\n%s", diff)
	}
	got = record{}
	if err := got.UnmarshalBinary(raw[:len(raw)-customSize(t, want.Identity.Custom)]); err != nil {
		t.Fatal(err)
	}
	want.Identity.Custom = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a record of a version before custom claims differs:\n%s", diff)
	}
}

func FuzzRecord(f *testing.F) {
	raw, err := record{Identity: oidc.Identity{Provider: "corp", Subject: "ada", Groups: []string{"staff"}, Custom: map[string]string{"site": "X"}}, Begun: 1, Ends: 2}.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte{recordVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second record
		if first.UnmarshalBinary(data) != nil {
			return
		}
		raw, err := first.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := second.UnmarshalBinary(raw); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("what was read comes back otherwise:\n%s", diff)
		}
	})
}
