// Package locktest provides the conformance suite for lock backends, and a backend
// with faults for the tests of programs that lock.
//
//	func TestConformance(t *testing.T) {
//		locktest.Conformance(t, func(t *testing.T) lock.Backend { return newBackend(t) })
//	}
//
// [Conformance] checks a backend, one of this module or a user's own, against what
// its Properties promise, and says for each broken rule why it is there. [Faulty]
// cuts off, delays and loses requests when told to.
package locktest
