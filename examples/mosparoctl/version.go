package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionCommand() command {
	return command{
		name: "version", args: "[--json]", run: versionShow, asks: offline,
		help:     "Show the version of this program, and the versions of mosparo that it knows.",
		examples: []string{"mosparoctl version", "mosparoctl version --json"},
	}
}

// supportedMosparo are the versions that cleanup.CheckVersion accepts.
const supportedMosparo = "1.5.x"

// versionInfo is the output of "version".
type versionInfo struct {
	// Version is that of the module, "(devel)" if it was built from a working copy.
	Version string `json:"version"`
	// Revision is the commit, if it is known, and Modified whether files differed from it.
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Mosparo  string `json:"mosparo"`
}

func newVersionInfo() versionInfo {
	v := versionInfo{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Mosparo: supportedMosparo}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = cmp.Or(build.Main.Version, "(devel)")
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func versionShow(_ context.Context, a *app, flags *flag.FlagSet) func([]string) error {
	asJSON := jsonFlag(flags)
	return func(args []string) error {
		if len(args) > 0 {
			return usageError{"version takes no arguments"}
		}
		v := newVersionInfo()
		if *asJSON {
			return a.printJSON(v)
		}
		return a.writeVersion(v)
	}
}

// writeVersion prints the version for people.
func (a *app) writeVersion(v versionInfo) error {
	fmt.Fprintf(a.stdout, "mosparoctl %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	if v.Revision != "" {
		modified := ""
		if v.Modified {
			modified = ", modified"
		}
		fmt.Fprintf(a.stdout, "commit %s%s\n", v.Revision, modified)
	}
	_, err := fmt.Fprintf(a.stdout, "for mosparo %s\n", v.Mosparo)
	return err
}
