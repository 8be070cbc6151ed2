package compress

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// The encodings that are understood, by the names that HTTP and gRPC give them.
const (
	Identity = "identity"
	Gzip     = "gzip"
	Zstd     = "zstd"
)

// A zstd frame names the window that its decoder needs, and the decoder takes
// it before the first byte. Encoders use up to 8 MiB unless told otherwise, so
// less would refuse honest messages however small a message may be.
const (
	minWindow = 8 << 20
	maxWindow = 32 << 20
)

// ErrUnknown says that an encoding is none of ours.
var ErrUnknown = errors.New("unknown encoding")

// Decoders opens compressed bodies. It keeps decoders for the next one, and may
// be used from any number of goroutines.
type Decoders struct {
	window uint64
	gzip   sync.Pool
	zstd   sync.Pool
}

// NewDecoders returns decoders for messages of up to maxBytes.
func NewDecoders(maxBytes int) *Decoders {
	return &Decoders{window: uint64(min(max(maxBytes, minWindow), maxWindow))}
}

// Open returns a reader of what src holds in the named encoding. It must be
// closed; that does not close src. An encoding that is none of ours is
// ErrUnknown; other errors say that src does not begin as it should.
func (d *Decoders) Open(encoding string, src io.Reader) (io.ReadCloser, error) {
	switch encoding {
	case "", Identity:
		return io.NopCloser(src), nil
	case Gzip:
		return d.openGzip(src)
	case Zstd:
		return d.openZstd(src)
	default:
		return nil, fmt.Errorf("%w %.32q", ErrUnknown, encoding)
	}
}

func (d *Decoders) openGzip(src io.Reader) (io.ReadCloser, error) {
	r, ok := d.gzip.Get().(*gzip.Reader)
	if !ok {
		r = new(gzip.Reader)
	}
	if err := r.Reset(src); err != nil {
		d.gzip.Put(r)
		return nil, err
	}
	return &pooled{Reader: r, release: func() { d.gzip.Put(r) }}, nil
}

func (d *Decoders) openZstd(src io.Reader) (io.ReadCloser, error) {
	r, ok := d.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if r, err = newZstdDecoder(d.window); err != nil {
			return nil, err
		}
	}
	if err := r.Reset(onlyReader{src}); err != nil {
		d.zstd.Put(r)
		return nil, err
	}
	return &pooled{Reader: r, release: func() {
		if r.Reset(nil) == nil { // let go of src; Close would be final
			d.zstd.Put(r)
		}
	}}, nil
}

// newZstdDecoder returns a decoder that has no goroutines of its own, so that
// one that a pool forgets is garbage like any other.
func newZstdDecoder(window uint64) (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window),
		zstd.WithDecoderMaxMemory(window),
		zstd.WithDecodeBuffersBelow(0))
}

// onlyReader hides that a reader is a buffer: the decoder would read it whole.
type onlyReader struct{ io.Reader }

// pooled gives its decoder back when it is closed, once.
type pooled struct {
	io.Reader
	release func()
}

// Close implements io.Closer.
func (p *pooled) Close() error {
	if p.release != nil {
		p.release()
		p.Reader, p.release = nil, nil
	}
	return nil
}
