// Package sqlcleaner cleans mosparo's own tables and writes mosparo's cleanup
// statistics, over database/sql, on SQLite, MySQL/MariaDB and PostgreSQL. It
// does not decide when it runs and takes no lock that keeps another node from
// cleaning at the same time: package cleanup does. It opens no database and
// links no driver.
//
// # What it promises
//
// A run works in transactions of about 0.1 s (SQLite: 0.15 s). It locks tokens that
// no other client has locked, looks again whether they are free, and deletes them with
// all that hangs on them; so a submission that arrives
// meanwhile keeps its token, or finds that it is gone, but is never left without
// one. It waits for nobody while it holds locks (50 ms on PostgreSQL, not at all
// on MariaDB), so that a conflict ends its own transaction, which it tries
// again, and not that of a frontend. Its memory does not grow with the number of
// rows.
//
// On Galera a lock holds on its own node alone: a frontend that submits with a
// due token on another node at the same moment may be told of a deadlock.
//
// MySQL, unlike MariaDB, knows no wait below one second; there a deadlock may
// choose the transaction of a frontend as its victim. Servers without SKIP
// LOCKED (MySQL before 8, MariaDB before 10.6) make it wait for tokens that are
// in use. On SQLite every transaction keeps all other writers waiting; give the
// driver a busy timeout and immediate transactions (with modernc.org/sqlite
// _pragma=busy_timeout(5000) and _txlock=immediate).
//
// # Pace
//
// A run pauses between its transactions. During a pause it looks whether other
// clients write: SQLite's data_version, the statement counters of MySQL, the
// transaction numbers of PostgreSQL. Without other writers it pauses for a fifth of
// the time on SQLite, whose clients look for its lock now and then only, and for a
// twentieth elsewhere. Beside them the pauses are in proportion to its work and to what
// they lose by it: at least as long as the work, and seven times as long where
// they can do nothing meanwhile, as on SQLite. So they keep four fifths of their
// rate, and the run takes several times as long as alone. A second run, or
// mosparo's own cleanup, counts as a writer: both become slower, and both end. The
// time limit of [cleanup.Limits] includes the pauses.
//
// # Rights
//
// [Grants] are the statements that give a user what it needs, and the
// [RightsError] of [DB.CheckRights] has those that it lacks: SELECT on project
// and doctrine_migration_versions; SELECT and DELETE on submission,
// partial_submission, detection_result, delay, lockout and day_statistic; these
// and UPDATE of last_submission_id on submit_token; SELECT, INSERT, UPDATE and
// DELETE on cleanup_statistic.
package sqlcleaner
