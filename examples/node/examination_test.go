package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup"
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// The page of a node that observes does not warn of rights that it does not need.
func TestExamination_KnowsTheModeOfTheNode(t *testing.T) {
	redis := servers.Redis(t)
	environ := []string{"MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + redis.Addr()}
	s, err := envconfig.FromEnviron(environ)
	require.NoError(t, err)
	readOnly := doctor.ACLs(s, "node", cleanup.ModeObserve)[0].Statement
	require.Equal(t, "OK", redis.Command(strings.Replace(readOnly, "PASSWORD", "geheim", 1)))
	s, err = envconfig.FromEnviron([]string{environ[0], "REDIS_URL=redis://node:geheim@" + redis.Addr()})
	require.NoError(t, err)
	for mode, want := range map[cleanup.Mode]doctor.Severity{cleanup.ModeObserve: doctor.Note, cleanup.ModeClean: doctor.Warning} {
		severity := doctor.Error
		for _, f := range examination(s, time.UTC, mode)(t.Context()).Findings {
			if f.Code == "cache_acl_write_words_missing" {
				severity = f.Severity
			}
		}
		require.Equal(t, want, severity, mode)
	}
}
