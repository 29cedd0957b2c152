package main

import (
	"path/filepath"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/fileadapter"
)

func TestCacheKey_IsWhatAnotherToolFinds(t *testing.T) {
	s := servers.Memcached(t)
	environ := []string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://" + s.Addr()}
	require.Equal(t, outcome{}, ctl(t, environ, "", "cache", "set", "with space", `{"t":"int","v":"42"}`))
	got := ctl(t, environ, "", "cache", "key", "with space")
	require.Zero(t, got.code, got.stderr)
	require.Regexp(t, "^[-_+A-Za-z0-9]{5}:with@space\n$", got.stdout)
	c := memcache.New(s.Addr())
	defer c.Close()
	item, err := c.Get(got.stdout[:len(got.stdout)-1])
	require.NoError(t, err)
	require.Equal(t, "i:42;", string(item.Value))

	dir := t.TempDir()
	got = ctl(t, []string{"FILESYSTEM_CACHE_PATH=" + dir}, "", "cache", "key", "a", "b")
	require.Equal(t, filepath.Join(dir, fileadapter.Path("a"))+"\n"+filepath.Join(dir, fileadapter.Path("b"))+"\n", got.stdout)
	got = ctl(t, []string{"MOSPARO_CACHE_ADAPTER=redis"}, "", "cache", "key", "a", "b c", "d\n")
	require.Equal(t, "a\n\"b c\"\n\"d\\n\"\n", got.stdout)
}

func TestCacheServer_NamesTheServer(t *testing.T) {
	environ := []string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached:?host[cache1]=33&host[cache2]=67"}
	got := ctl(t, environ, "", "cache", "server", "--raw", ":", "XsSct:mosparoNextCleanup")
	require.Equal(t, outcome{stdout: ":\tcache2:11211\nXsSct:mosparoNextCleanup\tcache2:11211\n"}, got)

	one, two := servers.Memcached(t), servers.Memcached(t)
	environ[1] = "MEMCACHED_URL=memcached:?host[" + one.Addr() + "]&host[" + two.Addr() + "]"
	require.Equal(t, outcome{}, ctl(t, environ, "", "cache", "set", "k", `{"t":"null"}`))
	raw := ctl(t, environ, "", "cache", "key", "k").stdout
	got = ctl(t, environ, "", "cache", "server", "k")
	require.Contains(t, []string{"k\t" + one.Addr() + "\n", "k\t" + two.Addr() + "\n"}, got.stdout)
	c := memcache.New(got.stdout[2 : len(got.stdout)-1])
	defer c.Close()
	_, err := c.Get(raw[:len(raw)-1])
	require.NoError(t, err)

	got = ctl(t, []string{"MOSPARO_CACHE_ADAPTER=filesystem"}, "", "cache", "server", "--raw", "k")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "memcached")
	got = ctl(t, []string{"MOSPARO_CACHE_ADAPTER=memcached", "MEMCACHED_URL=memcached://a?host[b]&distribution=modula"}, "", "cache", "server", "--raw", "k")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "distribution modula")
}

func TestValueDecode_OfAnItemOfMemcached(t *testing.T) {
	for flags, raw := range map[string]string{"0": "i:42;", "1": "42", "80": "\x05\x00\x00\x00\x04i:42;"} {
		got := ctl(t, nil, raw, "value", "decode", "--memcached-flags", flags)
		require.Equal(t, outcome{stdout: `{"t":"int","v":"42"}` + "\n"}, got)
	}
	got := ctl(t, nil, "[1]", "value", "decode", "--memcached-flags", "6")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stderr, "JSON")
}
