package match

import (
	"encoding/binary"
	"math"

	"github.com/agenttrace/agenttrace/internal/query"
)

// AppendKey appends bytes that are equal for values that by() does not tell
// apart, and for no others. No key is the beginning of another one.
func AppendKey(dst []byte, v query.Value) []byte {
	v = Distinct(v)
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case query.KindNil:
		return dst
	case query.KindString:
		dst = binary.AppendUvarint(dst, uint64(len(v.Text)))
		return append(dst, v.Text...)
	case query.KindFloat:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Float))
	default:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Int))
	}
}

// Distinct returns a value as by() takes it: those that it does not tell apart
// are equal. NaN counts as absent, and there is one zero.
func Distinct(v query.Value) query.Value {
	switch {
	case v.Kind != query.KindFloat:
		return v
	case math.IsNaN(v.Float):
		return query.Value{}
	default:
		return query.Float(v.Float + 0) // -0 + 0 is 0
	}
}

// isNumber reports whether a value can be calculated and compared with.
func isNumber(v query.Value) bool {
	return v.Kind.IsNumber() && !(v.Kind == query.KindFloat && math.IsNaN(v.Float))
}
