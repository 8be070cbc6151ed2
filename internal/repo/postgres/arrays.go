package postgres

import (
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

// registerArrays teaches a connection's types to encode the slices that statements of
// many rows are given. The driver's own way takes one element after the other out
// of its slice by reflection, each with an allocation.
func registerArrays(types *pgtype.Map) {
	for _, oid := range []uint32{
		pgtype.BoolArrayOID, pgtype.Int2ArrayOID, pgtype.Int4ArrayOID, pgtype.Int8ArrayOID,
		pgtype.TextArrayOID, pgtype.ByteaArrayOID, pgtype.UUIDArrayOID,
	} {
		known, ok := types.TypeForOID(oid)
		if !ok {
			continue
		}
		if codec, ok := known.Codec.(*pgtype.ArrayCodec); ok {
			types.RegisterType(&pgtype.Type{Name: known.Name, OID: oid, Codec: arrayCodec{codec}})
		}
	}
}

// arrayCodec is the driver's codec of an array, with a shorter way to the binary
// format for slices whose elements are the array's.
type arrayCodec struct{ *pgtype.ArrayCodec }

// PlanEncode implements pgtype.Codec.
func (c arrayCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode && fits(c.ElementType.OID, value) {
		return arrayPlan(c.ElementType.OID)
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

// fits reports whether value is the kind of slice that arrayPlan encodes for
// elements of this type.
func fits(element uint32, value any) bool {
	switch value.(type) {
	case []bool:
		return element == pgtype.BoolOID
	case []int16:
		return element == pgtype.Int2OID
	case []int32:
		return element == pgtype.Int4OID
	case []int64:
		return element == pgtype.Int8OID
	case []string:
		return element == pgtype.TextOID
	case [][]byte:
		return element == pgtype.ByteaOID
	case []pgtype.UUID:
		return element == pgtype.UUIDOID
	}
	return false
}

// arrayPlan is the type of an array's elements, and encodes slices of them as
// array_send would.
type arrayPlan uint32

// Encode implements pgtype.EncodePlan.
func (p arrayPlan) Encode(value any, buf []byte) ([]byte, error) {
	switch values := value.(type) {
	case []bool:
		return appendArray(buf, p, values, len(values), func(buf []byte, v bool) []byte {
			if v {
				return append(appendLength(buf, 1), 1)
			}
			return append(appendLength(buf, 1), 0)
		}), nil
	case []int16:
		return appendArray(buf, p, values, 2*len(values), func(buf []byte, v int16) []byte {
			return binary.BigEndian.AppendUint16(appendLength(buf, 2), uint16(v))
		}), nil
	case []int32:
		return appendArray(buf, p, values, 4*len(values), func(buf []byte, v int32) []byte {
			return binary.BigEndian.AppendUint32(appendLength(buf, 4), uint32(v))
		}), nil
	case []int64:
		return appendArray(buf, p, values, 8*len(values), func(buf []byte, v int64) []byte {
			return binary.BigEndian.AppendUint64(appendLength(buf, 8), uint64(v))
		}), nil
	case []string:
		return appendArray(buf, p, values, bytesOf(values), func(buf []byte, v string) []byte {
			return append(appendLength(buf, len(v)), v...)
		}), nil
	case [][]byte:
		return appendArray(buf, p, values, bytesOf(values), func(buf []byte, v []byte) []byte {
			if v == nil {
				return appendLength(buf, null)
			}
			return append(appendLength(buf, len(v)), v...)
		}), nil
	default:
		ids := value.([]pgtype.UUID)
		return appendArray(buf, p, ids, 16*len(ids), func(buf []byte, v pgtype.UUID) []byte {
			if !v.Valid {
				return appendLength(buf, null)
			}
			return append(appendLength(buf, len(v.Bytes)), v.Bytes[:]...)
		}), nil
	}
}

// appendArray appends values, which take so many bytes beside their lengths.
func appendArray[T any](buf []byte, element arrayPlan, values []T, size int, put func([]byte, T) []byte) []byte {
	buf = slices.Grow(buf, 20+4*len(values)+size)
	dimensions := uint32(1)
	if len(values) == 0 {
		dimensions = 0
	}
	for _, n := range []uint32{dimensions, 0, uint32(element)} { // PostgreSQL looks for NULLs itself
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	if dimensions == 0 {
		return buf
	}
	for _, n := range []uint32{uint32(len(values)), 1} { // length, first index
		buf = binary.BigEndian.AppendUint32(buf, n)
	}
	for _, v := range values {
		buf = put(buf, v)
	}
	return buf
}

func appendLength(buf []byte, n int) []byte { return binary.BigEndian.AppendUint32(buf, uint32(n)) }

func bytesOf[T string | []byte](values []T) (n int) {
	for _, v := range values {
		n += len(v)
	}
	return n
}
