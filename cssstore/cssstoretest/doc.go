// Package cssstoretest has a conformance suite for implementations of cssstore.Store, and
// a fake store for tests of code that uses one.
//
//	func TestStore(t *testing.T) {
//		cssstoretest.Conformance(t, func(t *testing.T) cssstore.Store { return mystore.New(t.TempDir()) })
//	}
//
// [Conformance] tells for each broken rule why it is there. [Fake] keeps CSS in memory,
// injects faults and delays, and works in a testing/synctest bubble. The package is for
// tests only.
package cssstoretest
