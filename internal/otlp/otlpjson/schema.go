package otlpjson

import "google.golang.org/protobuf/encoding/protowire"

// messageID names one of OTLP's message types.
type messageID uint8

const (
	msgTraces messageID = iota
	msgResourceSpans
	msgResource
	msgEntityRef
	msgScopeSpans
	msgScope
	msgSpan
	msgEvent
	msgLink
	msgStatus
	msgKeyValue
	msgAnyValue
	msgArray
	msgMap
	numMessages
)

// kind says how a JSON value becomes a protobuf field.
type kind uint8

const (
	kindNested kind = iota
	kindString
	kindBool
	kindInt64
	kindUint32
	kindFixed32
	kindFixed64
	kindDouble
	kindBytes
	kindTraceID
	kindSpanID
	kindEnum
)

type field struct {
	num      protowire.Number
	kind     kind
	repeated bool
	message  messageID // of kind kindNested
	member   bool      // of a oneof: written even when it is zero
	enum     map[string]uint64
}

// schema has, for each message, its fields by their names in JSON. OTLP
// takes lowerCamelCase names only; others are unknown, and ignored.
var schema = [numMessages]map[string]field{
	msgTraces: {
		"resourceSpans": {num: 1, repeated: true, message: msgResourceSpans},
	},
	msgResourceSpans: {
		"resource":   {num: 1, message: msgResource},
		"scopeSpans": {num: 2, repeated: true, message: msgScopeSpans},
		"schemaUrl":  {num: 3, kind: kindString},
	},
	msgResource: {
		"attributes":             {num: 1, repeated: true, message: msgKeyValue},
		"droppedAttributesCount": {num: 2, kind: kindUint32},
		"entityRefs":             {num: 3, repeated: true, message: msgEntityRef},
	},
	msgEntityRef: {
		"schemaUrl":       {num: 1, kind: kindString},
		"type":            {num: 2, kind: kindString},
		"idKeys":          {num: 3, repeated: true, kind: kindString},
		"descriptionKeys": {num: 4, repeated: true, kind: kindString},
	},
	msgScopeSpans: {
		"scope":     {num: 1, message: msgScope},
		"spans":     {num: 2, repeated: true, message: msgSpan},
		"schemaUrl": {num: 3, kind: kindString},
	},
	msgScope: {
		"name":                   {num: 1, kind: kindString},
		"version":                {num: 2, kind: kindString},
		"attributes":             {num: 3, repeated: true, message: msgKeyValue},
		"droppedAttributesCount": {num: 4, kind: kindUint32},
	},
	msgSpan: {
		"traceId":                {num: 1, kind: kindTraceID},
		"spanId":                 {num: 2, kind: kindSpanID},
		"traceState":             {num: 3, kind: kindString},
		"parentSpanId":           {num: 4, kind: kindSpanID},
		"name":                   {num: 5, kind: kindString},
		"kind":                   {num: 6, kind: kindEnum, enum: spanKinds},
		"startTimeUnixNano":      {num: 7, kind: kindFixed64},
		"endTimeUnixNano":        {num: 8, kind: kindFixed64},
		"attributes":             {num: 9, repeated: true, message: msgKeyValue},
		"droppedAttributesCount": {num: 10, kind: kindUint32},
		"events":                 {num: 11, repeated: true, message: msgEvent},
		"droppedEventsCount":     {num: 12, kind: kindUint32},
		"links":                  {num: 13, repeated: true, message: msgLink},
		"droppedLinksCount":      {num: 14, kind: kindUint32},
		"status":                 {num: 15, message: msgStatus},
		"flags":                  {num: 16, kind: kindFixed32},
	},
	msgEvent: {
		"timeUnixNano":           {num: 1, kind: kindFixed64},
		"name":                   {num: 2, kind: kindString},
		"attributes":             {num: 3, repeated: true, message: msgKeyValue},
		"droppedAttributesCount": {num: 4, kind: kindUint32},
	},
	msgLink: {
		"traceId":                {num: 1, kind: kindTraceID},
		"spanId":                 {num: 2, kind: kindSpanID},
		"traceState":             {num: 3, kind: kindString},
		"attributes":             {num: 4, repeated: true, message: msgKeyValue},
		"droppedAttributesCount": {num: 5, kind: kindUint32},
		"flags":                  {num: 6, kind: kindFixed32},
	},
	msgStatus: {
		"message": {num: 2, kind: kindString},
		"code":    {num: 3, kind: kindEnum, enum: statusCodes},
	},
	msgKeyValue: {
		"key":   {num: 1, kind: kindString},
		"value": {num: 2, message: msgAnyValue},
	},
	msgAnyValue: {
		"stringValue": {num: 1, kind: kindString, member: true},
		"boolValue":   {num: 2, kind: kindBool, member: true},
		"intValue":    {num: 3, kind: kindInt64, member: true},
		"doubleValue": {num: 4, kind: kindDouble, member: true},
		"arrayValue":  {num: 5, message: msgArray, member: true},
		"kvlistValue": {num: 6, message: msgMap, member: true},
		"bytesValue":  {num: 7, kind: kindBytes, member: true},
	},
	msgArray: {"values": {num: 1, repeated: true, message: msgAnyValue}},
	msgMap:   {"values": {num: 1, repeated: true, message: msgKeyValue}},
}

// OTLP sends enums as numbers; protobuf's own JSON sends these names.
var (
	spanKinds = map[string]uint64{
		"SPAN_KIND_UNSPECIFIED": 0, "SPAN_KIND_INTERNAL": 1, "SPAN_KIND_SERVER": 2,
		"SPAN_KIND_CLIENT": 3, "SPAN_KIND_PRODUCER": 4, "SPAN_KIND_CONSUMER": 5,
	}
	statusCodes = map[string]uint64{
		"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2,
	}
)
