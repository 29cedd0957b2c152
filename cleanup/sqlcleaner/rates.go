package sqlcleaner

import "time"

// rates compares how often others write while the run works and while it pauses, if the
// database counts that.
type rates struct {
	last             traffic // at the end of the last pause
	own              float64 // transactions of the run since then that have written
	working, pausing rate
}

// rate is a number of writes in a time, with less weight for older ones.
type rate struct{ writes, seconds float64 }

// ageing is the factor by which older writes lose weight with each pause.
const ageing = 0.9

func (r *rate) add(writes float64, d time.Duration) {
	r.writes = ageing*r.writes + max(writes, 0)
	r.seconds = ageing*r.seconds + d.Seconds()
}

// add counts a pause, and the work between the last one and it.
func (r *rates) add(d Dialect, before, after traffic) {
	if !r.last.at.IsZero() {
		others := before.count - r.last.count
		if d == PostgreSQL {
			others -= r.own // each of them took a number
		}
		r.working.add(others, before.at.Sub(r.last.at))
		r.pausing.add(after.count-before.count, after.at.Sub(before.at))
	}
	r.last, r.own = after, 0
}

// loss returns the part of their rate that others lose while the run works, from 0 to 1. It
// returns false if that is not known.
func (r *rates) loss() (part float64, known bool) {
	if r.working.seconds == 0 || r.pausing.writes == 0 {
		return 0, false
	}
	working, pausing := r.working.writes/r.working.seconds, r.pausing.writes/r.pausing.seconds
	return min(max(1-working/pausing, 0), 1), true
}
