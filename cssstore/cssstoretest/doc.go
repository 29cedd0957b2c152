// Package cssstoretest tests implementations of cssstore.Store and fakes them
// in tests. [Conformance] holds a store to the rules that portable code relies
// on, and says for each broken rule why it is there; [Fake] is a store in memory
// with faults to inject, that works in a testing/synctest bubble. The package
// belongs in tests only.
package cssstoretest
