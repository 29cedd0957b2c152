// Package redislocker keeps locks on Redis with bsm/redislock, with fencing
// tokens. It promises exclusion and rising fences while the server keeps its
// data, and not beyond: a failover before replication, a restart without
// persistence, an eviction or a FLUSHDB loses leases. Their holders learn of
// it at the next renewal; a store that checks fences is safe meanwhile, unless
// the new server's clock is behind the old one's.
//
// Keys: mosparoGoLock{name} holds the token and expires with the lease;
// mosparoGoLockRecord{name} holds the last fence with its holder and does not
// expire. An ACL needs ~mosparoGo* with the commands of scripts, GET, PTTL,
// HMGET, DEL and SCAN.
package redislocker
