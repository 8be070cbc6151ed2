package obs

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"
)

// Build says what program this is.
type Build struct {
	Version string // of a release, or "devel"
	Commit  string // "" where the build did not record it
	Go      string // version of the toolchain
}

// ReadBuild reads what the toolchain recorded in the binary. A version that is
// given, by the linker, wins over the recorded one.
func ReadBuild(version string) Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: cmp.Or(version, "devel")}
	}
	b := Build{Version: version, Go: info.GoVersion}
	if b.Version == "" && info.Main.Version != "(devel)" {
		b.Version = info.Main.Version
	}
	b.Version = cmp.Or(b.Version, "devel")
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value + b.Commit
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Commit += "-modified"
		}
	}
	return b
}

// String is one line for people.
func (b Build) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "agenttrace %s", b.Version)
	if b.Commit != "" {
		fmt.Fprintf(&s, " (commit %s)", b.Commit)
	}
	if b.Go != "" {
		fmt.Fprintf(&s, " %s", b.Go)
	}
	return s.String()
}
