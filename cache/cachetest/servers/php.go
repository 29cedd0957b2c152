package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// PHPRuntime is a PHP with Symfony's cache.
type PHPRuntime struct {
	tb   TB
	path string
	// Autoload is the file that loads Symfony's cache component.
	Autoload string
}

// autoloads are where Debian and Composer put it.
var autoloads = []string{"/usr/share/php/Symfony/Component/Cache/autoload.php"}

// PHP finds PHP's command with Symfony's cache and the extensions, such as
// "redis", "memcached" and "igbinary".
func PHP(tb TB, extensions ...string) *PHPRuntime {
	tb.Helper()
	p := &PHPRuntime{tb: tb, path: find(tb, "php", "php-cli")}
	for _, file := range autoloads {
		if _, err := os.Stat(file); err == nil {
			p.Autoload = file
		}
	}
	if p.Autoload == "" {
		Missing(tb, "Symfony's cache", "php-symfony-cache")
	}
	loaded := strings.Fields(p.Run(`echo implode(" ", get_loaded_extensions());`))
	for _, e := range extensions {
		if !containsFold(loaded, e) {
			Missing(tb, "PHP's extension "+e, "php-"+e)
		}
	}
	return p
}

func containsFold(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

// Command is php running the code (without <?php), with the arguments in
// $argv[1] and so on. Symfony's cache is loaded.
func (p *PHPRuntime) Command(ctx context.Context, code string, args ...string) *exec.Cmd {
	head := fmt.Sprintf("error_reporting(E_ALL & ~E_DEPRECATED); require %q; ", p.Autoload)
	if p.Autoload == "" {
		head = ""
	}
	return exec.CommandContext(ctx, p.path, append([]string{"-d", "display_errors=stderr", "-r", head + code, "--"}, args...)...)
}

// Run runs the code and returns what it printed; anything but success fails
// the test.
func (p *PHPRuntime) Run(code string, args ...string) string {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := p.Command(ctx, code, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.tb.Fatalf("servers: php: %v\n%s\n%s", err, stderr.String(), out)
	}
	return string(out)
}
