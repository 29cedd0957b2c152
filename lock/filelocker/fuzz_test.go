package filelocker

import (
	"testing"
	"time"

	"github.com/mosparo/go-cluster/lock/internal/names"
)

// Whatever a file holds, what is taken for a record is one that was written as
// a whole, and nothing overflows.
func FuzzNewest(f *testing.F) {
	whole := record{Seq: 7, Name: "n", Fence: 9, Token: "0123456789012345678901", TTL: time.Minute, Written: 1}
	b, err := whole.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(append(b, make([]byte, fileSize)...))
	f.Add([]byte(mark + "00000000 0000\n"))
	f.Add([]byte(mark + "ffffffff ffff\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, slot, damaged := newest(data[:min(len(data), clockAt)])
		if (slot >= 0) != (r.Seq > 0) || damaged && slot >= 0 {
			t.Fatalf("slot %d, damaged %t, sequence %d", slot, damaged, r.Seq)
		}
		if slot < 0 {
			return
		}
		if _, ok := names.Decode(r.Name); !ok || r.Fence+1 == 0 || r.Seq+1 == 0 {
			t.Fatalf("%+v", r)
		}
		for _, now := range []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1<<63-1)} {
			if left := r.left(now); left > r.TTL+coarseTimes {
				t.Fatalf("%v are left of %v", left, r.TTL)
			}
		}
	})
}
