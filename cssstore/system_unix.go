//go:build unix

package cssstore

import (
	"errors"
	"syscall"
)

func isQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }
func isStale(err error) bool { return errors.Is(err, syscall.ESTALE) }
