// Package redislocker provides a [lock.Backend] on Redis, with fencing tokens; it
// obtains locks with bsm/redislock. It promises exclusion and rising fences while
// the server keeps its data, and not beyond: a failover before replication, a
// restart without persistence, an eviction or a FLUSHDB loses leases, and so does
// stepping the server's clock forward, by which Redis expires keys. Their holders
// learn of it at the next renewal; a store that checks fences is safe meanwhile,
// unless the new server's clock is behind the old one's.
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
// 30 days after the end of the original, unrenewed lease; renewals do not extend
// it. A fence is the larger of the last one plus one and the server's time in
// microseconds: it rises also when the record is lost or has expired, unless the
// clock was set back by more than the time since the last acquire.
//
// Acquire runs redislock's script inside a script of this package that draws the
// fence; the value of the lock is the token. Renew and release are scripts of this
// package that compare the whole token, since redislock has no call to renew or
// release by token.
//
// An ACL needs
//
//	~mosparoGo* +evalsha +eval +get +getrange +set +mget +mset +msetnx +pexpire +del +time +pttl
//
// and +scan for listing, +info for [Backend.Check], +wait for [WithReplicas].
package redislocker
