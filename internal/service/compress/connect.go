package compress

import (
	"errors"
	"io"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encodeWindow is the window of what we compress: answers are small, and every
// client can decode it.
const encodeWindow = 1 << 20

var errTooMuch = errors.New("decompresses to more than a message may have")

// HandlerOptions lets Connect handlers take and send gzip and zstd. Messages
// decompress to at most maxBytes.
//
// Connect has a limit of its own, but reads on to the end to say how much it
// was: a bomb would cost its time. So the decompressors stop by themselves.
func HandlerOptions(maxBytes int) connect.HandlerOption {
	limit := int64(maxBytes) + 1 // one more, so that Connect sees that it is too much
	window := uint64(min(max(maxBytes, minWindow), maxWindow))
	return connect.WithHandlerOptions(
		connect.WithCompression(Zstd,
			func() connect.Decompressor { return &zstdDecompressor{window: window, limit: limit} },
			func() connect.Compressor { return newZstdCompressor() }),
		connect.WithCompression(Gzip,
			func() connect.Decompressor { return &gzipDecompressor{limit: limit} },
			func() connect.Compressor { return gzip.NewWriter(io.Discard) }),
	)
}

// bounded yields at most left bytes, and then an error.
type bounded struct {
	src  io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.src.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

type gzipDecompressor struct {
	bounded
	reader gzip.Reader
	limit  int64
}

// Reset implements connect.Decompressor.
func (d *gzipDecompressor) Reset(src io.Reader) error {
	d.bounded = bounded{src: &d.reader, left: d.limit}
	return d.reader.Reset(src)
}

// Close implements connect.Decompressor.
func (d *gzipDecompressor) Close() error { return nil }

// zstdDecompressor makes its decoder when it first needs it: a decoder without
// goroutines cannot fail to be made, but says that it could.
type zstdDecompressor struct {
	bounded
	decoder *zstd.Decoder
	window  uint64
	limit   int64
}

// Reset implements connect.Decompressor.
func (d *zstdDecompressor) Reset(src io.Reader) (err error) {
	if d.decoder == nil {
		if d.decoder, err = newZstdDecoder(d.window); err != nil {
			return err
		}
	}
	d.bounded = bounded{src: d.decoder, left: d.limit}
	return d.decoder.Reset(onlyReader{src})
}

// Close implements connect.Decompressor. The decoder's own Close is final, and
// Connect uses decompressors again.
func (d *zstdDecompressor) Close() error { return nil }

func newZstdCompressor() connect.Compressor {
	w, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(encodeWindow))
	if err != nil {
		panic("compress: constant options of zstd are refused: " + err.Error())
	}
	return w
}
