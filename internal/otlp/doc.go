// Package otlp turns OTLP bytes into agenttrace's model and back. It is the one
// place where a span is normalised, whatever vocabulary it speaks.
//
// # Writing
//
// [Parse] walks a protobuf request once, without reflection, and yields one
// [model.Record] per span: the narrow fields that databases search, and the
// span's own bytes, untouched, which alias the request. [FromJSON] brings OTLP
// JSON into the same form first (package otlpjson). [BuildSegments] compresses the spans of one
// trace and day together; [OpenSegment] undoes it.
//
// # Reading
//
// [DecodeSpans] yields complete spans. [EncodeSpans] is its inverse, and with
// [AddMissingAttributes] it lets the spans of our own API in. [ParseStored] reads
// the narrow fields alone, and [Pick] leaves spans out of a message.
//
// # Conventions
//
// Which attribute feeds which derived field, in which order of preference, is
// the table in conventions.go. What token counts mean depends on who reports them:
// that is the table in usagerules.go. docs/conventions.md shows both to users.
//
// # Foreign bytes
//
// Everything here reads what strangers send. Nothing panics, recursion and
// memory are bounded by [Limits], and a bad span is rejected alone, with a
// reason that says what would be right. Functions are safe for concurrent use.
package otlp
