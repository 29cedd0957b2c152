package nodes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
)

// macSize is the length of a keyed hash in bytes; macLength that of its text.
const (
	macSize   = 16
	macLength = 22
)

// keyed makes keyed hashes.
type keyed struct{ key []byte }

// newKeyed derives a key of its own, so that the hashes have nothing in common with what
// mosparo encrypts with its key.
func newKeyed(encryptionKey string) keyed {
	h := hmac.New(sha256.New, []byte(encryptionKey))
	h.Write([]byte("mosparo go-cluster: fingerprints of nodes, 1"))
	return keyed{h.Sum(nil)}
}

// mac returns the keyed hash of the parts. kind keeps hashes of different things apart.
func (k keyed) mac(kind string, parts ...[]byte) string {
	h := k.begin(kind)
	for _, p := range parts {
		h.add(p)
	}
	return h.text()
}

func (k keyed) begin(kind string) keyedHash {
	h := keyedHash{hmac.New(sha256.New, k.key)}
	h.add([]byte(kind))
	return h
}

// keyedHash is a keyed hash to which parts are added.
type keyedHash struct{ h hash.Hash }

// add adds a part with its length, so that no two sequences of parts are alike.
func (k keyedHash) add(part []byte) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(part)))
	k.h.Write(n[:])
	k.h.Write(part)
}

func (k keyedHash) text() string {
	return base64.RawURLEncoding.EncodeToString(k.h.Sum(nil)[:macSize])
}

// isMAC reports whether a text from the cache can be a keyed hash.
func isMAC(s string) bool {
	if len(s) != macLength {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
