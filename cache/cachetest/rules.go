package cachetest

// rule is one thing that portable code relies on.
type rule struct {
	name  string
	why   string
	check func(*suite)
}

var rules = []rule{
	{"ReadsBackWhatWasWritten", "opaque bytes in, the same bytes out", (*suite).roundTrip},
	{"AbsentIsNil", "an absent key is no error: callers of several keys need the others", (*suite).absent},
	{"AnswersByPosition", "callers pair keys and values by index", (*suite).positions},
	{"RepeatedKeysAreAnsweredAtEachPosition", "two parts of a program may ask for one key in one request", (*suite).repeatedKeys},
	{"NoKeysSendNothing", "generic code calls with what is left of a list", (*suite).noKeys},
	{"KeysAreBytes", "PSR-6 allows every byte but {}()/\\@: in a key; two keys that differ in one byte are two entries", (*suite).oddKeys},
	{"KeysMayBeLong", "Symfony accepts keys of any length and hashes those that its server cannot take", (*suite).longKeys},
	{"ValuesAreBinary", "igbinary values contain NUL, line breaks and invalid UTF-8", (*suite).oddValues},
	{"ValuesMayBeLarge", "the prepared CSS of a project has tens of kilobytes, rule items more", (*suite).largeValues},
	{"EmptyCountsAsAbsent", "Symfony writes no empty value and takes one for a miss", (*suite).emptyValue},
	{"TheLastOfEqualKeysWins", "a Set of several items is as if they were set one after the other", (*suite).repeatedItems},
	{"NegativeLifetimesAreRefused", "servers disagree about them: deleted, for ever, an error", (*suite).negativeLifetime},
	{"TooLargeLeavesTheOldValue", "some servers drop the old value when they refuse the new one", (*suite).tooLarge},
	{"DeleteRemoves", "a deleted schedule must not come back; an absent key is no error, since the state asked for is reached", (*suite).remove},
	{"TheCallerOwnsTheBytes", "callers change what they got and reuse what they gave", (*suite).ownership},
	{"CancelledContextsDoNothing", "a request of a caller that has gone must not write", (*suite).cancelled},
	{"DeadlinesAreErrors", "callers tell their own deadline from a failure with errors.Is", (*suite).deadline},
	{"ConcurrentUse", "one adapter serves all goroutines of a node, and no reader sees half a value", (*suite).concurrent},
	{"CloseIsFinal", "a use after Close is a bug of the caller that must show; closing twice is not", (*suite).closing},
	{"ErrorsAreOpErrors", "a pool reports and logs each key that failed, which it learns from the *OpError alone", (*suite).opErrors},
	{"Pinger", "health checks ask an adapter that can tell", (*suite).ping},
	{"Expirer", "a copy in front of the cache must not outlive the entry", (*suite).expirer},
	{"Lister", "operators look for keys by their beginning", (*suite).list},
	{"Clearer", "an operator empties mosparo's cache on a server that holds locks and foreign data", (*suite).clear},
	{"Pruner", "files that are never read again would fill the disk, and an entry that is alive must not go", (*suite).prune},
}

// waitingRules wait for lifetimes to end.
var waitingRules = []rule{
	{"SetReplacesValueAndLifetime", "a schedule written without lifetime must not inherit the earlier one's", (*suite).overwrite},
	{"LifetimesEnd", "an entry that outlives its lifetime misleads every node", (*suite).lifetimes},
	{"ShortLifetimesAreRoundedUp", "int(0.5) is 0, which means no expiry to every server", (*suite).shortLifetime},
}
