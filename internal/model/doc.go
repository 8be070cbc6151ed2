// Package model holds agenttrace's nouns as plain values: spans, traces, their
// ids and attribute values, and the rules by which many spans become one trace.
//
// It imports nothing of ours and does no input or output. Zero values are
// useful: an empty string or a zero number means "absent" wherever the OTLP
// specification does not distinguish the two. Values carry no locks; whoever
// holds one decides who else may touch it.
package model
