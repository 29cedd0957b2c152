package doctor

import (
	"slices"
	"strings"

	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/dsn"
)

// ACL makes a user of Redis with the rights that a Go node needs, and no others.
type ACL struct {
	// Part is what the server is used for, "cache" or "locks", and Server its address.
	Part   string `json:"part"`
	Server string `json:"server"`
	// Statement is the command ACL SETUSER, with PASSWORD in place of a password. It
	// takes all other rights from the user.
	Statement string `json:"statement"`
}

// ACLs returns the ACLs for the Redis servers of the settings: one if cache and locks are
// on the same server, none if neither is on Redis. [WithLockURL] names the server of the
// locks. The user is inserted as it is. With [cleanup.ModeObserve] they have no commands
// that write.
//
// Behind Sentinel they are for master and replicas; the sentinels have users of their own.
// They do not include what tools need beyond a node: +scan to list locks and entries,
// +info to see version, memory and persistence of the server, and +wait for
// [connect.WithLockReplicas]. PHP nodes need other rights. ACLs panics if s is nil.
func ACLs(s *envconfig.Settings, user string, m cleanup.Mode, opts ...Option) (all []ACL) {
	if s == nil {
		panic("doctor.ACLs: s is nil")
	}
	e := &examination{options: newOptions("ACLs", opts), settings: s}
	locks := e.lockServer()
	if s.Cache.Adapter == envconfig.AdapterRedis && s.Cache.Redis != nil {
		all = append(all, newACL(s.Cache.Redis, user, m, usage{cache: true, locks: !locks.isSet()}, s.Cache.PrepareCSS))
	}
	if locks.redis != nil {
		all = append(all, newACL(locks.redis, user, m, usage{locks: true}, false))
	}
	return all
}

func newACL(d *dsn.Redis, user string, m cleanup.Mode, use usage, hasCSS bool) ACL {
	rules := []string{"reset", "on", ">PASSWORD"}
	for _, p := range neededKeys(use, hasCSS) {
		rules = append(rules, "~"+p.text)
	}
	for _, w := range connectionWords(d) {
		rules = append(rules, "+"+w)
	}
	for _, w := range neededWords(use, d.Cluster) {
		if m == cleanup.ModeClean || !w.writes {
			rules = append(rules, "+"+w.name)
		}
	}
	return ACL{use.part(), showServers(d), "ACL SETUSER " + user + " " + strings.Join(slices.Compact(rules), " ")}
}

// connectionWords are the commands that a connection needs.
func connectionWords(d *dsn.Redis) (all []string) {
	if d.Database != 0 {
		all = append(all, "select")
	}
	if d.Cluster {
		all = append(all, "cluster|slots")
	}
	return all
}
