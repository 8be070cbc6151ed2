// Package draw turns what the server says into lines for people: a trace as a tree
// with a waterfall, usage as bars, metrics as charts. It is pure: the same messages,
// time zone and width give the same lines, wherever they go.
package draw
