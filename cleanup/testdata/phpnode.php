// A PHP node as far as the cleanup is concerned: mosparo's steps in mosparo's
// order, on Symfony's RedisAdapter and PDO. Every line of input is one attempt:
// executor, milliseconds of work, milliseconds of sleep. The answer is the
// result, and the longer of two times in milliseconds: from the look at the
// schedule to the look for unknown rows, and from there to the own row.
use Symfony\Component\Cache\Adapter\RedisAdapter;

[, $redis, $dsn, $user, $password, $interval, $unfinished] = $argv;
$pool = new RedisAdapter(RedisAdapter::createConnection('redis://' . $redis));
$pdo = new PDO($dsn, $user ?: null, $password ?: null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_TIMEOUT => 20]);

function save($pool, $key, $value) { $pool->save($pool->getItem($key)->set($value)) or exit(1); }
function ago(string $spec): DateTime { return (new DateTime())->sub(new DateInterval($spec)); }
function ahead(string $spec): DateTime { return (new DateTime())->add(new DateInterval($spec)); }
function one($pdo, string $sql, array $args) { $s = $pdo->prepare($sql); $s->execute($args); $v = $s->fetchColumn(); $s->closeCursor(); return $v; }

function cleanup($pool, $pdo, int $by, int $work, int $sleep, string $interval, string $unfinished): string
{
    $asked = microtime(true);
    if ($by === 2) {
        $start = $pool->getItem('mosparoNextCleanup')->get();
        if ($start === null) {
            $newest = one($pdo, 'SELECT date_time FROM cleanup_statistic ORDER BY date_time DESC LIMIT 1', []);
            $start = ($newest === false ? new DateTime() : new DateTime($newest))->add(new DateInterval($interval));
        }
        $start = $pool->getItem('mosparoAdditionalCleanup')->get() ?? $start;
        if ($start > new DateTime()) return 'NEXT_CLEANUP_IN_THE_FUTURE';
        $started = $pool->getItem('mosparoCleanupStartedAt')->get();
        if ($started !== null && $started > ago('PT5M')) return 'CLEANUP_RUNNING_ALREADY';
    }
    usleep(1000 * $sleep);
    $looked = microtime(true);
    $since = ago($unfinished)->format('Y-m-d H:i:s');
    if (one($pdo, 'SELECT COUNT(*) FROM cleanup_statistic WHERE cleanup_status = 0 AND date_time > ?', [$since]) > 0) return 'UNFINISHED_CLEANUP_STATISTIC_OBJECT';
    $now = new DateTime();
    save($pool, 'mosparoCleanupStartedAt', $now);
    $pdo->prepare('INSERT INTO cleanup_statistic (date_time, cleanup_executor, number_of_stored_submit_tokens, number_of_deleted_submit_tokens,
        number_of_stored_submissions, number_of_deleted_submissions, execution_time, cleanup_status) VALUES (?, ?, 0, 0, 0, 0, 0, 0)')
        ->execute([$now->format('Y-m-d H:i:s'), $by]);
    $id = $pdo->lastInsertId();
    $began = microtime(true);
    usleep(1000 * $work);
    $ended = microtime(true);
    save($pool, 'mosparoAdditionalCleanup', null);
    save($pool, 'mosparoNextCleanup', ahead($interval));
    $pdo->prepare('UPDATE cleanup_statistic SET execution_time = ?, cleanup_status = 2 WHERE id = ?')->execute([$ended - $began, $id]);
    save($pool, 'mosparoCleanupStartedAt', null);
    return sprintf('COMPLETED %d', 1000 * max($looked - $asked, $began - $looked));
}

date_default_timezone_set('UTC');
echo "READY\n";
while (($line = fgets(STDIN)) !== false) {
    [$by, $work, $sleep] = array_map('intval', explode(' ', trim($line)));
    echo 'RESULT ', cleanup($pool, $pdo, $by, $work, $sleep, $interval, $unfinished), "\n";
}
