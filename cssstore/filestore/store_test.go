package filestore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache"
	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cache/php"
	"github.com/mosparo/go-cluster/cssstore"
	"github.com/mosparo/go-cluster/cssstore/cssstoretest"
	"github.com/mosparo/go-cluster/cssstore/filestore"
	"github.com/mosparo/go-cluster/cssstore/internal/fixturetest"
)

var project, hashOf = fixturetest.Project, cssstoretest.HashOf

func TestStore_Conformance(t *testing.T) {
	dir := t.TempDir()
	cssstoretest.Conformance(t, func(*testing.T) cssstore.Store { return filestore.New(dir) })
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestStore_ConformanceWithMappings(t *testing.T) {
	dir := t.TempDir()
	cssstoretest.Conformance(t, func(t *testing.T) cssstore.Store {
		return filestore.New(dir, filestore.WithLocker(fixturetest.Locker(t)), filestore.WithMappings(), filestore.WithGrace(0))
	})
	b, err := os.ReadFile(filepath.Join(dir, "mappings.php"))
	require.NoError(t, err)
	require.Equal(t, "<?php\n\nreturn array (\n);\n", string(b))
}

// file is the path of a version.
func file(dir, css string) string {
	return filepath.Join(dir, project.String(), hashOf(css).String()+".css")
}

func age(t testing.TB, path string, d time.Duration) {
	t.Helper()
	at := time.Now().Add(-d)
	require.NoError(t, os.Chtimes(path, at, at))
}

func TestStore_OldVersionsStayForTheGraceTime(t *testing.T) {
	dir := t.TempDir()
	s := filestore.New(dir, filestore.WithGrace(time.Hour))
	put := func(css string) { require.NoError(t, s.Put(t.Context(), fixturetest.Resource(css))) }
	put("a")
	age(t, file(dir, "a"), 48*time.Hour)
	put("b")
	require.FileExists(t, file(dir, "a"), "it was the current one until now")
	r, err := cssstore.Version(t.Context(), s, project, hashOf("a"))
	require.NoError(t, err)
	require.Equal(t, "a", string(r.CSS))
	age(t, file(dir, "b"), 2*time.Hour)
	n, err := s.Prune(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoFileExists(t, file(dir, "a"))
	require.FileExists(t, file(dir, "b"), "the current version is never removed")
}

func TestStore_WhatMappingsNameIsNotRemoved(t *testing.T) {
	entry := func(key, css string) string {
		return "'" + key + "/resources/" + project.String() + ".css' => '" + key + "/resources/" + project.String() + "/" + hashOf(css).String() + ".css'"
	}
	for name, c := range map[string]struct {
		mappings string
		kept     bool
	}{
		"by PHP":                  {"<?php return [" + entry("", "a") + "];", true},
		"by PHP behind a proxy":   {"<?php return [" + entry("/spam", "a") + "];", true},
		"something else":          {"<?php return [" + entry("", "x") + "];", false},
		"no mappings":             {"", false},
		"nobody can tell":         {"<?php return f();", true},
		"something with no paths": {"<?php return ['a' => 1, 'b' => []];", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.mappings != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "mappings.php"), []byte(c.mappings), 0o600))
			}
			s := filestore.New(dir, filestore.WithGrace(0))
			require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
			require.NoError(t, s.Put(t.Context(), fixturetest.Resource("b")))
			n, err := s.Prune(t.Context())
			require.NoError(t, err)
			require.Zero(t, n)
			if c.kept {
				require.FileExists(t, file(dir, "a"), "PHP still sends visitors there")
			} else {
				require.NoFileExists(t, file(dir, "a"))
			}
			require.Equal(t, "b", string(fixturetest.Get(t, s).CSS))
		})
	}
}

func TestStore_APutIsTheCurrentOneWhateverTheClocksSay(t *testing.T) {
	dir := t.TempDir()
	s := filestore.New(dir)
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	age(t, file(dir, "a"), -24*time.Hour) // from a node whose clock is wrong
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("b")))
	require.Equal(t, "b", string(fixturetest.Get(t, s).CSS))
}

func TestStore_LeavesAloneWhatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	s := filestore.New(dir, filestore.WithGrace(0))
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	folder := filepath.Join(dir, project.String())
	foreign := []string{
		filepath.Join(folder, "notes.txt"), filepath.Join(folder, "abc.css"), filepath.Join(dir, ".gitkeep"), filepath.Join(dir, "logo.svg"),
		filepath.Join(dir, "mosparoGo-zz-x"),
	}
	for _, f := range foreign {
		require.NoError(t, os.WriteFile(f, []byte("x"), 0o600))
	}
	leftOver := filepath.Join(dir, "mosparoGo-1-x")
	require.NoError(t, os.WriteFile(leftOver, nil, 0o600))
	require.NoError(t, os.Chtimes(leftOver, time.Time{}, time.Now().Add(-2*time.Hour)))
	require.NoError(t, os.Mkdir(filepath.Join(folder, hashOf("folder").String()+".css"), 0o700))
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("b")))
	_, err := s.Prune(t.Context())
	require.NoError(t, err)
	require.Equal(t, "b", string(fixturetest.Get(t, s).CSS))
	require.NoFileExists(t, file(dir, "a"))
	for _, f := range foreign {
		require.FileExists(t, f)
	}
	require.NoFileExists(t, leftOver)
	var listed []cssstore.UUID
	for p, err := range s.List(t.Context()) {
		require.NoError(t, err)
		listed = append(listed, p)
	}
	require.Equal(t, []cssstore.UUID{project}, listed)
	require.NoError(t, s.Delete(t.Context(), project))
	require.NoDirExists(t, folder)
}

