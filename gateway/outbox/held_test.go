package outbox

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// D24: two versions work on one store, so an entry of the next version, which knows more, must still be revocable.
func TestEntryOfALaterVersionIsRead(t *testing.T) {
	want := held{Chat: "rocketchat", Session: "s", SID: "d", UserID: "u", Token: "t", Expires: 2, End: 1}
	written, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`["rocketchat","s","d","u","t",2,1]`, string(written)); diff != "" {
		t.Errorf("stored entry (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		name, raw string
		ok        bool
	}{
		{"this version's", string(written), true},
		{"a later version's", `["rocketchat","s","d","u","t",2,1,"more",{}]`, true},
		{"another shape", `{"chat":"rocketchat"}`, false},
		{"another type in a place", `["rocketchat","s","d","u","t","2",1]`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got held
			err := json.Unmarshal([]byte(tc.raw), &got)
			if (err == nil) != tc.ok {
				t.Fatalf("Unmarshal(%s) = %v, want success: %v", tc.raw, err, tc.ok)
			}
			if diff := cmp.Diff(want, got); tc.ok && diff != "" {
				t.Errorf("entry (-want +got):\n%s", diff)
			}
		})
	}
}
