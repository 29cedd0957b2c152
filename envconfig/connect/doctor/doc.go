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
// shared cache, the locks, the database and mosparo's files, at the same time and within
// the deadline of its context. [ACLs] and [Grants] return the rights that a node needs. The
// command mosparoctl doctor prints all of them.
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
// # Keys
//
// With WithWrites, mosparoGoDoctor… with 16 hexadecimal digits is the key of an entry of 10
// seconds, written by Examine.
package doctor
