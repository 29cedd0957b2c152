// Package locktest proves lock backends: [Conformance] holds ours and a user's
// own to their promises, [Chaos] puts them through processes that die and
// servers that fail, [Faulty] is a backend with faults for tests of programs
// that lock, and [History] finds leases that overlap and fences that fall. It
// finds violations of the rules, and cannot prove that there are none.
package locktest
