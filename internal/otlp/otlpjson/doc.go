// Package otlpjson rewrites OTLP's JSON as the same message in protobuf, without
// looking at what it says: one walk over spans then serves both.
//
// OTLP's JSON is protobuf's, except that ids are hex, enums are numbers and only
// lowerCamelCase names count. The text is read once and never recursed into
// deeper than OTLP's own messages and the permitted depth of attribute values.
//
// The way back, for files that others read, is [Encoder].
package otlpjson
