// Package sqlcleaner implements [cleanup.Database] on mosparo's own tables, over
// database/sql, on SQLite, MySQL, MariaDB and PostgreSQL:
//
//	db, err := sql.Open("pgx", dsn)
//	...
//	d := sqlcleaner.New(db, sqlcleaner.PostgreSQL)
//	s := cleanup.New(pool, locker, d)
//
// It opens no database and links no driver. It neither decides when to clean nor keeps
// other nodes from cleaning at the same time: package cleanup does.
//
// # Guarantees
//
// A run works in transactions of about 0.1 s (SQLite: 0.15 s). A transaction locks tokens that
// no other client has locked, checks again that they are free, and deletes them with all
// rows that refer to them. So a submission that arrives meanwhile either keeps its token, or
// finds that it does not exist; it is never left without one.
//
// While a transaction holds locks it does not wait for those of others (50 ms on PostgreSQL,
// not at all on MariaDB; see below for MySQL). On a conflict the transaction of the run is
// rolled back and repeated, and that of the frontend goes on. The memory of a run does not
// depend on the number of rows.
//
// # Pace
//
// A run pauses between its transactions. During a pause it detects whether other clients
// write: by SQLite's data_version, the statement counters of MySQL, or the transaction
// numbers of PostgreSQL.
//
// The length of the pauses is a ratio to the work between them. Without other writers it is
// 1/4 on SQLite, whose clients only poll its lock, and 1/20 elsewhere. Beside other writers
// it depends on what they lose while the run works: from 1/4, if they lose nothing, to 6, if
// they are blocked, as on SQLite. So the writers keep four fifths of their rate, and the run
// takes several times as long as alone. A second run, or mosparo's own cleanup, counts as a
// writer: both become slower, and both end. The time limit of [cleanup.Limits] includes the
// pauses.
//
// # Limits
//
// MySQL, unlike MariaDB, has no wait below one second. A run locks tokens and submissions
// without waiting, but may wait for other rows and, on MySQL before 8, for submissions:
// a deadlock may choose the transaction of a frontend as its victim then. On servers
// without SKIP LOCKED (MySQL before 8, MariaDB before 10.6) a run waits for tokens that are
// in use.
//
// On Galera a lock holds on its own node only: a frontend that submits with a due token on
// another node at the same moment may get a deadlock error.
//
// On SQLite every transaction keeps all other writers waiting. Give the driver a busy
// timeout and immediate transactions (with modernc.org/sqlite _pragma=busy_timeout(5000) and
// _txlock=immediate).
//
// # Rights
//
// The user of the database needs SELECT on project and doctrine_migration_versions; SELECT
// and DELETE on submission, partial_submission, detection_result, delay, lockout and
// day_statistic; SELECT, DELETE and UPDATE (last_submission_id) on submit_token; SELECT,
// INSERT, UPDATE and DELETE on cleanup_statistic. [Grants] returns the statements, and the
// [RightsError] of [DB.CheckRights] those for missing rights.
package sqlcleaner
