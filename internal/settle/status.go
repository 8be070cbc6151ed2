package settle

import "time"

// LeaseName is the name of the lease that the one loop holds which settles.
const LeaseName = name

// Status is how a loop is, as of its last look at the change log.
type Status struct {
	// Active is whether it holds the lease. The rest is zero where it does not.
	Active bool
	// Pending is how many traces have changed and not settled since.
	Pending int
	// Lag is how long ago the most overdue of them should have settled.
	Lag time.Duration
}

// Status returns how the loop is. It does not wait for anything.
func (l *Loop) Status() Status { return *l.status.Load() }
