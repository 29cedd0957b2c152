// Package chaos tests lock backends with processes that are killed or stopped and
// servers that fail. It can find violations of a backend's promises, and cannot
// prove that there are none.
package chaos
