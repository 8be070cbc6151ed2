//go:build race

package postgres_test

// raceEnabled tells whether the race detector watches.
const raceEnabled = true
