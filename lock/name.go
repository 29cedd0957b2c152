package lock

// KeyPrefix begins the names of all lock records on a shared server, so that
// they cannot meet mosparo's keys, and one ACL pattern covers them.
const KeyPrefix = "mosparoGoLock"

// ReservedPrefix is the prefix of the names that this library takes for itself.
// A program that takes a name for its user refuses one that begins with it.
const ReservedPrefix = "mosparo/"
