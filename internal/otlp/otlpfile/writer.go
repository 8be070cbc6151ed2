package otlpfile

import (
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/otlpjson"
)

// maxDepth bounds how deep attribute values may nest in JSON; the server takes
// 64 levels, at most 128.
const maxDepth = 128

// Writer writes a file of traces. It is not safe for concurrent use.
type Writer struct {
	format  Format
	counted counter
	zstd    *zstd.Encoder // nil without compression
	open    bool          // a zstd frame has been begun
	json    *otlpjson.Encoder
	buf     []byte
}

// counter counts the bytes that have reached a file.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// NewWriter returns a writer that appends to w in format f. Close it to have
// everything in w; w itself stays open.
func NewWriter(w io.Writer, f Format) (*Writer, error) {
	fw := &Writer{format: f, counted: counter{w: w}}
	if f.JSON {
		fw.json = otlpjson.NewEncoder(maxDepth)
	}
	if f.Zstd {
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		fw.zstd = enc
	}
	return fw, nil
}

// Write appends one ResourceSpans message. What is not protobuf, and in JSON what
// nests deeper than 128 levels, is an error, and nothing of it is written.
func (w *Writer) Write(resourceSpans []byte) error {
	var err error
	if w.format.JSON {
		if w.buf, err = w.json.AppendResourceSpans(w.buf[:0], resourceSpans); err != nil {
			return fmt.Errorf("write traces as JSON: %w", err)
		}
		w.buf = append(w.buf, '\n')
	} else {
		w.buf = protowire.AppendTag(w.buf[:0], 1, protowire.BytesType)
		w.buf = protowire.AppendBytes(w.buf, resourceSpans)
	}
	if w.zstd == nil {
		_, err = w.counted.Write(w.buf)
		return err
	}
	if !w.open {
		w.zstd.Reset(&w.counted)
		w.open = true
	}
	_, err = w.zstd.Write(w.buf)
	return err
}

// Cut makes what has been written so far a whole file: were w to end here, all
// of it could be read. Compressed files are a little longer for every cut.
func (w *Writer) Cut() error {
	if !w.open {
		return nil
	}
	w.open = false
	return w.zstd.Close()
}

// Close is the last Cut.
func (w *Writer) Close() error { return w.Cut() }

// Bytes returns how many bytes have been written; after a Cut it is where
// another writer may go on.
func (w *Writer) Bytes() int64 { return w.counted.n }

// Loss returns what JSON could not carry of what was written; nothing where the
// file is protobuf.
func (w *Writer) Loss() otlpjson.Loss {
	if w.json == nil {
		return otlpjson.Loss{}
	}
	return w.json.Loss
}
