// Package doctor examines a node of a mosparo cluster and says what is wrong, what happens
// if it stays, and what to do.
//
//	settings, err := envconfig.Load("/path/to/mosparo", os.Environ())
//	report := doctor.Examine(ctx, settings, doctor.WithMySQL(mysqlconnector.New))
//	for _, f := range report.Findings {
//		fmt.Println(f.Severity, f.Subject, f.What, f.Consequence, f.Remedy)
//	}
//
// [Settings] returns the findings that need no connection. [Examine] also looks at the
// shared cache, the locks, the database, mosparo's files and the records of other nodes, at
// the same time and within the deadline of its context. [ACLs] and [Grants] return the rights
// that a node needs. The command mosparoctl doctor prints all of them.
//
// For operators, "What can go wrong" in examples/deploy/README.md explains the errors that
// are no findings.
//
// It does not promise to find everything: what a server does not let this user read is left
// out. A report is what one node sees; the others may see something else.
//
// # What it does to the servers
//
// Unless [WithWrites] says otherwise, Examine writes nothing. It reads mosparo's schedule
// and statistics about the servers. As a node does, it has the database explain statements
// that match no row, and on SQLite takes the write lock for a moment.
//
// To find the commands that an ACL of Redis does not allow, it sends each in a form that
// can change nothing (SET with NX and XX, which exclude each other, DEL of a key that does
// not exist, and so on), always for keys of its own, mosparoGoDoctor… or
// mosparoGoLockDoctor… with random digits: Redis checks the rights before it looks at the
// arguments. A refused command is in the server's ACL LOG.
//
// # Codes
//
// Of settings:
//
//	setting_invalid, setting_warning, setting_misspelled, redis_url_without_adapter,
//	memcached_url_without_adapter, adapter_contradicts_address, cache_address_default,
//	cache_on_this_host, cache_address_unsupported, cache_path_unset, shared_cache_missing,
//	css_in_files, grace_period_off, intervals_contradict, database_not_configured,
//	database_unknown, database_setting_invalid, database_setting_warning,
//	sqlite_with_shared_cache, password_without_server, mosparo_version_unknown,
//	health_check_bypassed, lock_address_invalid, locks_elsewhere
//
// Of the server of the shared cache; those of a server that only has the locks begin with
// locks_ instead:
//
//	cache_address_unusable, cache_unreachable, cache_unavailable, cache_unauthorized,
//	cache_tls, password_not_needed, cache_slow, cache_clock, cache_version_too_old,
//	cache_replica, cache_evicts, cache_memory_scarce, cache_not_durable, cache_save_failed,
//	cache_info_forbidden, cache_acl_words_missing, cache_acl_write_words_missing,
//	cache_acl_keys_missing, cache_best_effort_locks, cache_write_failed, lock_failed
//
// Of a filesystem cache, and of mosparo's directory:
//
//	cache_unreadable, cache_dir_missing, cache_dir_not_writable, cache_dir_world_writable,
//	cache_dir_other_owner, lock_dir_not_writable, directory_unreadable,
//	directory_world_writable, settings_world_readable, settings_world_writable, other_user
//
// Of the database:
//
//	database_address_unusable, database_unreachable, database_unauthorized,
//	database_missing, database_tls, database_slow, database_clock, database_read_only,
//	database_rights, database_columns, database_foreign_keys, database_migrations,
//	time_zone, database_projects, database_isolation, database_connections_scarce,
//	database_connections_exhausted, database_check_failed
//
// Of the other nodes, and of any part:
//
//	nodes_differ, nodes_mosparo_differs, nodes_library_differs, nodes_clock,
//	nodes_unreadable, check_timed_out, check_failed
//
// # Keys
//
// With WithWrites, mosparoGoDoctor… with 16 hexadecimal digits is the key of an entry of 10
// seconds, written by Examine.
package doctor
