// Package cachetest proves cache adapters and fakes them in tests.
//
// [Conformance] holds an implementation of [cache.Adapter] to the rules that
// portable code relies on, and says for each broken rule why it is there;
// [Benchmark] measures it. [NewFake] is a cache in memory with faults to
// inject, [NewFaulty] puts the same faults in front of any adapter; both work
// in a testing/synctest bubble. The package promises nothing about a server's
// durability, and belongs in tests only.
package cachetest
