// Package stats sums up calls, traces and spans for the services: usage rows from
// the bills that settling keeps, and how many traces and spans there were, how
// long they took and how many of them failed.
//
// Nothing here is safe for concurrent use.
package stats
