package redislocker

import (
	"encoding/json"

	"github.com/mosparo/go-cluster/lock"
)

// decodeOwner reads the owner in a record, which may be damaged: the owner is
// unknown then.
func decodeOwner(v any) (o lock.Owner) {
	s, _ := v.(string)
	if s == "" || json.Unmarshal([]byte(s), &o) != nil {
		return lock.Owner{}
	}
	return o
}
