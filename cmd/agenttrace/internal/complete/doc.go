// Package complete finds what a half-typed command line may go on with: commands,
// flags and their values, as kong's model of the grammar has them, and values that
// only a server knows. The scripts for shells are small and ask the program itself,
// so that they are never older than it.
package complete