func TestStore_AMissingFolderIsAnError(t *testing.T) {
	s := filestore.New(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, s.Put(t.Context(), fixturetest.Resource("a")), cache.ErrUnavailable)
	_, err := s.Get(t.Context(), project)
	require.ErrorIs(t, err, cache.ErrUnavailable)
	require.NotErrorIs(t, err, cssstore.ErrNotFound)
}

func TestStore_MappingsThatAreNoDataAreLeftAlone(t *testing.T) {
	for name, code := range map[string]string{
		"code": "<?php return ['a' => getenv('B')];", "no array": "<?php return 1;", "empty": "", "damaged": "<?php return array (",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "mappings.php")
			require.NoError(t, os.WriteFile(path, []byte(code), 0o644))
			s := filestore.New(dir, filestore.WithMappings())
			var literal *php.LiteralError
			require.ErrorAs(t, s.Put(t.Context(), fixturetest.Resource("a")), &literal)
			require.ErrorAs(t, s.Delete(t.Context(), project), &literal)
			_, err := s.Mappings(t.Context())
			require.ErrorAs(t, err, &literal)
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, code, string(b))
		})
	}
}

func TestStore_MappingsOfOthersAreKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mappings.php")
	require.NoError(t, os.WriteFile(path, []byte("<?php return ['/prefix/resources/x.css' => '/it\\'s', 'n' => 1, '/resources/"+project.String()+".css' => '/elsewhere'];"), 0o644))
	s := filestore.New(dir, filestore.WithMappings())
	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("a")))
	all, err := s.Mappings(t.Context())
	require.NoError(t, err)
	require.Equal(t, []filestore.Mapping{{Project: project, Hash: hashOf("a")}}, all)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	p := "/resources/" + project.String()
	require.Equal(t, "<?php\n\nreturn array (\n  '/prefix/resources/x.css' => '/it\\'s',\n  'n' => 1,\n  '"+p+".css' => '"+p+"/"+hashOf("a").String()+".css',\n);\n", string(b))
	require.NoError(t, s.Delete(t.Context(), project))
	b, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "<?php\n\nreturn array (\n  '/prefix/resources/x.css' => '/it\\'s',\n  'n' => 1,\n);\n", string(b))
}

// phpFiles stores versions one after the other, as mosparo does in files mode:
// a temporary file and a rename, then everything else in the folder is removed,
// then mappings.php is read and written without a lock.
const phpFiles = `
[, $dir, $uuid, $count] = $argv;
function dump(string $path, string $text): void {
    $temporary = tempnam(dirname($path), 'x');
    file_put_contents($temporary, $text);
    @chmod($temporary, 0644);
    if (!@rename($temporary, $path)) { @unlink($temporary); }
}
for ($i = 0; $i < (int) $count; $i++) {
    $css = str_repeat(".php$i {}", 1 + 300 * ($i % 2));
    $path = "$dir/$uuid/" . hash('sha256', $css) . '.css';
    @mkdir(dirname($path), 0755);
    dump($path, $css);
    foreach (new DirectoryIterator(dirname($path)) as $file) {
        if (!$file->isDot() && $file->getPathname() !== $path) { @unlink($file->getPathname()); }
    }
    $mappings = is_file("$dir/mappings.php") ? include "$dir/mappings.php" : [];
    $mappings["/resources/$uuid.css"] = "/resources/$uuid/" . basename($path);
    dump("$dir/mappings.php", "<?php\n\nreturn " . var_export($mappings, true) . ";\n");
}
echo 'done';`

func TestStore_PHPWritesAtTheSameTime(t *testing.T) {
	p := servers.PHP(t)
	dir := t.TempDir()
	s := filestore.New(dir, filestore.WithLocker(fixturetest.Locker(t)), filestore.WithMappings())
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(time.Millisecond) // leave some of the processor to PHP
				// There is no file for a moment if both remove concurrently.
				if r, err := s.Get(ctx, project); err == nil && hashOf(string(r.CSS)) != r.Hash {
					t.Errorf("%v holds %.50q", r.Hash, r.CSS)
				}
			}
		})
	}
	readers.Go(func() {
		for ctx.Err() == nil {
			// PHP may write an older mappings.php over each of ours.
			if err := s.Put(t.Context(), fixturetest.Resource("go "+time.Now().String())); err != nil && !errors.Is(err, cssstore.ErrOverwritten) {
				t.Error(err)
			}
		}
	})
	require.Equal(t, "done", p.Run(phpFiles, dir, project.String(), "100"))
	cancel()
	readers.Wait()

	require.NoError(t, s.Put(t.Context(), fixturetest.Resource("the end")))
	require.Equal(t, "the end", string(fixturetest.Get(t, s).CSS))
	require.Equal(t, "/resources/"+project.String()+"/"+hashOf("the end").String()+".css",
		p.Run(`echo (include $argv[1])["/resources/$argv[2].css"];`, filepath.Join(dir, "mappings.php"), project.String()))
	require.Equal(t, "done", p.Run(phpFiles, dir, project.String(), "1"))
	require.Equal(t, ".php0 {}", string(fixturetest.Get(t, s).CSS))
	require.NoFileExists(t, file(dir, "the end"), "PHP could remove what Go made")
}
