package page

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/mosparo/go-cluster/envconfig/connect/doctor"
)

// Latest returns the function with which a page asks for the last report.
func Latest(examine func(context.Context) doctor.Report) func(context.Context) (doctor.Report, bool) {
	p := &Page{examine: examine}
	p.setExamination()
	return p.readExamination
}

// Sample adds n measurements to each chart, as if the page had run for a while.
func Sample(p *Page, n int) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		at := time.Now().Add(-time.Duration(n-i) * sampleEvery)
		cache := time.Duration(300+random.IntN(200)) * time.Microsecond
		database := time.Duration(900+random.IntN(900)) * time.Microsecond
		if i == n/3 {
			database *= 4
		}
		p.cache.samples = append(p.cache.samples, sample{at: at, latency: cache, failed: i == n/2})
		p.database.samples = append(p.database.samples, sample{at: at, latency: database})
	}
}
