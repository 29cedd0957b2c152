package dsn

import (
	"errors"
	"strings"
	"testing"

	"github.com/mosparo/go-cluster/envconfig/internal/phptest"
)

func FuzzParseRedisDSN(f *testing.F) {
	for _, c := range phptest.ReadCases[redisCase](f, "testdata", "redis-dsn") {
		f.Add(c.DSN)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		d, err := ParseRedis(dsn)
		requireSound(t, dsn, err, func() (hosts []Host, password Secret, describe *Description) {
			return d.Hosts, d.Password, d.Describe()
		})
	})
}

func FuzzParseMemcachedDSN(f *testing.F) {
	for _, c := range phptest.ReadCases[memcachedCase](f, "testdata", "memcached-dsn") {
		f.Add(c.DSN)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		d, err := ParseMemcached(dsn)
		requireSound(t, dsn, err, func() (hosts []Host, password Secret, describe *Description) {
			return d.Servers, d.Password, d.Describe()
		})
	})
}

// requireSound: an error of the right type, or servers that can be dialled and
// a description that does not hold the password.
func requireSound(t *testing.T, dsn string, err error, get func() ([]Host, Secret, *Description)) {
	t.Helper()
	var refused *Error
	if err != nil {
		if !errors.As(err, &refused) {
			t.Fatalf("%q: error of another type: %T", dsn, err)
		}
		return
	}
	hosts, password, description := get()
	if len(hosts) == 0 {
		t.Fatalf("%q: no hosts", dsn)
	}
	for _, h := range hosts {
		if (h.Name == "") == (h.Path == "") || h.Port < 0 || h.Port > 65535 || h.Weight < 0 {
			t.Fatalf("%q: impossible host %+v", dsn, h)
		}
	}
	secret := password.Reveal()
	if len(secret) < 8 || strings.Contains(strings.Join(description.hostTexts(), " "), secret) || strings.Contains(description.User, secret) {
		return
	}
	for _, w := range description.Warnings {
		if strings.Contains(w, secret) && strings.Count(dsn, secret) == 1 {
			t.Fatalf("%q: the password shows in %q", dsn, w)
		}
	}
}

func (d *Description) hostTexts() (texts []string) {
	for _, h := range d.Hosts {
		texts = append(texts, h.Name+h.Path)
	}
	return texts
}
