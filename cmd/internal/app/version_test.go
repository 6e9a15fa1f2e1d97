package app

import (
	"runtime/debug"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionTellsWhatIsKnownOfTheBuild(t *testing.T) { // H27
	committed := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "4bf92f35"}, {Key: "vcs.time", Value: "2026-11-22T09:00:00Z"},
	}
	for _, test := range []struct {
		name    string
		stamped Build
		info    debug.BuildInfo
		want    Build
	}{
		{
			name:    "a release is what the linker says it is",
			stamped: Build{Version: "0.1.0", Commit: "c0ffee", Date: "2026-01-02T03:04:05Z"},
			info:    debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v9.9.9"}, Settings: committed},
			want:    Build{Version: "0.1.0", Commit: "c0ffee", Date: "2026-01-02T03:04:05Z", Go: "go1.26.8"},
		},
		{
			name: "go install leaves the module's version",
			info: debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v0.1.0"}},
			want: Build{Version: "0.1.0", Commit: "unknown", Date: "unknown", Go: "go1.26.8"},
		},
		{
			name: "go build in a checkout leaves the commit",
			info: debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "(devel)"}, Settings: committed},
			want: Build{Version: "development", Commit: "4bf92f35", Date: "2026-11-22T09:00:00Z", Go: "go1.26.8"},
		},
		{
			name: "a checkout with changes says so",
			info: debug.BuildInfo{GoVersion: "go1.26.8", Settings: append(committed, debug.BuildSetting{Key: "vcs.modified", Value: "true"})},
			want: Build{Version: "development", Commit: "4bf92f35-modified", Date: "2026-11-22T09:00:00Z", Go: "go1.26.8"},
		},
		{
			name: "a program without any of it has no empty field",
			want: Build{Version: "development", Commit: "unknown", Date: "unknown", Go: "unknown"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, describe(test.stamped, &test.info)); diff != "" {
				t.Errorf("describe (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildAsAPersonReadsIt(t *testing.T) {
	for _, test := range []struct {
		build Build
		want  string
	}{
		{
			Build{Version: "0.1.0", Commit: "c0ffee", Date: "2026-01-02T03:04:05Z", Go: "go1.26.8"},
			"0.1.0 (go1.26.8, commit c0ffee, 2026-01-02T03:04:05Z)",
		},
		{Build{Version: "development", Commit: "unknown", Date: "unknown", Go: "go1.26.8"}, "development (go1.26.8)"},
	} {
		if got := test.build.String(); got != test.want {
			t.Errorf("String() = %q, want %q", got, test.want)
		}
	}
}
