// Package querytest makes queries and traces for tests of everything that has
// to agree about the language's meaning.
//
// [Queries] and [MetricsQueries] draw random queries with every operator and
// every kind of node, [Traces] draws random traces. Both take their words and
// numbers from the same small vocabularies, so that queries find something, and
// the vocabularies are full of what stores get wrong: case, wildcards of LIKE,
// what is no UTF-8, integers that are no floats, attributes that are too long
// for a row.
//
// [Examples] is the table of texts that are queries, and of texts that are not.
package querytest
