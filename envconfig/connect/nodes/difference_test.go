package nodes_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/envconfig/connect/nodes"
)

// of returns the differences between nodes with these files.
func of(t *testing.T, opts []nodes.Option, installations ...map[string]string) nodes.Overview {
	t.Helper()
	w := newWorld()
	var all []nodes.Node
	for i, files := range installations {
		r := w.registry(t, install(t, files), append([]nodes.Option{nodes.WithHost(fmt.Sprintf("web%d", i+1))}, opts...)...)
		r.TakeFingerprints(t.Context())
		all = append(all, overview(t, r).Nodes...)
	}
	return nodes.Overview{Nodes: all, Differences: nodes.Compare(all)}
}

// text returns the differences without their times.
func text(o nodes.Overview) string {
	var all []string
	for _, d := range o.Differences {
		d.Since = time.Time{}
		all = append(all, o.Describe(d))
	}
	return strings.Join(all, "\n")
}

func TestCompare_SaysWhichNodeDiffersInWhat(t *testing.T) {
	const css = "public/resources/a/b.css"
	with := func(pairs ...string) map[string]string {
		files := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			files[pairs[i]] = pairs[i+1]
		}
		return files
	}
	conf := func(settings string) map[string]string { return with("config/env.mosparo.php", config(settings)) }
	for name, c := range map[string]struct {
		opts []nodes.Option
		all  []map[string]string
		want string
	}{
		"nothing":                 {all: []map[string]string{with(css, "x"), with(css, "x")}},
		"a setting":               {all: []map[string]string{conf("'m' => 1"), conf("'m' => 2")}, want: "web1 and web2 differ in the setting m"},
		"a setting of one node":   {all: []map[string]string{conf("'m' => 1"), conf("'m' => 2"), conf("'m' => 1")}, want: "web2 differs from most nodes in the setting m"},
		"a setting that is gone":  {all: []map[string]string{conf("'m' => 1"), conf("")}, want: "web1 and web2 (without it) differ in the setting m"},
		"in another order":        {all: []map[string]string{conf("'m' => 1, 'n' => 2"), conf("'n' => 2, 'm' => 1")}},
		"a declared setting":      {opts: []nodes.Option{nodes.WithMayDiffer("m")}, all: []map[string]string{conf("'m' => 1"), conf("'m' => 2")}, want: "web1 and web2 differ in the setting m (declared)"},
		"a file":                  {all: []map[string]string{with(css, "x"), with(css, "y")}, want: "web1 and web2 differ in the files of public/resources: a/b.css"},
		"a missing file":          {all: []map[string]string{with(css, "x"), with()}, want: "web1 and web2 differ in the files of public/resources: a/b.css"},
		"a file of many nodes":    {all: []map[string]string{with(css, "x"), with(css, "x"), with(css, "x"), with(), with()}, want: "web4, web5 differ from most nodes in the files of public/resources: a/b.css"},
		"data":                    {all: []map[string]string{with("var/data/geoip2/x.mmdb", "x"), with("var/data/geoip2/x.mmdb", "y")}, want: "web1 and web2 differ in the files of var/data: geoip2/x.mmdb"},
		"a declared folder":       {opts: []nodes.Option{nodes.WithMayDiffer(nodes.FolderData)}, all: []map[string]string{with("var/data/x", "x"), with()}, want: "web1 and web2 differ in the files of var/data: x (declared)"},
		"the source code":         {all: []map[string]string{with("src/Kernel.php", kernel("1.5.3")), with()}, want: "web1 and web2 differ in the source code or base CSS"},
		"the version":             {all: []map[string]string{conf("'mosparo_installed_version' => '1.5.3'"), conf("")}, want: "web1 and web2 differ in the setting mosparo_installed_version"},
		"the encryption key":      {all: []map[string]string{conf("'encryption_key' => 'other', 'm' => 1"), conf("'m' => 2"), conf("'m' => 2")}, want: "web1 differs from most nodes in the encryption_key"},
		"temporary files":         {all: []map[string]string{with("var/data/.x.swp", "", "var/data/x~", "", "var/data/x.tmp", "", css+"aB3dE5", "", "var/data/mosparoGo.lock", ""), with()}},
		"imports and databases":   {all: []map[string]string{with("var/data/import/1_import.json", "", "var/data/data.sqlite", "x", "var/data/data.sqlite-wal", "", "var/data/old.db", ""), with()}},
		"css in the shared cache": {all: []map[string]string{with(css, "x", ".env", "MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE=1"), with()}, want: "web1 and web2 differ in the files of public/resources: a/b.css (declared)"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, text(of(t, c.opts, c.all...))) })
	}
}

