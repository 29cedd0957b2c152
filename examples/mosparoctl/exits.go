package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mosparo/go-cluster/examples/internal/shell"
)

// Exit codes of all commands but "lock run", whose wrong command line is exitLockUsage.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 64 // as in sysexits.h

	// Those of "doctor".
	exitWarnings = 1
	exitErrors   = 2
)

// exitEntry is an exit code and its meaning. A negative code stands for any other.
type exitEntry struct {
	code    int
	meaning string
}

// exitTable has the exit codes of the commands that have codes of their own.
var exitTable = map[string][]exitEntry{
	"config": {
		{exitOK, "a node could start with these settings"},
		{exitFailed, "the settings cannot be read, or a node could not start with them"},
		{exitUsage, "wrong command line"},
	},
	"cleanup run": {
		{shell.CleanupRan, "the cleanup ran to its end or to its limits, or is not due"},
		{shell.CleanupFailed, "the cleanup failed"},
		{exitUsage, "wrong command line"},
		{shell.CleanupUnavailable, "cache, lock server or database is unavailable"},
		{shell.CleanupHeld, "another node cleans, or the Go nodes are paused"},
		{shell.CleanupRefused, "a check forbids this node to clean"},
	},
	"css check": {
		{exitOK, "what is stored has the hashes of the database"},
		{exitFailed, "there are findings, or not everything could be compared"},
		{exitUsage, "wrong command line"},
	},
	"css warm": {
		{exitOK, "the CSS of all projects is stored, with --save-hash also their hashes"},
		{exitFailed, "at least one project failed; the others are stored"},
		{exitUsage, "wrong command line"},
	},
	"doctor": {
		{exitOK, "fine; there may be notes"},
		{exitWarnings, "there are warnings"},
		{exitErrors, "there are errors"},
		{exitUsage, "wrong command line"},
	},
	"files status": {
		{exitOK, "the nodes do not differ, but in what they have declared"},
		{exitFailed, "nodes differ, or their records cannot be read"},
		{exitUsage, "wrong command line"},
	},
	"files compare": {
		{exitOK, "the files of the lists are the same"},
		{exitFailed, "files differ, or there are no lists that can be compared"},
		{exitUsage, "wrong command line"},
	},
	"mirror": {
		{exitOK, "the files are like the shared cache"},
		{exitFailed, "a project failed, or --dry-run found differences"},
		{exitUsage, "wrong command line"},
	},
	"lock run": {
		{exitOK, "the command succeeded"},
		{exitFailed, "another node holds the lock or has used the slot (--conflict-exit-code); without a message unless --verbose"},
		{exitLockUsage, "wrong command line"},
		{exitUnavailable, "the command cannot be executed"},
		{exitTempFail, "the lock server is unavailable, or the lock was lost while the command ran"},
		{exitConfig, "the settings name no locks that the nodes share, and --this-host-only is not given"},
		{-1, "that of the command, or 128+n if signal n ended it, as with flock(1)"},
	},
}

// exitCodes returns the exit codes of a command, which is named as in "cache get".
func exitCodes(path string) []exitEntry {
	if codes, ok := exitTable[path]; ok {
		return codes
	}
	return []exitEntry{
		{exitOK, "success"},
		{exitFailed, "failure; the reason is on standard error"},
		{exitUsage, "wrong command line"},
	}
}

// usageCode returns the exit code of a wrong command line.
func usageCode(path string) int {
	if path == "lock run" {
		return exitLockUsage
	}
	return exitUsage
}

// pathOf returns the name of a command, such as "cache get", and "" for the program.
func pathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// writeAllExitCodes writes the exit codes of all commands.
func (a *app) writeAllExitCodes() error {
	section := func(title string, codes []exitEntry) {
		fmt.Fprintln(a.stdout, a.paint(a.outTTY, bold, title))
		writeExitCodes(a.stdout, codes)
		fmt.Fprintln(a.stdout)
	}
	section("all commands but those below", exitCodes(""))
	for _, path := range sortedKeys(exitTable) {
		section("mosparoctl "+path, exitTable[path])
	}
	return nil
}
