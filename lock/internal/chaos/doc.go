// Package chaos puts lock backends through processes that die and servers that
// fail. It finds violations of the rules, and cannot prove that there are none.
package chaos
