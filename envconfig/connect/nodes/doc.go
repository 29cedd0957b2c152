// Package nodes lets the nodes of a cluster see each other, and compares the files and
// settings that mosparo wants to be the same on all of them. A [Registry] keeps the record
// of its own node in the shared cache and reads those of the others.
//
//	registry := nodes.New(pool, locker, settings, nodes.WithMode(cleanup.ModeClean))
//	go registry.Run(ctx)
//	overview, err := registry.Overview(ctx)
//	for _, d := range overview.Differences {
//		fmt.Println(overview.Describe(d))
//	}
//
// It does not promise that a node that is listed is alive, only that it was when it wrote
// its record, a few minutes ago at most; nor that nodes without a difference are the same:
// it compares what is listed below.
//
// # Modes
//
// A node that observes writes nothing. It reads the records of the others when
// [Registry.Overview] is called, and says that it is not listed. A node that takes part
// renews its record every minute and logs each difference once, when it has lasted for five
// minutes, since a synchronisation takes its time.
//
// PHP nodes write no record. [Registry.Publish] writes one for the installation in a
// directory; the command "mosparoctl files publish" calls it from cron.
//
// # Keys
//
//	key                          value                  lifetime   writer
//
//	mosparoGoNode.{id}           record of a node       5 minutes  Go, every minute
//	                                                    as told    Publish
//	mosparoGoNodes               ids of all nodes       7 days     Go and Publish, for a node that
//	                                                               is new, or after half of it
//	mosparoGoNodeFiles.{id}.{n}  part of a node's list  as told    Publish
//	                             of files
//
// All are arrays that PHP can read. An id is made from host and directory, so that a restart
// keeps it. A cluster has 256 nodes at most.
//
// A heartbeat is one request that reads the list of ids and the records that the node
// knows, and one that writes its own. Only a new node costs a second read. The list is
// written if the node's own id is missing or half its lifetime is over, together with the
// record and under the lock mosparo/nodes, so that no update is lost. With locks that are
// best effort, as on memcached, a lost id is back after a minute. Ids without a record are
// removed with the next write. If the list is lost, each node adds itself with its next
// heartbeat; until then the others still know its id.
//
// What is in these keys comes from the network: ids, texts and numbers of elements are
// checked and limited, and what does not fit is left out.
//
// # Fingerprints
//
// A [Fingerprints] holds keyed hashes (HMAC-SHA256, cut to 128 bits), never a value. The key
// is derived from mosparo's encryption_key, without which passwords cannot be guessed from
// the hashes of settings. Nodes with another encryption_key cannot be compared, which is a
// difference of its own. Names of settings and paths are stored as they are, since an
// operator needs them; the shared cache has the ids of the projects anyway. There are
// fingerprints of
//
//   - each setting of env.mosparo.php;
//   - the folders public/resources and var/data: one hash of all their files, and the 50
//     files changed last, to name what differs;
//   - the version of mosparo's source code together with the base CSS.
//
// A file is hashed again only if its size or modification time has changed. Left out are
// var/data/import, databases of SQLite, and temporary, hidden and lock files. Links are
// hashed as links, never followed. A folder with more than 20,000 files is not compared, and
// of a file larger than 256 MB only the size is. Hashing ends after ten seconds and goes on a
// few minutes later; until all files of a folder are hashed, the folder is not compared.
// Files are looked at for a twentieth of the time at most.
//
// What may differ between nodes is declared with [WithMayDiffer]; such a difference is
// shown as one that may be, and not logged. If prepared CSS is in the shared cache, that is
// so for public/resources.
package nodes
