//go:build race

package repotest

import "flag"

// Under the race detector, laws that are properties are drawn 20 times unless the
// command line says otherwise: what races is how calls meet, not what they are about.
func init() {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err) // rapid has the flag
	}
}
