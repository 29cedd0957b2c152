// Package redislocker provides a [lock.Backend] on Redis, with fencing tokens; it
// obtains locks with bsm/redislock. It promises exclusion and rising fences while the server keeps its
// data, and not beyond: a failover before replication, a restart without
// persistence, an eviction or a FLUSHDB loses leases, and so does a server's
// clock that is set forward, by which Redis expires keys. Their holders learn of
// it at the next renewal; a store that checks fences is safe meanwhile, unless
// the new server's clock is behind the old one's.
//
// [WithReplicas] lets a lease count only when replicas have it, so that a
// failover to one of them loses none. [Backend.Check] says whether the server
// may evict locks.
//
// An acquire with its fence is one round trip, also one that is refused; so
// are a renewal and a release. It needs Redis 5 or later.
//
// Keys: mosparoGoLock{name} holds the token and expires with the lease;
// mosparoGoLockRecord{name} holds the last fence with its holder and expires
// 30 days after the lease would have without renewals. A fence is the larger
// of the last one plus one and the server's time in microseconds: it rises
// also when the record is lost or has expired, unless the clock was set back
// by more than that has taken.
//
// Names are obtained with redislock, whose script is run as a part of one that
// draws the fence, and whose locks have the token as value. What
// compares the token later, compares the whole of it, in scripts of this
// package: redislock makes a handle for that only by obtaining.
//
// An ACL needs
//
//	~mosparoGo* +evalsha +eval +get +getrange +set +mget +mset +msetnx +pexpire +del +time +pttl
//
// and +scan for listing, +info for [Backend.Check], +wait for [WithReplicas].
package redislocker
