package app

import (
	"cmp"
	"runtime/debug"
	"strings"
)

// The linker sets these in a release: -X chatgate/cmd/internal/app.version=0.1.0 and so on. It can set variables only.
var version, commit, date string

// unstamped stands for what a build does not tell of itself.
const unstamped = "unknown"

// Build says which program this is. No field is ever empty.
type Build struct {
	// Version is a semantic version without a leading v, or "development".
	Version string `json:"version"`
	// Commit is the full revision of the source, with "-modified" behind it where files differed from it.
	Commit string `json:"commit"`
	// Date is the time of that commit, not of the build: the same source makes the same program (RFC 3339).
	Date string `json:"date"`
	// Go is the version of the toolchain.
	Go string `json:"go"`
}

// String is Build as a person reads it; what is not known is left out.
func (b Build) String() string {
	text := b.Version + " (" + b.Go
	if b.Commit != unstamped {
		text += ", commit " + b.Commit
	}
	if b.Date != unstamped {
		text += ", " + b.Date
	}
	return text + ")"
}

// Version tells what the linker was given and, where it was given nothing, what the toolchain wrote down by itself.
func Version() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return describe(Build{Version: version, Commit: commit, Date: date}, info)
}

func describe(stamped Build, info *debug.BuildInfo) Build {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return Build{
		Version: cmp.Or(stamped.Version, moduleVersion(info.Main.Version), "development"),
		Commit:  cmp.Or(stamped.Commit, revision(settings), unstamped),
		Date:    cmp.Or(stamped.Date, settings["vcs.time"], unstamped),
		Go:      cmp.Or(info.GoVersion, unstamped),
	}
}

// moduleVersion is what `go install` asked for; the toolchain's "(devel)" says nothing.
func moduleVersion(v string) string {
	if v == "(devel)" {
		return ""
	}
	return strings.TrimPrefix(v, "v")
}

func revision(settings map[string]string) string {
	found := settings["vcs.revision"]
	if found != "" && settings["vcs.modified"] == "true" {
		found += "-modified"
	}
	return found
}
