package deploy_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/mosparo/go-cluster/cache/cachetest/servers"
	"github.com/mosparo/go-cluster/cleanup/sqlcleaner"
)

// phpNode is a front controller with Symfony's cache: it answers the health check, stores a
// design as mosparo does, and plans the cleanup of yesterday.
const phpNode = `
$cache = new Symfony\Component\Cache\Adapter\RedisAdapter(Symfony\Component\Cache\Adapter\RedisAdapter::createConnection($argv[2]));
$server = stream_socket_server('tcp://' . $argv[1]) or exit(1);
while (true) {
	$c = @stream_socket_accept($server, -1);
	if (!$c) continue;
	stream_set_timeout($c, 2);
	[$method, $path] = explode(' ', (string) fgets($c)) + ['', ''];
	$length = 0;
	while (($line = trim((string) fgets($c))) !== '') {
		if (stripos($line, 'content-length:') === 0) $length = (int) substr($line, 15);
	}
	$body = $length ? stream_get_contents($c, $length) : '';
	$answer = 'php';
	if ($path === '/design') {
		$cache->save($cache->getItem('design_' . $argv[3] . '_content')->set($body));
		$cache->save($cache->getItem('design_' . $argv[3] . '_hash')->set($answer = hash('sha256', $body)));
	} elseif ($path === '/plan') {
		$cache->save($cache->getItem('mosparoNextCleanup')->set(new DateTime('-25 hours')));
	} elseif ($path === '/next') {
		$answer = $cache->getItem('mosparoNextCleanup')->get() > new DateTime() ? 'later' : 'due';
	}
	fwrite($c, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Node: php\r\nConnection: close\r\nContent-Length: " . strlen($answer) . "\r\n\r\n" . $answer);
	fclose($c);
}
`

// newcomer is an operator who follows the guide.
type newcomer struct {
	*site
	dirs [2]string // mosparo's directories of the nodes
	url  string
}

// run runs the command lines of mosparoctl in a section of the guide on the first node.
func (n *newcomer) run(section, from, to string) {
	n.Helper()
	text := guide(n.T, section)
	_, text, ok := strings.Cut(text, from)
	require.True(n, ok, from)
	if to != "" {
		text, _, ok = strings.Cut(text, to)
		require.True(n, ok, to)
	}
	lines := commandLines(text)
	require.NotEmpty(n, lines)
	for _, line := range lines {
		words := strings.Fields(strings.ReplaceAll(line, "/var/www/mosparo", n.dirs[0]))
		n.Logf("%s\n%s", line, command(n.T, program(n.T, words[0]), words[1:]...))
	}
}

// start starts the node of a host as its units do, with the arguments of
// /etc/default/mosparo-node.
func (n *newcomer) start(i int, arguments string) *servers.Process {
	n.Helper()
	line := replaceAll(n.T, setting(n.T, "systemd/mosparo-node.service", "ExecStart"), "/var/www/mosparo", n.dirs[i], "$MOSPARO_NODE_ARGS", arguments)
	return n.node(11+i, append(strings.Fields(line)[1:], "--drain", "0s")...)
}

