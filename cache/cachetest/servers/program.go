package servers

// Program starts a server that this package does not know, such as a balancer with a
// configuration of one's own. It finds the binary as it finds those of other servers; pkg
// is the Debian package that a skipped test names. The program must stay in the foreground
// and gets the arguments as they are. ready is called until it returns nil. Addr and Port
// of the process have no meaning.
func Program(tb TB, binary, pkg string, ready func() error, args ...string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "program", binary: binary, pkg: pkg,
		args:  func(int, string) []string { return args },
		ready: func(string) error { return ready() },
	})
}

// Find returns the path of a program. If it is not installed, the test is skipped, or fails
// with MOSPARO_TEST_REQUIRE=1; pkg is the Debian package that has it.
func Find(tb TB, binary, pkg string) string {
	tb.Helper()
	return find(tb, binary, pkg)
}
