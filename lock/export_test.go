package lock

// The defaults of a [Locker].
const (
	DefaultCallTimeout = defaultCallTimeout
	DefaultPoll        = defaultPoll
)
