// Package runs derives what a trace means from its spans: its runs and how they
// nest, on whose behalf each span ran, which calls were made and what they cost.
//
// [Of] is a pure function of the spans, whatever their order, so that a trace
// may be derived anew whenever a span of it comes late. It reads the narrow
// fields only, changes nothing, and takes time and memory in proportion to the
// spans, however they hang together: parents are foreign data.
//
// The rules:
//
//   - A run is a span of an agent, a team or a workflow. A span belongs to the
//     nearest run at or above it.
//   - A run that starts when the team above it has ended is detached: it is a top
//     of its own, and nothing is passed between it and what is above. Agno leaves
//     a team's context behind, so that whatever runs next looks like its part.
//   - What a span does not say of its identity, it has from the nearest span above
//     that does.
//   - Of usage that is reported more than once on a way down the tree, the deepest
//     report counts; the others are copies.
package runs
