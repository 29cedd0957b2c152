package doctor

import (
	"fmt"
	"strings"

	"github.com/mosparo/go-cluster/envconfig"
)

// misspelled are names that nothing reads, and that are almost those of settings.
func misspelled(s *envconfig.Settings) (all []Finding) {
	for name, source := range s.Unknown() {
		meant := closest(name, s)
		if meant.Name == "" {
			continue
		}
		all = append(all, Finding{
			Code: "setting_misspelled", Severity: Warning, Subject: name,
			What:        fmt.Sprintf("%s is set (%s), which mosparo does not read; it reads %s", name, source, meant.Name),
			Consequence: fmt.Sprintf("%s has the value %q (%s), regardless of %s", meant.Name, meant.Value, meant.Source, name),
			Remedy:      fmt.Sprintf("rename it to %s if that is meant", meant.Name),
		})
	}
	return all
}

const (
	// samePrefix is how many letters a misspelled name has in common with the right one
	// at the least: variables of other programs begin otherwise.
	samePrefix = 5
	// maxName is the length of the longest name that is looked at.
	maxName = 80
)

// closest returns the setting whose name is almost this one, or the zero Variable. A name
// that differs in case only may be of another program (a container engine sets
// DATABASE_PORT): it counts only if the setting has no value.
func closest(name string, s *envconfig.Settings) (found envconfig.Variable) {
	if name == "DATABASE_URL" || len(name) > maxName { // envconfig warns of the first
		return found
	}
	least := maxDistance(name) + 1
	for v := range s.Variables() {
		if !strings.EqualFold(prefix(name), prefix(v.Name)) {
			continue
		}
		d := distance(strings.ToUpper(name), strings.ToUpper(v.Name))
		if d < least && (d > 0 || !v.IsSet()) {
			found, least = v, d
		}
	}
	return found
}

func prefix(name string) string { return name[:min(len(name), samePrefix)] }

// maxDistance is how many letters of a name may be wrong.
func maxDistance(name string) int {
	if len(name) < 16 {
		return 1
	}
	return 2
}

// distance is how many insertions, deletions, replacements and exchanges of neighbors
// make one text of the other.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	before, last, now := rows[2], rows[0], rows[1]
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			now[j] = min(replace, last[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
