package doctor

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// files examines owners and modes in mosparo's directory.
func (e *examination) files(context.Context) (r result) {
	dir := e.settings.Dir
	if dir == "" {
		return r
	}
	r.part = Part{Name: "files", Kind: "directory", Server: dir}
	fi, err := os.Stat(dir)
	if err != nil {
		r.add(Finding{
			Code: "directory_unreadable", Severity: Error, Subject: "files", What: err.Error(),
			Consequence: "settings and CSS cannot be read", Remedy: "name mosparo's directory, and let this user read it",
		})
		return r
	}
	r.fact("mode", describe(fi))
	r.fact("own_uid", fmt.Sprint(os.Geteuid()))
	if isWritableByAll(fi) {
		r.add(Finding{
			Code: "directory_world_writable", Severity: Warning, Subject: "files", What: fmt.Sprintf("every user of this host may write in %s (%s)", dir, describe(fi)),
			Consequence: "another user can replace mosparo's code and settings", Remedy: "chmod o-w " + dir,
		})
	}
	if php, known := phpUser(dir); known && php != os.Geteuid() && os.Geteuid() != 0 {
		r.add(Finding{
			Code: "other_user", Severity: Note, Subject: "files", What: fmt.Sprintf("this program runs as uid %d, and mosparo's files belong to uid %d", os.Geteuid(), php),
			Consequence: "what it writes to a filesystem cache or to public/resources must be writable for PHP, or is refused",
			Remedy:      "run it as PHP's user, or in its group",
		})
	}
	for _, file := range e.settings.Files {
		e.settingsFile(&r, file)
	}
	return r
}

// settingsFile looks at the mode of a file with settings. Those that mosparo ships have no
// secrets.
func (e *examination) settingsFile(r *result, file string) {
	fi, err := os.Stat(file)
	if err != nil {
		return
	}
	switch hasSecrets := strings.HasSuffix(file, ".php") || strings.HasSuffix(file, ".local"); {
	case isWritableByAll(fi):
		r.add(Finding{
			Code: "settings_world_writable", Severity: Warning, Subject: "files", What: fmt.Sprintf("every user of this host may change %s (%s)", file, describe(fi)),
			Consequence: "another user can lead the nodes to another database or cache", Remedy: "chmod o-w " + file,
		})
	case hasSecrets && fi.Mode().Perm()&0o004 != 0:
		r.add(Finding{
			Code: "settings_world_readable", Severity: Note, Subject: "files", What: fmt.Sprintf("every user of this host may read %s (%s)", file, describe(fi)),
			Consequence: "they learn the password of the database, and mosparo's encryption key",
			Remedy:      "chmod o-r " + file + ", if PHP's user or group keeps its right",
		})
	}
}
