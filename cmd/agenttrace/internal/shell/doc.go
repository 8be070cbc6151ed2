// Package shell is what a command knows of the place where its words end up: how
// wide it is, whether it shows colour, whether somebody watches. It makes text
// from strangers harmless, lays out lines and tables by the columns that
// characters really take, and keeps results apart from what accompanies them.
//
// Results go to standard output. Progress, hints and errors go to standard error,
// progress only when that is a terminal. Nothing here knows what the text means.
package shell
