package servers

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Prometheus starts a Prometheus that scrapes /metrics of the targets, each
// host:port, once a second. The rules are the paths of its rule files. Its HTTP API
// is at the address of the process.
func Prometheus(tb TB, targets []string, rules ...string) *Process {
	tb.Helper()
	return start(tb, spec{
		name: "prometheus", binary: "prometheus", pkg: "prometheus",
		args: func(port int, dir string) []string {
			file := filepath.Join(dir, "prometheus.yml")
			if err := os.WriteFile(file, []byte(prometheusConfig(targets, rules)), 0o600); err != nil {
				tb.Fatalf("servers: %v", err)
			}
			return []string{
				"--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"),
				fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--log.level=warn",
			}
		},
		ready: func(addr string) error {
			res, err := http.Get("http://" + addr + "/-/ready")
			if err != nil {
				return err
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("not ready: %s", res.Status)
			}
			return nil
		},
	})
}

func prometheusConfig(targets, rules []string) string {
	return fmt.Sprintf(`global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs:
- job_name: mosparo
  static_configs: [{targets: [%s]}]
`, quoteAll(rules), quoteAll(targets))
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = fmt.Sprintf("%q", t)
	}
	return strings.Join(quoted, ", ")
}
