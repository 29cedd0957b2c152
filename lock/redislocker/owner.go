package redislocker

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/mosparo/go-cluster/lock"
)

// encode is the JSON of an owner, as [json.Marshal] makes it but for its cost.
func encode(o lock.Owner) string {
	var buf [256]byte
	b := append(buf[:0], `{"host":`...)
	b = appendText(b, o.Host)
	b = append(b, `,"pid":`...)
	b = strconv.AppendInt(b, int64(o.PID), 10)
	if o.Label != "" {
		b = append(b, `,"label":`...)
		b = appendText(b, o.Label)
	}
	b = append(b, `,"since":"`...)
	b = o.Since.AppendFormat(b, time.RFC3339Nano)
	return string(append(b, `"}`...))
}

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string can be encoded
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// owner reads what may be damaged: nobody then.
func owner(v any) (o lock.Owner) {
	s, _ := v.(string)
	if s == "" || json.Unmarshal([]byte(s), &o) != nil {
		return lock.Owner{}
	}
	return o
}
