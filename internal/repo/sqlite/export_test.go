package sqlite

// LookRunsUp has runs be found by their indexes however few there are.
func (s *Store) LookRunsUp() { s.fewRuns = -1 }
