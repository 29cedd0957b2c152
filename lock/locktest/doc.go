// Package locktest proves lock backends: a conformance suite for ours and for
// a user's own, a backend with faults for tests of programs that lock, and a
// history of leases that is checked for overlaps. It finds violations of the
// rules, and cannot prove that there are none.
package locktest
