// Package compress opens and makes gzip and zstd for the doors.
//
// What comes in is hostile until shown otherwise: a few bytes may stand for
// gigabytes, or ask for a window of gigabytes. Whoever opens a body says how
// many bytes it may have, and memory is taken for bytes that are really there.
package compress
