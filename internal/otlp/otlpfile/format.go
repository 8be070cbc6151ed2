package otlpfile

import (
	"fmt"
	"strings"
)

// Format is how a file is written.
type Format struct {
	JSON bool // a TracesData object a line; protobuf otherwise
	Zstd bool // compressed
}

// String returns the format's name, as [ParseFormat] takes it.
func (f Format) String() string {
	name := "otlp"
	if f.JSON {
		name = "jsonl"
	}
	if f.Zstd {
		name += "+zst"
	}
	return name
}

// FormatNames are the names of all formats.
var FormatNames = [...]string{"otlp", "otlp+zst", "jsonl", "jsonl+zst"}

// ParseFormat returns the format with this name.
func ParseFormat(name string) (Format, error) {
	plain, compressed := strings.CutSuffix(name, "+zst")
	switch plain {
	case "otlp":
		return Format{Zstd: compressed}, nil
	case "jsonl":
		return Format{JSON: true, Zstd: compressed}, nil
	}
	return Format{}, fmt.Errorf("format %q is unknown, want one of %s", name, strings.Join(FormatNames[:], ", "))
}

// FormatOf returns the format that a file's name asks for: .otlp, .binpb and .pb
// for protobuf, .jsonl, .ndjson and .json for JSON, each with .zst behind it for
// zstd. ok is false for any other name.
func FormatOf(name string) (f Format, ok bool) {
	name = strings.ToLower(name)
	name, f.Zstd = strings.CutSuffix(name, ".zst")
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "otlp", "binpb", "pb":
		return f, true
	case "jsonl", "ndjson", "json":
		f.JSON = true
		return f, true
	}
	return Format{}, false
}
