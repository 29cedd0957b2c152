// Package memcachedlocker provides a [lock.Backend] on memcached, for clusters
// that have nothing else. It promises exclusion only while memcached keeps the item of a
// lock, and memcached promises nothing: it evicts items under memory pressure
// before their time, and a restart loses all. A holder learns of it at its next
// renewal, and until then there may be two. Work that must not be done twice
// needs another backend, or a store that checks fences.
//
// Fences are best effort as well: the larger of a counter on the server and
// the node's own clock in microseconds. They fall if the counter is evicted
// and the next holder's clock is behind that of the last.
//
// memcached's clock has whole seconds, and a tick that comes late moves it by
// two: an item may die up to two seconds early, also on an idle server. So a
// lock is stored for two seconds longer than its lease, rounded up to full
// seconds: that of a holder that died is free up to three seconds after its TTL.
// A release frees it immediately. Leases are 1 second to 30 days less 2 seconds.
//
// A memcached that was stopped (SIGSTOP, a suspended machine) may answer its
// first requests before its clock has moved on: a lock that it stores then dies
// sooner by as long as the stop took, and one that has expired meanwhile seems
// held. Nothing on the client's side can tell.
//
// Keys: mosparoGoLock-NAME with the token and the owner, expiring as said, and
// mosparoGoLockFence-NAME with the last fence, expiring 30 days after the last
// acquire. Long names are hashed. memcached cannot list keys, and so neither
// can this backend.
package memcachedlocker
