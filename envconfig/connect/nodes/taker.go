package nodes

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mosparo/go-cluster/envconfig"
)

// taker takes fingerprints. Its hashes of files stay from one time to the next. It is not
// safe for concurrent use.
type taker struct {
	settings  *envconfig.Settings
	mayDiffer []string
	folders   []*folderHashes
	source    sourceReader
}

func newTaker(s *envconfig.Settings, mayDiffer []string) *taker {
	t := &taker{settings: s, mayDiffer: mayDiffer}
	for _, name := range folderNames() {
		t.folders = append(t.folders, &folderHashes{name: name})
	}
	return t
}

// snapshot is what a taker has found.
type snapshot struct {
	fingerprints Fingerprints
	mosparo      string // mosparo_installed_version
	source       string // the version of the source code
	// files are all files of the folders without a problem, by the folder.
	files map[string][]File
}

// take takes the fingerprints of the installation as it is now. After until no further
// file is hashed; the zero time is no limit.
func (t *taker) take(ctx context.Context, until time.Time) snapshot {
	now := time.Now().UTC().Truncate(time.Second)
	s, err := t.settings.Reload()
	if err != nil {
		return snapshot{fingerprints: Fingerprints{Taken: now, Problem: "the settings cannot be read"}, mosparo: t.settings.InstalledVersion}
	}
	in := newInstallation(s)
	taken := snapshot{fingerprints: Fingerprints{Taken: now, Problem: in.problem()}, mosparo: in.version, files: map[string][]File{}}
	if taken.fingerprints.Problem != "" {
		return taken
	}
	k := newKeyed(in.key)
	f := &taken.fingerprints
	if f.Settings, err = in.settingPrints(k); err != nil {
		return snapshot{fingerprints: Fingerprints{Taken: now, Problem: "env.mosparo.php cannot be read"}, mosparo: in.version}
	}
	f.Key = k.mac("key")
	slices.SortFunc(f.Settings, func(a, b Fingerprint) int { return cmp.Compare(a.Name, b.Name) })
	if src, err := t.source.read(in.dir); err == nil {
		taken.source, f.Source = src.version, src.fingerprint(k)
	}
	for _, h := range t.folders {
		files, err := h.take(ctx, k, in, until)
		if err == nil {
			taken.files[h.name] = files
		}
		f.Folders = append(f.Folders, newFolder(k, h.name, files, err))
	}
	t.declare(f, in)
	return taken
}

// declare marks what may differ.
func (t *taker) declare(f *Fingerprints, in installation) {
	for i := range f.Settings {
		f.Settings[i].MayDiffer = slices.Contains(t.mayDiffer, f.Settings[i].Name)
	}
	for i := range f.Folders {
		name := f.Folders[i].Name
		f.Folders[i].MayDiffer = slices.Contains(t.mayDiffer, name) || name == FolderResources && in.cssInCache
	}
}
