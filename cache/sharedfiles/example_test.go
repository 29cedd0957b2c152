package sharedfiles_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mosparo/go-cluster/cache/sharedfiles"
)

// What is made in a directory is for those who use that directory.
func Example() {
	shared, err := os.MkdirTemp("", "shared")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(shared)
	if err := os.Chmod(shared, 0o770); err != nil {
		log.Fatal(err)
	}
	dir := filepath.Join(shared, "a", "b")
	root, err := sharedfiles.Folder{Path: dir}.Make()
	if err != nil {
		log.Fatal(err)
	}
	defer root.Close()
	fi, err := os.Stat(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(runtime.GOOS == "windows" || fi.Mode().Perm() == 0o770)
	// Output: true
}
