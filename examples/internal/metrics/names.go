package metrics

// Kind is the type of a metric.
type Kind string

// The types that Prometheus has and a node uses.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Metric describes a metric. Its name has the base unit, as Prometheus' naming
// conventions ask for.
type Metric struct {
	Name string
	Kind Kind
	Help string
	// Labels are the names of the labels.
	Labels []string
	// Buckets are the upper bounds of a histogram.
	Buckets []float64
}

var (
	// fast is for requests to servers of the local network.
	fast = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	// slow is for waiting and work that may take minutes.
	slow = []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600}
)

// The metrics of a node.
var (
	BuildInfo = Metric{
		Name: "mosparo_build_info", Kind: Gauge, Labels: []string{"version", "goversion"},
		Help: "Version of the program, as the value 1.",
	}
	NodeInfo = Metric{
		Name: "mosparo_node_info", Kind: Gauge, Labels: []string{"mode", "css_source"},
		Help: "Mode of the cleanup and where prepared CSS is kept, as the value 1.",
	}

	CacheOperations = Metric{
		Name: "mosparo_cache_operations_total", Kind: Counter, Labels: []string{"operation", "result"},
		Help: "Operations on keys of the shared cache.",
	}
	CacheDuration = Metric{
		Name: "mosparo_cache_operation_duration_seconds", Kind: Histogram, Labels: []string{"operation"}, Buckets: fast,
		Help: "Time that operations on the shared cache took, failed ones included.",
	}

	DatabaseOperations = Metric{
		Name: "mosparo_database_operations_total", Kind: Counter, Labels: []string{"operation", "result"},
		Help: "Requests to the database, each of several tries included. A conflict was repeated. Each scrape is a ping.",
	}
	DatabaseDuration = Metric{
		Name: "mosparo_database_operation_duration_seconds", Kind: Histogram, Labels: []string{"operation"}, Buckets: fast,
		Help: "Time that requests to the database took, failed ones included.",
	}

	LockOperations = Metric{
		Name: "mosparo_lock_operations_total", Kind: Counter, Labels: []string{"lock", "operation", "result"},
		Help: "Acquisitions, renewals, releases and other ends of leases.",
	}
	LockWait = Metric{
		Name: "mosparo_lock_wait_seconds", Kind: Histogram, Labels: []string{"lock"}, Buckets: slow,
		Help: "Time until a lock was acquired.",
	}
	LockHold = Metric{
		Name: "mosparo_lock_hold_seconds", Kind: Histogram, Labels: []string{"lock"}, Buckets: slow,
		Help: "Time for which a lock was held, until it was released or lost.",
	}
	LeasesLost = Metric{
		Name: "mosparo_lock_leases_lost_total", Kind: Counter, Labels: []string{"lock"},
		Help: "Leases that were lost before they were released.",
	}

	CleanupAttempts = Metric{
		Name: "mosparo_cleanup_attempts_total", Kind: Counter, Labels: []string{"executor", "result"},
		Help: "Attempts of this node to clean up. Those that ran have the result completed or unfinished.",
	}
	CleanupDuration = Metric{
		Name: "mosparo_cleanup_run_duration_seconds", Kind: Histogram, Labels: []string{"executor"}, Buckets: slow,
		Help: "Time that cleanups of this node took, all waiting included.",
	}
	CleanupSubmissions = Metric{
		Name: "mosparo_cleanup_deleted_submissions_total", Kind: Counter,
		Help: "Submissions that cleanups of this node have deleted.",
	}
	CleanupTokens = Metric{
		Name: "mosparo_cleanup_deleted_tokens_total", Kind: Counter,
		Help: "Submit tokens that cleanups of this node have deleted.",
	}
	CleanupComplete = Metric{
		Name: "mosparo_cleanup_last_complete_timestamp_seconds", Kind: Gauge,
		Help: "Unix time at which the last complete cleanup of any node ended. Absent if there is none.",
	}
	CleanupOverlaps = Metric{
		Name: "mosparo_cleanup_overlaps_total", Kind: Counter,
		Help: "Pairs of cleanups that ran at the same time, of any nodes, since this one started.",
	}

	CSSRequests = Metric{
		Name: "mosparo_css_requests_total", Kind: Counter, Labels: []string{"operation", "result"},
		Help: "Requests for CSS. A hit was prepared CSS, a miss the base CSS, stale CSS may be out of date.",
	}
	CSSDuration = Metric{
		Name: "mosparo_css_request_duration_seconds", Kind: Histogram, Labels: []string{"operation"}, Buckets: fast,
		Help: "Time until the response to a request for CSS was written.",
	}
	CSSAge = Metric{
		Name: "mosparo_css_age_seconds", Kind: Gauge,
		Help: "Time since the CSS of the last response was read from the store.",
	}
	CSSGenerations = Metric{
		Name: "mosparo_css_generations_total", Kind: Counter, Labels: []string{"result"},
		Help: "Preparations of CSS by this node.",
	}
	CSSGeneration = Metric{
		Name: "mosparo_css_generation_duration_seconds", Kind: Histogram, Buckets: slow,
		Help: "Time that preparations of CSS took.",
	}
)

// All returns every metric of a node.
func All() []Metric {
	return []Metric{
		BuildInfo, NodeInfo,
		CacheOperations, CacheDuration, DatabaseOperations, DatabaseDuration,
		LockOperations, LockWait, LockHold, LeasesLost,
		CleanupAttempts, CleanupDuration, CleanupSubmissions, CleanupTokens, CleanupComplete, CleanupOverlaps,
		CSSRequests, CSSDuration, CSSAge, CSSGenerations, CSSGeneration,
	}
}
