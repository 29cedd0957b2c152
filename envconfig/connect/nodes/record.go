package nodes

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// record is a node as it is stored, a PHP array. Times within it are Unix seconds, which
// are shorter than PHP's dates, but for the two that people look at.
type record struct {
	// Format is 0. A later version that gives the fields another meaning writes another
	// number.
	Format   int       `php:"format"`
	Instance string    `php:"instance"`
	Host     string    `php:"host"`
	Mode     string    `php:"mode"`
	Library  string    `php:"library"`
	Mosparo  string    `php:"mosparo"`
	Source   string    `php:"source"`
	Started  time.Time `php:"started"`
	Seen     time.Time `php:"seen"`
	Stopped  bool      `php:"stopped"`

	Key      string         `php:"key"`
	Problem  string         `php:"problem"`
	Taken    int64          `php:"taken"`
	Settings []storedPrint  `php:"settings"`
	Folders  []storedFolder `php:"folders"`
	Code     storedPrint    `php:"code"`
}

type storedPrint struct {
	Name      string `php:"name"`
	MAC       string `php:"mac"`
	Since     int64  `php:"since"`
	MayDiffer bool   `php:"mayDiffer,omitempty"`
}

type storedFolder struct {
	storedPrint
	Problem string       `php:"problem,omitempty"`
	Files   int          `php:"files"`
	Newest  []storedFile `php:"newest"`
}

type storedFile struct {
	Path     string `php:"path"`
	MAC      string `php:"mac"`
	Size     int64  `php:"size"`
	Modified int64  `php:"modified"`
}

const (
	recordPrefix = "mosparoGoNode."
	// interval is the time between two heartbeats, recordTTL the lifetime of a record.
	interval  = time.Minute
	recordTTL = 5 * interval
)

func recordKey(id string) cache.Key[record] { return cache.Key[record](recordPrefix + id) }

// newRecord returns the record of a node.
func newRecord(n *Node) record {
	r := record{
		Instance: n.instance, Host: n.Host, Mode: string(n.Mode), Library: n.Library, Mosparo: n.Mosparo, Source: n.Source,
		Started: n.Started, Seen: n.Seen, Stopped: n.Stopped,
		Key: n.Fingerprints.Key, Problem: n.Fingerprints.Problem, Taken: unix(n.Fingerprints.Taken), Code: storePrint(n.Fingerprints.Source),
		Settings: []storedPrint{}, Folders: []storedFolder{},
	}
	for _, s := range n.Fingerprints.Settings {
		r.Settings = append(r.Settings, storePrint(s))
	}
	for _, d := range n.Fingerprints.Folders {
		r.Folders = append(r.Folders, storedFolder{storedPrint: storePrint(d.Fingerprint), Problem: d.Problem, Files: d.Files, Newest: storeFiles(d.Newest)})
	}
	return r
}

func storePrint(f Fingerprint) storedPrint {
	return storedPrint{Name: f.Name, MAC: f.MAC, Since: unix(f.Since), MayDiffer: f.MayDiffer}
}

func storeFiles(files []File) []storedFile {
	stored := make([]storedFile, len(files))
	for i, f := range files {
		stored[i] = storedFile{Path: f.Path, MAC: f.MAC, Size: f.Size, Modified: unix(f.Modified)}
	}
	return stored
}

// node returns the node that a record describes. Anything may be in the record: texts are
// cut, and what has no meaning is left out.
func (r *record) node(id string) Node {
	n := Node{
		ID: id, Host: cut(r.Host), Mode: Mode(r.Mode), Library: cut(r.Library), Mosparo: cut(r.Mosparo), Source: cut(r.Source),
		Started: checkTime(r.Started), Seen: checkTime(r.Seen), Stopped: r.Stopped, instance: r.Instance,
	}
	if !n.Mode.isKnown() {
		n.Mode = ModeUnknown
	}
	n.Fingerprints = Fingerprints{Problem: cut(r.Problem), Taken: fromUnix(r.Taken), Source: r.Code.print()}
	if isMAC(r.Key) {
		n.Fingerprints.Key = r.Key
	}
	for _, s := range r.Settings {
		if p := s.print(); p.MAC != "" && len(n.Fingerprints.Settings) < maxSettings {
			n.Fingerprints.Settings = append(n.Fingerprints.Settings, p)
		}
	}
	for _, name := range folderNames() {
		for _, d := range r.Folders {
			if d.Name == name {
				n.Fingerprints.Folders = append(n.Fingerprints.Folders, d.folder())
				break
			}
		}
	}
	return n
}

func (s storedPrint) print() Fingerprint {
	if !isMAC(s.MAC) {
		s.MAC = ""
	}
	return Fingerprint{Name: cut(s.Name), MAC: s.MAC, Since: fromUnix(s.Since), MayDiffer: s.MayDiffer}
}

func (d storedFolder) folder() Folder {
	f := Folder{Fingerprint: d.print(), Problem: cut(d.Problem), Files: min(max(d.Files, 0), maxFiles)}
	if f.MAC == "" && f.Problem == "" {
		f.Problem = "its record cannot be read"
	}
	f.Newest = loadFiles(d.Newest[:min(len(d.Newest), newestFiles)])
	return f
}

// loadFiles returns the files that have a path below the folder.
func loadFiles(stored []storedFile) (files []File) {
	for _, s := range stored {
		if isMAC(s.MAC) && len(s.Path) <= maxPath && filepath.IsLocal(s.Path) && path.Clean(s.Path) == s.Path {
			files = append(files, File{Path: s.Path, MAC: s.MAC, Size: max(s.Size, 0), Modified: fromUnix(s.Modified)})
		}
	}
	return files
}

// cut returns text that is valid UTF-8 and has maxName bytes at most.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxName)], "")
}

// checkTime returns the zero time for one that JSON does not have.
func checkTime(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC()
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// fromUnix returns the zero time for 0 and for one that JSON does not have.
func fromUnix(sec int64) time.Time {
	const last = 253402300799 // in the year 9999
	if sec <= 0 || sec > last {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}
