// Package fastlz reads and writes FastLZ streams (levels 1 and 2), the
// compression that PHP's memcached extension uses by default. It does not
// promise small results, and a stream carries neither its length nor a
// checksum: the caller keeps the length, and damage that keeps it goes
// unnoticed.
package fastlz
