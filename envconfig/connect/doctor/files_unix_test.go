//go:build unix

package doctor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// asUser tells the test binary to examine a directory as the user "nobody".
const asUser = "DOCTOR_TEST_AS_USER"

func testMain(m *testing.M) {
	dir := os.Getenv(asUser)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := examineAsNobody(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

const nobody = 65534

func examineAsNobody(dir string) error {
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)} {
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := envconfig.Load(dir, []string{"FILESYSTEM_CACHE_PATH=" + filepath.Join(dir, "cache")})
	if s == nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(doctor.Examine(ctx, s).Findings)
}

// examineAs examines a directory of mosparo as nobody, who is no owner of it.
func examineAs(t *testing.T, dir string) (findings []doctor.Finding) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asUser+"="+dir, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, json.Unmarshal(out, &findings), string(out))
	return findings
}

// mosparo makes a directory of mosparo with a cache, which everyone can enter.
func mosparo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	for _, path := range []string{"", "config", "cache", "cache/@"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, path), 0o755))
		require.NoError(t, os.Chmod(filepath.Join(dir, path), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "env.mosparo.php"), []byte("<?php return ['mosparo_installed' => true];"), 0o644))
	return dir
}

func TestFiles_FindsWrongOwnersAndModes(t *testing.T) {
	const php = 65533
	for code, change := range map[string]func(dir string) error{
		"cache_dir_not_writable":   func(string) error { return nil },
		"settings_world_readable":  func(string) error { return nil },
		"lock_dir_not_writable":    func(dir string) error { return os.Mkdir(filepath.Join(dir, "cache", "mosparoGoLock"), 0o755) },
		"cache_dir_world_writable": func(dir string) error { return os.Chmod(filepath.Join(dir, "cache", "@"), 0o777) },
		"directory_world_writable": func(dir string) error { return os.Chmod(dir, 0o777) },
		"settings_world_writable": func(dir string) error {
			return os.Chmod(filepath.Join(dir, "config", "env.mosparo.php"), 0o666)
		},
		"other_user": func(dir string) error { return os.Chown(dir, php, php) },
		"cache_dir_other_owner": func(dir string) error {
			if err := os.Chown(dir, php, php); err != nil {
				return err
			}
			return os.Chown(filepath.Join(dir, "cache", "@"), nobody, nobody)
		},
		"cache_unreadable": func(dir string) error {
			if err := os.Chmod(filepath.Join(dir, "cache", "@"), 0o700); err != nil {
				return err
			}
			return os.Chmod(filepath.Join(dir, "cache"), 0o700)
		},
		"directory_unreadable": func(string) error { return nil },
	} {
		dir := mosparo(t)
		require.NoError(t, change(dir))
		if code == "directory_unreadable" {
			s, err := envconfig.Load(dir, nil)
			require.NoError(t, err)
			require.NoError(t, os.Rename(dir, dir+"-gone"))
			find(t, doctor.Examine(t.Context(), s).Findings, code)
			require.NoError(t, os.Rename(dir+"-gone", dir))
			continue
		}
		find(t, examineAs(t, dir), code)
	}
}
