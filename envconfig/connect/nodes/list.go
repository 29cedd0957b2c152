package nodes

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/cache"
)

// List has all files of the folders of a node, at one time.
type List struct {
	// Node is the id.
	Node string `json:"node"`
	Host string `json:"host"`
	// Key is that of the fingerprints: only lists with the same can be compared.
	Key   string    `json:"key"`
	Taken time.Time `json:"taken"`
	// Folders are the folders that could be read, with their files by path.
	Folders map[string][]File `json:"folders"`
}

const (
	listPrefix = "mosparoGoNodeFiles."
	// partFiles is the number of files in a part: about 200 kB, since memcached takes
	// no more than 1 MB.
	partFiles = 1000
)

// maxParts limits the parts of a list.
var maxParts = len(folderNames()) * (maxFiles/partFiles + 1)

// storedPart is a part of a list as it is stored. The first one is written last.
type storedPart struct {
	Format int    `php:"format"`
	Stamp  string `php:"stamp"` // that of all parts written together
	Parts  int    `php:"parts"`
	Host   string `php:"host"`
	Key    string `php:"key"`
	Taken  int64  `php:"taken"`
	// Folders are all folders of the list.
	Folders []string           `php:"folders"`
	Files   []storedFolderFile `php:"files"`
}

type storedFolderFile struct {
	storedFile
	Folder string `php:"folder"`
}

func partKey(id string, n int) cache.Key[storedPart] {
	return cache.Key[storedPart](listPrefix + id + "." + strconv.Itoa(n))
}

func newList(n *Node, files map[string][]File) List {
	return List{Node: n.ID, Host: n.Host, Key: n.Fingerprints.Key, Taken: n.Fingerprints.Taken, Folders: files}
}

// FileList returns the list of the files of this node's installation as it is now. It
// hashes all files that are not hashed yet. The errors are those of [Registry.Publish].
func (r *Registry) FileList(ctx context.Context) (List, error) {
	taken, err := r.takeAll(ctx)
	if err != nil {
		return List{}, fmt.Errorf("nodes: file list: %w", err)
	}
	self := r.snapshotSelf()
	return newList(&self, taken.files), nil
}

// parts returns the list as it is stored.
func (l *List) parts() []storedPart {
	var all []storedFolderFile
	head := storedPart{Stamp: rand.Text(), Host: l.Host, Key: l.Key, Taken: unix(l.Taken), Folders: []string{}}
	for _, name := range folderNames() {
		files, ok := l.Folders[name]
		if !ok {
			continue
		}
		head.Folders = append(head.Folders, name)
		for _, f := range storeFiles(files) {
			all = append(all, storedFolderFile{f, name})
		}
	}
	head.Parts = max(1, (len(all)+partFiles-1)/partFiles)
	parts := make([]storedPart, head.Parts)
	for i := range parts {
		parts[i] = storedPart{Stamp: head.Stamp}
		if i == 0 {
			parts[i] = head
		}
		parts[i].Files = append([]storedFolderFile{}, all[min(i*partFiles, len(all)):min((i+1)*partFiles, len(all))]...)
	}
	return parts
}

// writeList writes the parts, each with a request, and returns the number of files.
func writeList(ctx context.Context, pool *cache.Pool, l List, ttl time.Duration) (n int, err error) {
	parts := l.parts()
	for i, p := range slices.Backward(parts) {
		n += len(p.Files)
		if err := partKey(l.Node, i).Set(ctx, pool, p, ttl); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// ErrListChanged is the error for a list that was published anew while it was read, or of
// which the cache has lost a part. For operators, "What can go wrong" in
// examples/deploy/README.md says what to do.
var ErrListChanged = errors.New("the list is incomplete; it is being published, or the cache has lost a part of it")

// ReadLists returns the lists of the nodes that have published one, by host. The error
// joins one for each list that could not be read; the others are returned with it.
func ReadLists(ctx context.Context, pool *cache.Pool) ([]List, error) {
	if pool == nil {
		panic("nodes.ReadLists: pool is nil")
	}
	var stored cache.Result[index]
	_ = cache.Read(ctx, pool, indexKey.Into(&stored)) // the result has the error
	x, err := interpretIndex(stored)
	if err != nil {
		return nil, fmt.Errorf("nodes: lists: %w", err)
	}
	var lists []List
	var errs []error
	for _, id := range x.IDs {
		l, err := readList(ctx, pool, id)
		switch {
		case err == nil:
			lists = append(lists, l)
		case !errors.Is(err, cache.ErrNotFound) && !errors.Is(err, cache.ErrNull):
			errs = append(errs, fmt.Errorf("nodes: list of %s: %w", id, err))
		}
	}
	slices.SortFunc(lists, func(a, b List) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Node, b.Node)) })
	return lists, errors.Join(errs...)
}

// readList reads a list, part by part.
func readList(ctx context.Context, pool *cache.Pool, id string) (List, error) {
	head, err := partKey(id, 0).Get(ctx, pool)
	if err != nil {
		return List{}, err
	}
	if head.Format != 0 || head.Parts < 1 || head.Parts > maxParts || !isMAC(head.Key) {
		return List{}, errors.New("it is in a format of a later version")
	}
	l := List{Node: id, Host: cut(head.Host), Key: head.Key, Taken: fromUnix(head.Taken), Folders: map[string][]File{}}
	for _, name := range folderNames() {
		if slices.Contains(head.Folders, name) {
			l.Folders[name] = []File{}
		}
	}
	l.add(head)
	for i := 1; i < head.Parts; i++ {
		p, err := partKey(id, i).Get(ctx, pool)
		switch {
		case errors.Is(err, cache.ErrNotFound), err == nil && p.Stamp != head.Stamp:
			return List{}, ErrListChanged
		case err != nil:
			return List{}, err
		}
		l.add(p)
	}
	for _, files := range l.Folders {
		slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	}
	return l, nil
}

// add adds the files of a part that can be files of a folder of the list.
func (l *List) add(p storedPart) {
	for _, s := range p.Files[:min(len(p.Files), partFiles)] {
		if files, ok := l.Folders[s.Folder]; ok {
			l.Folders[s.Folder] = append(files, loadFiles([]storedFile{s.storedFile})...)
		}
	}
}
