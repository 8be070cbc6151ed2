package spill

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	magic      = "agtspil1"
	headerSize = len(magic) + 8 + 4 + 4 // length, spans, checksum

	suffix    = ".otlp"
	temporary = ".tmp"
	lockName  = "lock"
)

// ErrDamaged is returned for a file that is not what was written.
var ErrDamaged = errors.New("the file is damaged")

// Entry is a request that waits on disk.
type Entry struct {
	name string // without the folder
	// Spans is how many spans the request has.
	Spans int
	// Bytes is the size of the file.
	Bytes int64
}

func checksum(payload []byte) uint32 {
	return crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli))
}

// header returns what stands before a request.
func header(payload []byte, spans int) []byte {
	h := make([]byte, 0, headerSize)
	h = append(h, magic...)
	h = binary.BigEndian.AppendUint64(h, uint64(len(payload)))
	h = binary.BigEndian.AppendUint32(h, uint32(spans))
	return binary.BigEndian.AppendUint32(h, checksum(payload))
}

// parse returns the request in a file and the number of its spans. Whatever is
// not exactly what was written is ErrDamaged.
func parse(content []byte) (payload []byte, spans int, err error) {
	if len(content) < headerSize || string(content[:len(magic)]) != magic {
		return nil, 0, ErrDamaged
	}
	rest := content[len(magic):]
	length, spans32, sum := binary.BigEndian.Uint64(rest), binary.BigEndian.Uint32(rest[8:]), binary.BigEndian.Uint32(rest[12:])
	payload = content[headerSize:]
	if uint64(len(payload)) != length || checksum(payload) != sum || spans32 == 0 || spans32 > 1<<31-1 {
		return nil, 0, ErrDamaged
	}
	return payload, int(spans32), nil
}

// entryOf reads a file's name. The number of spans is in it, so that they can be
// counted when nothing else of the file can be read.
func entryOf(name string, bytes int64) (Entry, bool) {
	stem, ok := strings.CutSuffix(filepath.Base(name), suffix)
	if !ok {
		return Entry{}, false
	}
	spans, err := strconv.ParseUint(stem[strings.LastIndexByte(stem, '-')+1:], 10, 31)
	if err != nil || spans == 0 {
		return Entry{}, false
	}
	return Entry{name: name, Spans: int(spans), Bytes: bytes}, true
}
