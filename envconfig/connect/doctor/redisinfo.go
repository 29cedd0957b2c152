package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// info reads what the server says about itself.
func (x *redisServer) info(ctx context.Context, m master) {
	text, err := m.Info(ctx).Result()
	if err != nil {
		if isRefused(err) {
			x.result.add(Finding{
				Code: x.part + "_info_forbidden", Severity: Note, Subject: x.part,
				What:        fmt.Sprintf("the user %s may not run info, so version, role, memory and persistence of the server are not known", x.user()),
				Consequence: "neither this program nor a node can warn of a server that may drop locks",
				Remedy:      "ACL SETUSER " + x.user() + " +info",
			})
		}
		return
	}
	info := parseInfo(text)
	x.result.part.Version = info["redis_version"]
	for _, name := range []string{"role", "maxmemory", "maxmemory_policy", "used_memory", "evicted_keys", "aof_enabled", "connected_slaves"} {
		x.result.fact(name, info[name])
	}
	for _, f := range infoFindings(info, x.use, m.name) {
		f.Subject = x.part
		x.result.add(f)
	}
}

// parseInfo parses a reply to INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// infoFindings returns what is wrong with a server by its INFO. name tells it from the
// other masters of a cluster.
func infoFindings(info map[string]string, use usage, name string) (all []Finding) {
	of := "the server"
	if name != "" {
		of = "the master " + name
	}
	part := use.part()
	if major, _, _ := strings.Cut(info["redis_version"], "."); use.locks && number(major) > 0 && number(major) < 5 {
		all = append(all, Finding{
			Code: part + "_version_too_old", Severity: Error, What: fmt.Sprintf("%s is Redis %s; the locks need Redis 5 or later", of, info["redis_version"]),
			Consequence: "Go nodes get no lock, so they do not clean", Remedy: "update Redis, or give the locks a server of their own",
		})
	}
	if info["role"] == "slave" {
		all = append(all, Finding{
			Code: part + "_replica", Severity: Error, What: fmt.Sprintf("%s is a replica of %s:%s", of, info["master_host"], info["master_port"]),
			Consequence: "it refuses writes, or loses them: no schedule is saved, and no node gets a lock",
			Remedy:      "write the address of the master, or of Sentinel (?redis_sentinel=NAME), which follows it",
		})
	}
	all = append(all, memoryFindings(info, use, of)...)
	return append(all, persistenceFindings(info, part, of)...)
}

// memoryFindings says what the server does when its memory is full.
func memoryFindings(info map[string]string, use usage, of string) []Finding {
	limit, policy := number(info["maxmemory"]), info["maxmemory_policy"]
	if limit == 0 {
		return nil
	}
	part := use.part()
	evicts := Finding{
		Code: part + "_evicts", Severity: Warning,
		What:   fmt.Sprintf("%s removes entries when its memory is full: maxmemory-policy is %s (removed so far: %s)", of, policy, orUnknown(info["evicted_keys"])),
		Remedy: "set maxmemory-policy noeviction and enough memory, or give the locks a server of their own",
	}
	allKeys := strings.HasPrefix(policy, "allkeys-")
	switch {
	case use.locks && (allKeys || strings.HasPrefix(policy, "volatile-")):
		evicts.Consequence = "a lock that is held may vanish, and two nodes do the same work at the same time"
		if allKeys && use.cache {
			evicts.Consequence += "; without the schedule, the next cleanup is planned from the last run in the database"
		}
		return []Finding{evicts}
	case use.cache && allKeys:
		evicts.Consequence = "the schedule of the cleanup and the marker of a running one may vanish"
		return []Finding{evicts}
	}
	if used := number(info["used_memory"]); policy == "noeviction" && used > limit/10*9 {
		return []Finding{{
			Code: part + "_memory_scarce", Severity: Warning, What: fmt.Sprintf("%s uses %d of %d bytes, and removes nothing when they are used up (maxmemory-policy noeviction)", of, used, limit),
			Consequence: "it refuses writes: no schedule and no CSS is saved, and no node gets a lock",
			Remedy:      "raise maxmemory, or remove what other applications keep there",
		}}
	}
	return nil
}

// persistenceFindings says what a restart of the server costs.
func persistenceFindings(info map[string]string, part, of string) (all []Finding) {
	if info["rdb_last_bgsave_status"] == "err" || info["aof_last_write_status"] == "err" {
		all = append(all, Finding{
			Code: part + "_save_failed", Severity: Warning, What: of + " could not save its data to the disk",
			Consequence: "by default it refuses writes meanwhile (MISCONF)", Remedy: "see its log: the disk may be full, or the directory not writable",
		})
	}
	if info["aof_enabled"] == "0" {
		all = append(all, Finding{
			Code: part + "_not_durable", Severity: Note, What: of + " keeps no append-only file",
			Consequence: "a crash of it loses locks that are held, and the schedule since the last snapshot; fencing tokens keep their order by its clock",
			Remedy:      "set appendonly yes if that matters; a cluster recovers from the loss on its own",
		})
	}
	return all
}

// number parses a number, 0 if it is none.
func number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
