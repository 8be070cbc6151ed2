package series

// Grid is a range of time, cut into steps. Times are nanoseconds since the Unix
// epoch. The last step ends where the grid does and may be shorter.
type Grid struct {
	Start int64 // of the first step
	End   int64 // exclusive
	Step  int64 // length of a step
}

// Steps returns how many steps the grid has.
func (g Grid) Steps() int64 {
	if g.Step <= 0 || g.End <= g.Start {
		return 0
	}
	// Unsigned, since the range may be longer than the greatest int64.
	length := uint64(g.End) - uint64(g.Start)
	return int64((length-1)/uint64(g.Step)) + 1
}

// stepOf returns the number of the step that a time lies in, from 0.
func (g Grid) stepOf(nano int64) (step int64, ok bool) {
	if g.Step <= 0 || nano < g.Start || nano >= g.End {
		return 0, false
	}
	return int64((uint64(nano) - uint64(g.Start)) / uint64(g.Step)), true
}

// time returns when a step starts.
func (g Grid) time(step int64) int64 { return g.Start + step*g.Step }

// seconds returns how long a step is.
func (g Grid) seconds(step int64) float64 {
	return float64(min(uint64(g.Step), uint64(g.End)-uint64(g.time(step)))) / 1e9
}
