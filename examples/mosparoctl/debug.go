package main

import "slices"

// debugCommand has the commands for tests and for problems of single values. They also
// have the names of before, without the word debug, which help does not show.
func debugCommand() command {
	return command{
		name: "debug", help: "Show how values, settings and rules are understood, for tests and troubleshooting.",
		sub: []command{
			valueGroup(),
			{name: "cache", help: "Show where the entries of the cache are stored.", sub: cachePlaceCommands()},
			{name: "cleanup", help: "Show decisions of mosparo's rules.", sub: []command{cleanupDecideCommand()}},
			{name: "config", help: "Show how addresses and files of settings are read.", sub: configReadCommands()},
			{name: "css", help: "Prepare CSS from given settings.", sub: []command{cssPrepareCommand()}},
		},
	}
}

// withHidden adds commands that help does not show.
func withHidden(shown []command, hidden ...command) []command {
	all := slices.Clone(shown)
	for _, c := range hidden {
		all = append(all, hide(c))
	}
	return all
}
