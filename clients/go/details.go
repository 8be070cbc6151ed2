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
		eachField(data, func(n protowire.Number, b []byte) {
			if n == 1 {
				e.RetryAfter = duration(b)
			}
		}, nil)
	case "google.rpc.BadRequest":
		eachField(data, func(n protowire.Number, b []byte) {
			if n == 1 {
				e.Violations = append(e.Violations, fieldViolation(b))
			}
		}, nil)
	case "buf.validate.Violations":
		eachField(data, func(n protowire.Number, b []byte) {
			if n == 1 {
				e.Violations = append(e.Violations, ruleViolation(b))
			}
		}, nil)
	}
}

func (e *CallError) addErrorInfo(data []byte) {
	var reason, domain string
	metadata := map[string]string{}
	eachField(data, func(n protowire.Number, b []byte) {
		switch n {
		case 1:
			reason = string(b)
		case 2:
			domain = string(b)
		case 3:
			entry := texts(b)
			metadata[entry[1]] = entry[2]
		}
	}, nil)
	if domain == errorDomain {
		e.Reason, e.Metadata = reason, metadata
	}
}

// duration reads a google.protobuf.Duration, which is never negative here.
func duration(data []byte) time.Duration {
	var seconds, nanos int64
	eachField(data, nil, func(n protowire.Number, v uint64) {
		switch n {
		case 1:
			seconds = int64(v)
		case 2:
			nanos = int64(int32(v))
		}
	})
	if seconds < 0 || nanos < 0 || seconds > math.MaxInt64/int64(time.Second)-1 {
		return 0
	}
	return time.Duration(seconds)*time.Second + time.Duration(min(nanos, int64(time.Second)-1))
}

// fieldViolation reads a google.rpc.BadRequest.FieldViolation.
func fieldViolation(data []byte) Violation {
	fields := texts(data)
	return Violation{Field: fields[1], Description: fields[2]}
}

// ruleViolation reads a buf.validate.Violation.
func ruleViolation(data []byte) Violation {
	fields := texts(data)
	return Violation{Field: fieldPath([]byte(fields[5])), Description: fields[3]}
}

// fieldPath reads a buf.validate.FieldPath, as types[2] or labels.
func fieldPath(data []byte) string {
	var path []string
	eachField(data, func(n protowire.Number, b []byte) {
		if n != 1 {
			return
		}
		element := texts(b)[2]
		eachField(b, nil, func(n protowire.Number, v uint64) {
			if n == 6 {
				element += fmt.Sprintf("[%d]", v)
			}
		})
		path = append(path, element)
	}, nil)
	return strings.Join(path, ".")
}

// texts returns the last value of each field of a message that is text or bytes.
func texts(data []byte) map[protowire.Number]string {
	all := map[protowire.Number]string{}
	eachField(data, func(n protowire.Number, b []byte) { all[n] = string(b) }, nil)
	return all
}

// eachField hands the fields of a message on, up to the first that is broken:
// those that have a length, and those that are whole numbers. Either may be nil.
func eachField(data []byte, sized func(protowire.Number, []byte), whole func(protowire.Number, uint64)) {
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return
		}
		data = data[n:]
		n = protowire.ConsumeFieldValue(number, kind, data)
		if n < 0 {
			return
		}
		switch {
		case kind == protowire.BytesType && sized != nil:
			value, _ := protowire.ConsumeBytes(data)
			sized(number, value)
		case kind == protowire.VarintType && whole != nil:
			value, _ := protowire.ConsumeVarint(data)
			whole(number, value)
		}
		data = data[n:]
	}
}
