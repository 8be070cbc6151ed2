package agenttrace

import (
	"fmt"
	"math"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The details of errors are read from the wire: they are four small messages of
// google.rpc and buf.validate, and not worth the modules that define them.

const errorDomain = "agenttrace"

// addDetail takes what there is in a detail. One that is broken, or of a kind
// that is not known, is left out: the error is still right without it.
func (e *CallError) addDetail(kind string, data []byte) {
	switch kind {
	case "google.rpc.ErrorInfo":
		e.addErrorInfo(data)
	case "google.rpc.RetryInfo":
		eachField(data, func(n protowire.Number, f field) {
			if n == 1 {
				e.RetryAfter = duration(f.bytes)
			}
		})
	case "google.rpc.BadRequest":
		eachField(data, func(n protowire.Number, f field) {
			if n == 1 {
				e.Violations = append(e.Violations, fieldViolation(f.bytes))
			}
		})
	case "buf.validate.Violations":
		eachField(data, func(n protowire.Number, f field) {
			if n == 1 {
				e.Violations = append(e.Violations, ruleViolation(f.bytes))
			}
		})
	}
}

func (e *CallError) addErrorInfo(data []byte) {
	var reason, domain string
	metadata := map[string]string{}
	eachField(data, func(n protowire.Number, f field) {
		switch n {
		case 1:
			reason = string(f.bytes)
		case 2:
			domain = string(f.bytes)
		case 3:
			var key, value string
			eachField(f.bytes, func(n protowire.Number, f field) {
				switch n {
				case 1:
					key = string(f.bytes)
				case 2:
					value = string(f.bytes)
				}
			})
			metadata[key] = value
		}
	})
	if domain == errorDomain {
		e.Reason, e.Metadata = reason, metadata
	}
}

// duration reads a google.protobuf.Duration, which is never negative here.
func duration(data []byte) time.Duration {
	var seconds, nanos int64
	eachField(data, func(n protowire.Number, f field) {
		switch n {
		case 1:
			seconds = int64(f.number)
		case 2:
			nanos = int64(int32(f.number))
		}
	})
	if seconds < 0 || nanos < 0 || seconds > math.MaxInt64/int64(time.Second)-1 {
		return 0
	}
	return time.Duration(seconds)*time.Second + time.Duration(min(nanos, int64(time.Second)-1))
}

// fieldViolation reads a google.rpc.BadRequest.FieldViolation.
func fieldViolation(data []byte) (v Violation) {
	eachField(data, func(n protowire.Number, f field) {
		switch n {
		case 1:
			v.Field = string(f.bytes)
		case 2:
			v.Description = string(f.bytes)
		}
	})
	return v
}

// ruleViolation reads a buf.validate.Violation.
func ruleViolation(data []byte) (v Violation) {
	eachField(data, func(n protowire.Number, f field) {
		switch n {
		case 3:
			v.Description = string(f.bytes)
		case 5:
			v.Field = fieldPath(f.bytes)
		}
	})
	return v
}

// fieldPath reads a buf.validate.FieldPath, as types[2] or labels.
func fieldPath(data []byte) string {
	var path []string
	eachField(data, func(n protowire.Number, f field) {
		if n != 1 {
			return
		}
		var name, index string
		eachField(f.bytes, func(n protowire.Number, f field) {
			switch n {
			case 2:
				name = string(f.bytes)
			case 6:
				index = fmt.Sprintf("[%d]", f.number)
			}
		})
		path = append(path, name+index)
	})
	return strings.Join(path, ".")
}

// field is the value of a field: a number or bytes.
type field struct {
	number uint64
	bytes  []byte
}

// eachField calls f for each field of a message up to the first that is broken,
// and reports whether none was.
func eachField(data []byte, f func(protowire.Number, field)) bool {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		data = data[n:]
		var value field
		switch kind {
		case protowire.VarintType:
			value.number, n = protowire.ConsumeVarint(data)
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(number, kind, data)
		}
		if n < 0 {
			return false
		}
		data = data[n:]
		if kind == protowire.VarintType || kind == protowire.BytesType {
			f(number, value)
		}
	}
	return true
}
