package filelocker

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/mosparo/go-cluster/lock"
	"github.com/mosparo/go-cluster/lock/internal/names"
)

// record is the content of a slot.
type record struct {
	// Seq rises with every change; 0 is a name that was never held.
	Seq uint64 `json:"seq"`
	// Name is encoded by [names.Encode].
	Name  string `json:"name"`
	Fence uint64 `json:"fence"`
	// Token is empty while the name is free.
	Token lock.Token    `json:"token,omitempty"`
	Owner lock.Owner    `json:"owner"`
	TTL   time.Duration `json:"ttl_ns"`
	// Written is when, in Unix nanoseconds by the file server's clock.
	Written int64 `json:"written_ns"`
}

const suffix = ".lock"

// fileName is the file of a name: the beginning of its encoded form, for
// people, and a hash of all of it, since file names are short and may not tell
// upper from lower case.
func fileName(name string) string {
	encoded := names.Encode(name)
	sum := sha256.Sum256([]byte(name))
	hash := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])
	return encoded[:min(len(encoded), 100)] + "." + hash + suffix
}

// A file is two slots, and a byte that is written to learn the time.
const (
	slotSize = 4096
	clockAt  = 2 * slotSize
	fileSize = clockAt + 1
)

// A slot is a line with a mark, the check sum and the length of the record,
// both hexadecimal, and the record in JSON.
const (
	mark       = "mosparoGoLock 1 "
	headerSize = len(mark) + 8 + 1 + 4 + 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (r *record) encode() ([]byte, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(data) > slotSize-headerSize {
		return nil, &lock.ArgumentError{Arg: "owner", Reason: fmt.Sprintf("makes a record of %d bytes, more than %d", len(data), slotSize-headerSize)}
	}
	b := fmt.Appendf(make([]byte, 0, headerSize+len(data)), "%s%08x %04x\n", mark, crc32.Checksum(data, castagnoli), len(data))
	return append(b, data...), nil
}

var errBroken = errors.New("not a record of a lock")

// decode reads a slot, which may hold anything.
func decode(slot []byte) (r record, err error) {
	header, ok := bytes.CutPrefix(slot, []byte(mark))
	if !ok || len(slot) < headerSize {
		return r, errBroken
	}
	sum, err1 := strconv.ParseUint(string(header[:8]), 16, 32)
	n, err2 := strconv.ParseUint(string(header[9:13]), 16, 16)
	if err1 != nil || err2 != nil || int(n) > len(slot)-headerSize {
		return r, errBroken
	}
	data := slot[headerSize:][:n]
	if crc32.Checksum(data, castagnoli) != uint32(sum) || json.Unmarshal(data, &r) != nil || !r.valid() {
		return record{}, errBroken
	}
	return r, nil
}

// valid reports whether the record can be one of ours and overflows nothing.
func (r *record) valid() bool {
	const half = 1 << 63
	_, isName := names.Decode(r.Name)
	return isName && r.Seq > 0 && r.Seq < half-1 && r.Fence < half-1 && r.Written >= 0 &&
		(r.Token == "" || r.Token.IsValid() && r.TTL > 0)
}

// newest is the record that counts and the slot that it is in. damaged: there
// is something, and nothing of it is a record.
func newest(data []byte) (r record, slot int, damaged bool) {
	slot = -1
	for i := range 2 {
		b := data[min(i*slotSize, len(data)):min((i+1)*slotSize, len(data))]
		if len(bytes.Trim(b, "\x00")) == 0 {
			continue
		}
		found, err := decode(b)
		switch {
		case err != nil:
			damaged = true
		case slot < 0 || found.Seq > r.Seq:
			r, slot = found, i
		}
	}
	return r, slot, damaged && slot < 0
}
