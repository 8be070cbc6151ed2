// Package plan finds out what of a query a database can decide.
//
// A plan is a necessary condition: what it excludes does not match, what it
// leaves is still to be decided by package match, unless the plan says that it
// is exact. So a plan can be wrong in one direction only, and a store that
// decides less than it is asked to is slow but right.
//
// There are three of each query: for the rows of spans, for those of traces, and
// for the bytes of their content. One translator makes them all; they differ in
// what they know of a single comparison, and take for true what they do not
// know. testdata/plans.golden shows what comes out of it.
package plan
