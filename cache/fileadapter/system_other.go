//go:build !unix

package fileadapter

import "os"

const readFlags = os.O_RDONLY

func isLink(error) bool         { return false }
func isNotDirectory(error) bool { return false }