// A declared path of the database is left out under any name.
func TestCompare_LeavesOutTheDatabaseOfTheSettings(t *testing.T) {
	a := install(t, map[string]string{"var/data/mosparo": "x"})
	write(t, a, "config/env.mosparo.php", config("'database_driver' => 'pdo_sqlite', 'database_path' => '"+filepath.ToSlash(a)+"/var/data/mosparo'"))
	r := newWorld().registry(t, a)
	r.TakeFingerprints(t.Context())
	require.Zero(t, overview(t, r).Nodes[0].Fingerprints.Folders[1].Files)
}

func TestCompare_TheBaseCSSCounts(t *testing.T) {
	entry := map[string]string{"public/build/entrypoints.json": `{"entrypoints":{"mosparo-frontend":{"css":["/build/m.css"]}}}`}
	a, b := map[string]string{"public/build/m.css": "a"}, map[string]string{"public/build/m.css": "b"}
	for name, content := range entry {
		a[name], b[name] = content, content
	}
	require.Contains(t, text(of(t, nil, a, b)), "source code or base CSS")
	require.Empty(t, text(of(t, nil, a, a)))
}

// Of a large folder a record has the files changed last: they name what is new.
func TestCompare_NamesANewFileOfALargeFolder(t *testing.T) {
	many := map[string]string{}
	for i := range 200 {
		many[fmt.Sprintf("public/resources/%03d.css", i)] = "x"
	}
	w := newWorld()
	var all []nodes.Node
	for i := range 2 {
		dir := install(t, many)
		if i == 1 {
			p := filepath.Join(dir, "public/resources/new.css")
			require.NoError(t, os.WriteFile(p, nil, 0o644))
		}
		r := w.registry(t, dir, nodes.WithHost(fmt.Sprintf("web%d", i+1)))
		r.TakeFingerprints(t.Context())
		all = append(all, overview(t, r).Nodes...)
	}
	require.Len(t, all[0].Fingerprints.Folders[0].Newest, 50)
	require.Equal(t, 200, all[0].Fingerprints.Folders[0].Files)
	d := nodes.Compare(all)
	require.Len(t, d, 1)
	require.Equal(t, []string{"new.css"}, d[0].Paths)
}

func TestRegistry_LogsADifferenceThatLastsOnce(t *testing.T) {
	a, b := install(t, nil), install(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var log bytes.Buffer
		web1, _ := w.start(t, a, "web1", nodes.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		w.start(t, b, "web2")
		time.Sleep(10 * time.Minute)
		require.Empty(t, log.String())

		changed := time.Now()
		write(t, b, "config/env.mosparo.php", config("'mailer_host' => 'mx'"))
		time.Sleep(3 * time.Minute)
		require.Empty(t, log.String(), "a synchronisation takes its time")
		d := overview(t, web1).Differences
		require.Len(t, d, 1)
		require.WithinDuration(t, changed, d[0].Since, 90*time.Second)
		time.Sleep(3 * time.Hour)
		require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
		require.Contains(t, log.String(), "mailer_host")
		require.WithinDuration(t, changed, overview(t, web1).Differences[0].Since, 90*time.Second, "still")

		write(t, a, "config/env.mosparo.php", config("'mailer_host' => 'mx'"))
		time.Sleep(3 * time.Minute)
		require.Empty(t, overview(t, web1).Differences)
		require.Equal(t, 2, strings.Count(log.String(), "\n"), log.String())
		require.Contains(t, log.String(), "no longer")
	})
}

func TestDifference_OutliersNeedAMajority(t *testing.T) {
	g := func(ids ...string) nodes.Group { return nodes.Group{Nodes: ids} }
	require.Nil(t, nodes.Difference{}.Outliers())
	require.Nil(t, nodes.Difference{Groups: []nodes.Group{g("a"), g("b")}}.Outliers())
	require.Nil(t, nodes.Difference{Groups: []nodes.Group{g("a", "b"), g("c"), g("d")}}.Outliers())
	require.Equal(t, []string{"c", "d"}, nodes.Difference{Groups: []nodes.Group{g("a", "b", "e"), g("c"), g("d")}}.Outliers())
}
