// Package otlpfile reads and writes files of traces in OpenTelemetry's own
// format.
//
// # What is written
//
// In protobuf, a file is TracesData messages one after the other, which is
// again one TracesData message: every tool that knows OTLP's protobuf reads it.
// In JSON, each line is one TracesData object in OTLP's JSON, as the file
// exporter of the OpenTelemetry Collector writes and its receiver reads. Either
// may be compressed with zstd.
//
// # What is read
//
// All of that; what the Collector's file exporter writes with 4-byte lengths in
// front (protobuf, or anything compressed); JSON that is not a line each, and
// lists of it; gzip. Which it is, the first bytes tell. Files are read one
// ResourceSpans at a time, so memory is bounded by the largest of them.
package otlpfile
