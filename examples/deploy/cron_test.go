package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
)

// cronJobs returns the commands of the shipped crontab, also of those that are commented out.
func cronJobs(t *testing.T) (jobs []string) {
	t.Helper()
	job := regexp.MustCompile(`^#?(?:[0-9*]\S* ){5}(.+)$`)
	for line := range strings.Lines(read(t, "cron/crontab")) {
		m := job.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			require.True(t, line == "\n" || strings.HasPrefix(line, "# ") || line == "#\n" || strings.HasPrefix(line, "PATH="), line)
			continue
		}
		require.NotContains(t, m[1], "%", "cron takes it for the end of the command")
		jobs = append(jobs, m[1])
	}
	return jobs
}

// Two nodes run the same crontab and timers at the same time, each with its own mosparo and
// clock, and every job runs once in the cluster; that of GeoIP on each.
func TestCron_RunsEachJobOnOneNode(t *testing.T) {
	jobs := cronJobs(t)
	require.Len(t, jobs, 4)
	redis := servers.Redis(t)
	bin := t.TempDir()
	log := filepath.Join(bin, "log")
	script := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o755))
	}
	script("php", `echo "$NODE $*" >>`+log+"\n")
	script("sleep", "")
	require.NoError(t, os.Symlink(program(t, "mosparoctl"), filepath.Join(bin, "mosparoctl")))
	run := func(job, node, dir string) {
		cmd := exec.Command("/bin/sh", "-c", strings.ReplaceAll(job, "/var/www/mosparo", dir))
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "NODE=" + node, "MOSPARO_CACHE_ADAPTER=redis", "REDIS_URL=redis://" + redis.Addr()}
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err)
		assert.Empty(t, string(out), "cron would mail it")
	}
	// The timers run the same way; other names, since those of the crontab are held now.
	script("mosparo-cleanupd", `echo "$NODE mosparo-cleanupd $*" >>`+log+"\n")
	for _, unit := range []string{"systemd/mosparo-cleanupd.service", "systemd/mosparo-rule-packages.service"} {
		command := strings.NewReplacer("/usr/local/bin/", "", "/usr/bin/", "").Replace(setting(t, unit, "ExecStart"))
		jobs = append(jobs, "cd /var/www/mosparo && "+strings.NewReplacer("run cleanup-database", "run timer-1", "run rule-packages", "run timer-2").Replace(command))
	}
	dirs := []string{mosparoDir(t, nil), mosparoDir(t, nil)}
	for _, job := range jobs {
		var nodes sync.WaitGroup
		for i, dir := range dirs {
			nodes.Go(func() { run(job, string(rune('1'+i)), dir) })
		}
		nodes.Wait()
		run(job, "late", dirs[0]) // the lock is held for longer than the job takes
	}
	ran, err := os.ReadFile(log)
	require.NoError(t, err)
	for command, times := range map[string]int{
		"bin/console mosparo:cleanup-database\n":         1,
		"bin/console mosparo:rule-package:refresh\n":     1 + 1, // from crontab and timer
		"mosparo-cleanupd ":                              1,
		"bin/console mosparo:geoip2:download-database\n": 3 + 1, // on each node, or on one with the other line
	} {
		require.Equal(t, times, strings.Count(string(ran), command), string(ran))
	}
}