// ask sends a request through the balancer and returns the body and the node that answered.
func (n *newcomer) ask(method, path, body string) (answer, node string) {
	n.Helper()
	req, err := http.NewRequestWithContext(n.Context(), method, n.url+path, strings.NewReader(body))
	require.NoError(n, err)
	res, err := (&http.Client{Timeout: patience}).Do(req)
	require.NoError(n, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(n, err)
	require.Equal(n, http.StatusOK, res.StatusCode, "%s: %s", path, b)
	return string(b), res.Header.Get("X-Node")
}

// Two nodes, each of PHP and Go, are set up by the guide: its lines of settings, its units,
// its balancer and its commands. Then they observe, one of them cleans, and Go leaves again.
func TestGuide_TwoNodesBesidePHP(t *testing.T) {
	php := servers.PHP(t, "redis")
	postgres := postgres(t)
	n := &newcomer{site: newSite(t)}
	n.url = "http://" + n.addr(10, balancerPort)
	address := n.addr(31, 6379)
	servers.Program(t, "redis-server", "redis-server", func() error { return listens(address) },
		"--bind", strings.Split(address, ":")[0], "--port", fmt.Sprint(6379+portShift), "--save", "", "--dir", n.dir)
	db := open(t, "pgx", postgres.DSN())
	fill(t, db, sqlcleaner.PostgreSQL)

	settings := regexp.MustCompile("(?s)`/var/www/mosparo/.env.local`:\n\n```sh\n(.*?)```").FindStringSubmatch(guide(t, "Set up"))
	require.NotNil(t, settings)
	redisURL := regexp.MustCompile(`REDIS_URL=(\S+)`).FindStringSubmatch(n.translate(settings[1]))[1]
	for i := range n.dirs {
		n.dirs[i] = mosparoDir(t, map[string]string{
			"database_driver": "pdo_pgsql", "database_host": "127.0.0.1", "database_port": fmt.Sprint(postgres.Port()),
			"database_name": servers.DatabaseName, "database_user": servers.DatabaseUser, "database_password": servers.DatabasePassword,
		})
		tree(t, n.dirs[i], map[string]string{
			".env": "APP_ENV=prod\n", ".env.local": n.translate(settings[1]),
			"public/build/mosparo-frontend.css": read(t, "../node/demo/public/build/mosparo-frontend.css"),
			"public/build/entrypoints.json":     `{"entrypoints":{"mosparo-frontend":{"css":["/build/mosparo-frontend.css"]}}}`,
		})
		phpAddress := n.addr(11+i, 80)
		cmd := php.Command(t.Context(), phpNode, phpAddress, redisURL, project)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		require.Eventually(t, func() bool { return listens(phpAddress) == nil }, patience, poll)
	}
	n.run("Set up", "On a node", "Start the node")
	nodes := [2]*servers.Process{n.start(0, ""), n.start(1, "")}
	n.run("Set up", "Start the node", "let the balancer")
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	before := requireKnownKeys(t, client)
	n.nginx()

	// Administration saves a design on a PHP node; visitors get it from Go nodes.
	_, node := n.ask(http.MethodGet, "/login", "")
	require.Equal(t, "php", node)
	_, h := n.get("/resources/logo.svg")
	require.NotEmpty(t, h.Get("ETag"), "as the guide says of Go nodes")
	hash, _ := n.ask(http.MethodPost, "/design", ".mosparo{order:1}")
	execute(t, db, fmt.Sprintf(`INSERT INTO project_config_value (project_id, name, value) VALUES (1, 'designConfigHash', 's:64:"%s";')`, hash))
	require.Eventually(t, func() bool {
		css, node := n.ask(http.MethodGet, "/resources/"+project+".css", "")
		require.Empty(t, node)
		return css == ".mosparo{order:1}"
	}, patience, poll)

	// They observe: nothing is written, and nothing cleaned, though a cleanup is due.
	n.ask(http.MethodPost, "/plan", "")
	n.run("From observing to cleaning", "**A week observing.**", "**One node cleans.**")
	for _, key := range requireKnownKeys(t, client) {
		require.True(t, slices.Contains(before, key) || !strings.HasPrefix(key, "mosparoGo"), key)
	}
	require.Equal(t, 2, count(t, db, "SELECT COUNT(*) FROM submit_token"))

	// One node cleans.
	nodes[0].Stop()
	nodes[0] = n.start(0, "--clean")
	require.Eventually(t, func() bool {
		next, _ := n.ask(http.MethodGet, "/next", "")
		return next == "later"
	}, patience, poll, "PHP sees that the cleanup has run")
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM submit_token"))
	require.Equal(t, 1, count(t, db, "SELECT COUNT(*) FROM cleanup_statistic WHERE cleanup_status = 2"))
	n.run("Upgrade and rollback", "*mosparo*", "Go nodes read")
	require.Eventually(t, func() bool { return client.Exists(t.Context(), "mosparoGoCssBuilds").Val() == 1 }, patience, poll)
	require.NotEmpty(t, requireKnownKeys(t, client))

	// And back: no trace of the Go nodes stays.
	for _, node := range nodes {
		node.Stop()
	}
	n.run("From observing to cleaning", "**Back**", "")
	for _, key := range requireKnownKeys(t, client) {
		require.False(t, strings.HasPrefix(key, "mosparoGo"), key)
	}
	_, node = n.ask(http.MethodGet, "/resources/"+project+".css", "")
	require.Equal(t, "php", node, "PHP serves everything again")
}
