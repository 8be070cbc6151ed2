package postgres

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"
)

// TestArraysAreThoseOfTheDriver encodes slices and has the driver read them.
func TestArraysAreThoseOfTheDriver(t *testing.T) {
	own, drivers := pgtype.NewMap(), pgtype.NewMap()
	registerArrays(own)
	read := func(t *rapid.T, m *pgtype.Map, oid uint32, values any) any {
		prefix := []byte("before")
		encoded, err := m.Encode(oid, pgtype.BinaryFormatCode, values, prefix)
		if err != nil || string(encoded[:len(prefix)]) != string(prefix) {
			t.Fatalf("encoded as %q, %v", encoded, err)
		}
		back := reflect.New(reflect.TypeOf(values))
		if err := drivers.Scan(oid, pgtype.BinaryFormatCode, encoded[len(prefix):], back.Interface()); err != nil {
			t.Fatalf("scan %q: %v", encoded, err)
		}
		return back.Elem().Interface()
	}
	bytes := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOf(rapid.Byte()))
	id := rapid.Custom(func(t *rapid.T) pgtype.UUID {
		return pgtype.UUID{Bytes: [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Valid: true}
	})
	rapid.Check(t, func(t *rapid.T) {
		for oid, values := range map[uint32]any{
			pgtype.BoolArrayOID:  rapid.SliceOf(rapid.Bool()).Draw(t, "booleans"),
			pgtype.Int2ArrayOID:  rapid.SliceOf(rapid.Int16()).Draw(t, "small"),
			pgtype.Int4ArrayOID:  rapid.SliceOf(rapid.Int32()).Draw(t, "integers"),
			pgtype.Int8ArrayOID:  rapid.SliceOf(rapid.Int64()).Draw(t, "big"),
			pgtype.TextArrayOID:  rapid.SliceOf(rapid.String()).Draw(t, "texts"),
			pgtype.ByteaArrayOID: rapid.SliceOf(bytes).Draw(t, "bytes"),
			pgtype.UUIDArrayOID:  rapid.SliceOf(rapid.OneOf(rapid.Just(pgtype.UUID{}), id)).Draw(t, "ids"),
		} {
			want := read(t, drivers, oid, values)
			if diff := cmp.Diff(want, read(t, own, oid, values)); diff != "" {
				t.Fatalf("the array changed (-want +got):\n%s", diff)
			}
		}
	})
}

// TestOtherArraysAreLeftToTheDriver gives arrays what fits them in another way.
func TestOtherArraysAreLeftToTheDriver(t *testing.T) {
	types := pgtype.NewMap()
	registerArrays(types)
	for _, tt := range []struct {
		name   string
		oid    uint32
		values any
		format int16
		want   string
	}{
		{"other elements", pgtype.Int8ArrayOID, []int32{7}, pgtype.TextFormatCode, "{7}"},
		{"text", pgtype.TextArrayOID, []string{`a"b`, ""}, pgtype.TextFormatCode, `{"a\"b",""}`},
		{"nothing", pgtype.TextArrayOID, []string(nil), pgtype.BinaryFormatCode, ""},
	} {
		got, err := types.Encode(tt.oid, tt.format, tt.values, nil)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func BenchmarkArrays(b *testing.B) {
	parts := make([]string, 64)
	numbers := make([]int64, 64)
	for i := range parts {
		parts[i] = "some text of a part"
	}
	for _, bb := range []struct {
		name     string
		register func(*pgtype.Map)
	}{{"own", registerArrays}, {"driver", func(*pgtype.Map) {}}} {
		b.Run(bb.name, func(b *testing.B) {
			types := pgtype.NewMap()
			bb.register(types)
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if buf, err = types.Encode(pgtype.TextArrayOID, pgtype.BinaryFormatCode, parts, buf[:0]); err != nil {
					b.Fatal(err)
				}
				if buf, err = types.Encode(pgtype.Int8ArrayOID, pgtype.BinaryFormatCode, numbers, buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
