package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// PHPRuntime is a PHP with Symfony 6.4, which mosparo 1.5 runs: its cache and
// Dotenv.
type PHPRuntime struct {
	tb   TB
	path string
	// symfony is the directory of Symfony's components.
	symfony string
}

// PHP finds PHP's command with Symfony 6.4 and the extensions, such as
// "redis", "memcached" and "igbinary".
func PHP(tb TB, extensions ...string) *PHPRuntime {
	tb.Helper()
	p := &PHPRuntime{tb: tb, path: find(tb, "php", "php-cli"), symfony: findSymfony(tb)}
	loaded := strings.Fields(p.Run(`echo implode(" ", get_loaded_extensions());`))
	for _, e := range extensions {
		if !slices.ContainsFunc(loaded, func(l string) bool { return strings.EqualFold(l, e) }) {
			Missing(tb, "PHP's extension "+e, "php-"+e)
		}
	}
	return p
}

// findSymfony returns the directory of the components that .ci/symfony has
// unpacked, or ends the test. Those of the system may be of another release.
func findSymfony(tb TB) string {
	tb.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	dir := filepath.Join(cache, "mosparo-go-cluster", "symfony", "usr", "share", "php", "Symfony", "Component")
	if _, err := os.Stat(filepath.Join(dir, "Cache", "autoload.php")); err != nil {
		Missing(tb, "Symfony 6.4", "php-symfony-cache of Debian 13, unpacked by .ci/test --install")
	}
	return dir
}

// Command returns php running the code (without <?php), with the arguments in
// $argv[1] and so on. Symfony's cache and Dotenv are loaded.
func (p *PHPRuntime) Command(ctx context.Context, code string, args ...string) *exec.Cmd {
	head := fmt.Sprintf("error_reporting(E_ALL & ~E_DEPRECATED); require %q; require %q; ",
		filepath.Join(p.symfony, "Cache", "autoload.php"), filepath.Join(p.symfony, "Dotenv", "autoload.php"))
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
