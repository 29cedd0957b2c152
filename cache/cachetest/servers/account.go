package servers

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
)

// account is the user of a server that refuses to run as root.
type account struct{ uid, gid int }

// choose returns the account for a server; nil is that of the test.
func choose(names []string) (*account, error) {
	if len(names) == 0 || os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		return &account{uid, gid}, nil
	}
	return nil, fmt.Errorf("it does not run as root, and there is none of the users %v", names)
}

// prepare gives the scratch directory to the server's account and fills it.
func (p *Process) prepare() (err error) {
	if p.as, err = choose(p.spec.users); err != nil {
		return err
	}
	if p.as != nil {
		if err := os.Chown(p.dir, p.as.uid, p.as.gid); err != nil {
			return err
		}
	}
	if p.spec.prepare == nil {
		return nil
	}
	return p.spec.prepare(p)
}

// command returns a command that runs in the scratch directory as the server's user.
func (p *Process) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = p.dir
	ownGroup(cmd)
	if p.as != nil {
		p.as.runAs(cmd)
	}
	return cmd
}

// run runs such a command and waits for it.
func (p *Process) run(path string, args ...string) error {
	if out, err := p.command(path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", path, err, out)
	}
	return nil
}
