// Package convert makes OTLP spans of the rows of Agno's tables. It knows no
// database, so that the fuzzing of rows does not drag the drivers along.
package convert
