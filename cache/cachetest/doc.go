// Package cachetest provides the conformance suite for cache adapters, and a fake
// with faults for the tests of their users.
//
// [Conformance] checks an implementation of [cache.Adapter] against the rules
// that portable code relies on, and says for each broken rule why it is there;
// [Benchmark] measures it. [NewFake] is a cache in memory with faults to
// inject, [NewFaulty] puts the same faults in front of any adapter; both work
// in a testing/synctest bubble. The package promises nothing about a server's
// durability, and belongs in tests only.
package cachetest
