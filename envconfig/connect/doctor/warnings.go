package doctor

import (
	"github.com/mosparo/go-cluster/envconfig"
	"github.com/mosparo/go-cluster/envconfig/connect"
)

// explanation says what a warning of envconfig means for a cluster.
type explanation struct{ consequence, remedy string }

// explanations are those of the settings whose warnings need more than the general one.
var explanations = map[string]explanation{
	"TRUSTED_PROXIES": {
		"the address of a client may be wrong: that of the balancer, or one that the client forged, which counts for the health allow list and for mosparo's delays and lockouts",
		"list the addresses of the load balancers, and no others",
	},
	"MOSPARO_HEALTH_ALLOW_LIST": {
		"load balancers that are not allowed get 404 and take the node out, or everyone can ask for its health",
		"list the addresses of the load balancers, separated by commas without spaces",
	},
	"FILESYSTEM_CACHE_PATH": {
		"processes use different directories, so that they share neither cache nor locks",
		"write the absolute path of a directory that all nodes share",
	},
	"REDIS_URL": {
		"the nodes may use another server, database or user than you mean",
		"write the address in a form without a warning; mosparoctl config dsn shows how it is understood",
	},
	"MEMCACHED_URL": {
		"the nodes may choose another server or other options than you mean",
		"write the address in a form without a warning; mosparoctl config dsn shows how it is understood",
	},
	"database_driver": {
		"mosparo uses another database than the one of that address, if it differs",
		"remove DATABASE_URL, and set database_driver, database_host and so on",
	},
	"MOSPARO_PREPARE_CSS_FILES_IN_SHARED_CACHE": {
		"the setting has the opposite effect of what it says",
		"write 1 or 0",
	},
	"replace_forwarded_for_header": {
		"the address of a client is that of the balancer",
		"set replace_forwarded_for_header, and leave TRUSTED_PROXIES as mosparo ships it",
	},
	"replaced_forwarded_proto_header": {
		"mosparo takes requests for plain HTTP, and may redirect them",
		"set replaced_forwarded_proto_header, and leave TRUSTED_PROXIES as mosparo ships it",
	},
}

var outOfRange = explanation{
	"retention and schedule are those of the default, not the ones that you mean",
	"write a number within the range, on all nodes",
}

func explain(name string) explanation {
	switch name {
	case "MOSPARO_SUBMIT_TOKEN_RETENTION_PERIOD", "MOSPARO_SUBMISSION_RETENTION_PERIOD", "MOSPARO_CLEANUP_PROCESS_INTERVAL", "MOSPARO_CLEANUP_UNFINISHED_INTERVAL":
		return outOfRange
	}
	if e, ok := explanations[name]; ok {
		return e
	}
	return explanation{"the setting has another effect than its value suggests", "write a value that mosparo understands, such as 1 or 0 for a switch"}
}

// warnings are those of envconfig.
func warnings(s *envconfig.Settings) (all []Finding) {
	for v := range s.Warnings() {
		if v.Name == "FILESYSTEM_CACHE_PATH" && connect.LocksAreLocal(s) {
			continue // cache_path_unset says more
		}
		e := explain(v.Name)
		all = append(all, Finding{
			Code: "setting_warning", Severity: Warning, Subject: v.Name, What: v.Warning,
			Consequence: e.consequence, Remedy: e.remedy,
		})
	}
	return all
}
