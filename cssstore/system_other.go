//go:build !unix

package cssstore

func isQuota(error) bool { return false }
func isStale(error) bool { return false }
