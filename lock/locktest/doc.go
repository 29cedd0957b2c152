// Package locktest tests lock backends and programs that lock: [Conformance]
// holds a backend, ours or a user's own, to its promises, and [Faulty] is a
// backend with faults to inject.
package locktest
