package doctor

// For the tests.
var (
	NodeFindings    = nodeFindings
	ParseInfo       = parseInfo
	MinimumDistance = distance
)

// InfoFindings are the findings about a server by its INFO.
func InfoFindings(info map[string]string, cache, locks bool, name string) []Finding {
	return infoFindings(info, usage{cache: cache, locks: locks}, name)
}
