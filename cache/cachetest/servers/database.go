package servers

import (
	"net"
	"net/url"
	"time"
)

// What the database servers have when they start: an empty database, and a user
// who may do everything.
const (
	DatabaseName     = "mosparo"
	DatabaseUser     = "mosparo"
	DatabasePassword = "correct-horse"
)

func dsnURL(scheme, user, password, addr, database string) string {
	u := url.URL{Scheme: scheme, User: url.UserPassword(user, password), Host: addr, Path: "/" + database}
	return u.String()
}

// greet dials a server, sends what is to be said first, and returns the
// beginning of the answer.
func greet(addr string, say []byte) ([]byte, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := c.Write(say); err != nil {
		return nil, err
	}
	b := make([]byte, 512)
	n, err := c.Read(b)
	return b[:n], err
}
