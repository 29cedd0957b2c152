package redislocker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/mosparo/go-cluster/lock"
)

// What an ACL can lack. Listing, Check and replicas need more, see the package.
const (
	missingKeys     = "the user's ACL does not allow the keys " + lock.KeyPrefix + "*"
	missingCommands = "the user's ACL does not allow all commands that locks need, which are +evalsha +eval +get +getrange +set +mget +mset +msetnx +pexpire +del +time +pttl"
)

// reasons are the errors of a Redis that cannot keep locks.
var reasons = []struct {
	prefix string
	is     error
	what   string
}{
	{"NOAUTH", lock.ErrUnauthorized, "no password was given"},
	{"WRONGPASS", lock.ErrUnauthorized, "wrong user or password"},
	{"NOPERM", lock.ErrUnauthorized, missingKeys},
	{"The user executing the script can't access", lock.ErrUnauthorized, missingKeys},
	{"The user executing the script can't run", lock.ErrUnauthorized, missingCommands},
	{"READONLY", nil, "the server is a replica"},
	{"LOADING", nil, "the server is loading its data"},
	{"MASTERDOWN", nil, "the replica has lost its master"},
	{"CLUSTERDOWN", nil, "the cluster is down"},
	{"OOM", nil, "the server is out of memory"},
	{"MISCONF", nil, "the server cannot save its data and refuses writes"},
}

// classify gives a server's or network's error the names of package lock.
func classify(err error) error {
	if err == nil || errors.Is(err, lock.ErrUnavailable) {
		return err
	}
	for _, r := range reasons {
		if !redis.HasErrorPrefix(err, r.prefix) {
			continue
		}
		if r.prefix == "NOPERM" && strings.Contains(err.Error(), "permissions to run") {
			r.what = missingCommands
		}
		if r.is != nil {
			return fmt.Errorf("%w: %w: %s: %w", lock.ErrUnavailable, r.is, r.what, err)
		}
		return fmt.Errorf("%w: %s: %w", lock.ErrUnavailable, r.what, err)
	}
	return fmt.Errorf("%w: %w", lock.ErrUnavailable, err)
}
