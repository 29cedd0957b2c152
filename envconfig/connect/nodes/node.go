package nodes

import (
	"slices"
	"time"
)

// Node is a node of the cluster as its record describes it. Texts come from the cache, so
// they may contain anything that can be printed or not.
type Node struct {
	// ID is 16 hexadecimal digits.
	ID   string `json:"id"`
	Host string `json:"host"`
	// Self is true for the node that reads.
	Self bool `json:"self,omitempty"`
	Mode Mode `json:"mode"`
	// Library is the version of this module, Mosparo is mosparo_installed_version, and
	// Source the version of mosparo's source code. They are empty if they are not known.
	Library string `json:"library,omitempty"`
	Mosparo string `json:"mosparo,omitempty"`
	Source  string `json:"source,omitempty"`
	// Started is when the process started, zero for [ModePublished]. Seen is when the
	// record was written. Both are by the node's own clock.
	Started time.Time `json:"started,omitzero"`
	Seen    time.Time `json:"seen,omitzero"`
	// Stopped is true if the node has announced its end.
	Stopped      bool         `json:"stopped,omitempty"`
	Fingerprints Fingerprints `json:"fingerprints"`

	// instance identifies the process.
	instance string
}

// Mode is what a node does.
type Mode string

// The modes of nodes.
const (
	// ModeClean is a Go node that takes part; see cleanup.ModeClean.
	ModeClean Mode = "clean"
	// ModeObserve is a Go node that observes. Only the node itself shows it.
	ModeObserve Mode = "observe"
	// ModePublished is an installation whose record [Registry.Publish] has written,
	// usually that of a PHP node.
	ModePublished Mode = "published"
	// ModeUnknown is any other mode, such as one of a later version.
	ModeUnknown Mode = "unknown"
)

// isKnown reports whether a record may have the mode.
func (m Mode) isKnown() bool { return m == ModeClean || m == ModePublished }

// Fingerprints are keyed hashes of what should be the same on all nodes.
type Fingerprints struct {
	// Key identifies the encryption_key: hashes with different ones cannot be
	// compared. It is empty if there are no fingerprints; Problem says why.
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem,omitempty"`
	// Taken is when they were taken.
	Taken    time.Time     `json:"taken,omitzero"`
	Settings []Fingerprint `json:"settings,omitempty"` // by name
	Folders  []Folder      `json:"folders,omitempty"`
	// Source is that of mosparo's source code and base CSS. Its name is empty.
	Source Fingerprint `json:"source,omitzero"`
}

// Fingerprint is the keyed hash of one thing.
type Fingerprint struct {
	Name string `json:"name,omitempty"`
	// MAC is the keyed hash, empty if it is not known.
	MAC string `json:"mac,omitempty"`
	// Since is when the node first had this value, as far as it remembers.
	Since time.Time `json:"since,omitzero"`
	// MayDiffer is true if the node has declared it; see [WithMayDiffer].
	MayDiffer bool `json:"may_differ,omitempty"`
}

// Folder is the fingerprint of all files of a folder.
type Folder struct {
	Fingerprint
	// Problem says why the folder cannot be compared; empty if it can.
	Problem string `json:"problem,omitempty"`
	// Files is the number of files.
	Files int `json:"files"`
	// Newest are the files changed last, newest first.
	Newest []File `json:"newest,omitempty"`
}

// File is a file of a folder.
type File struct {
	// Path is relative to the folder, with slashes.
	Path     string    `json:"path"`
	MAC      string    `json:"mac"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// The folders that are compared.
const (
	FolderResources = "public/resources"
	FolderData      = "var/data"
)

func folderNames() []string { return []string{FolderResources, FolderData} }

// setting returns the fingerprint of a setting, the zero value if the node does not have it.
func (f *Fingerprints) setting(name string) Fingerprint {
	for _, s := range f.Settings {
		if s.Name == name {
			return s
		}
	}
	return Fingerprint{}
}

// folder returns the fingerprint of a folder, false if there is none.
func (f *Fingerprints) folder(name string) (Folder, bool) {
	for _, d := range f.Folders {
		if d.Name == name {
			return d, true
		}
	}
	return Folder{}, false
}

// clone returns a copy whose times can be changed.
func (f *Fingerprints) clone() Fingerprints {
	c := *f
	c.Settings, c.Folders = slices.Clone(f.Settings), slices.Clone(f.Folders)
	return c
}

// keepSince takes over when values first appeared from the fingerprints before. Values
// that are new are there since now.
func (f *Fingerprints) keepSince(before Fingerprints, now time.Time) {
	sameKey := before.Key == f.Key
	since := func(is *Fingerprint, was Fingerprint) {
		is.Since = now
		if sameKey && is.MAC == was.MAC && !was.Since.IsZero() && !was.Since.After(now) {
			is.Since = was.Since
		}
	}
	for i := range f.Settings {
		since(&f.Settings[i], before.setting(f.Settings[i].Name))
	}
	for i := range f.Folders {
		is := &f.Folders[i]
		was, _ := before.folder(is.Name)
		if is.Problem != "" { // keep what was known until it can be compared again
			is.MAC, is.Since = was.MAC, was.Since
			continue
		}
		since(&is.Fingerprint, was.Fingerprint)
	}
	since(&f.Source, before.Source)
}
