package floor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// Writers returns those of the recordings that have statements which fill one of
// the tables. Other connections make partitions, or read.
func Writers(recordings []string, tables Counts) ([]string, error) {
	var names []string
	for name := range tables {
		names = append(names, regexp.QuoteMeta(name))
	}
	fills, err := regexp.Compile(`(?i)\b(INSERT INTO|COPY)\s+"?(` + strings.Join(names, "|") + `)\b`)
	if err != nil {
		return nil, err
	}
	var writers []string
	for _, recording := range recordings {
		writes, err := mentions(recording, fills)
		if err != nil {
			return nil, fmt.Errorf("read what was recorded: %w", err)
		}
		if writes {
			writers = append(writers, recording)
		}
	}
	if len(writers) == 0 {
		return nil, fmt.Errorf("nobody wrote to any of %d tables", len(tables))
	}
	return writers, nil
}

// mentions says whether the text of a statement matches.
func mentions(recording string, pattern *regexp.Regexp) (bool, error) {
	file, err := os.Open(recording)
	if err != nil {
		return false, err
	}
	defer file.Close()
	said := script{bufio.NewReaderSize(file, 1<<20)}
	message, err := said.startup(nil)
	for err == nil {
		if message, err = said.message(message[:0]); err == nil && (message[0] == parse || message[0] == query) && pattern.Match(message) {
			return true, nil
		}
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return false, err
}

// Replay opens a connection for each recording, to the server that has its socket
// in the directory, and says on it what was said. It returns how many
// transactions that were. Any error of PostgreSQL ends it.
//
// Each connection goes on when the one request was answered, as the client that
// was recorded did; connections do not wait for each other.
func Replay(ctx context.Context, socketDir string, recordings []string) (transactions int, err error) {
	var count atomic.Int64
	errs := make([]error, len(recordings))
	var wg sync.WaitGroup
	for i, recording := range recordings {
		wg.Go(func() {
			n, err := replayOne(ctx, filepath.Join(socketDir, socketName), recording)
			count.Add(int64(n))
			errs[i] = err
		})
	}
	wg.Wait()
	return int(count.Load()), errors.Join(errs...)
}

func replayOne(ctx context.Context, socket, recording string) (transactions int, err error) {
	file, err := os.Open(recording)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	server, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return 0, err
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()

	said := script{bufio.NewReaderSize(file, 1<<20)}
	answers := answers{reader: bufio.NewReaderSize(server, 1<<18)}
	var request []byte
	for next := said.startup; ; next = said.request {
		if request, err = next(request[:0]); err != nil || len(request) == 0 {
			return answers.transactions, err
		}
		if _, err := server.Write(request); err != nil {
			return answers.transactions, err
		}
		if err := answers.ready(); err != nil {
			return answers.transactions, err
		}
	}
}

// script is what a client of PostgreSQL said.
type script struct{ *bufio.Reader }

// startup appends the first message, which has no type.
func (s script) startup(dst []byte) ([]byte, error) {
	head, err := s.Peek(4)
	if err != nil {
		return nil, err
	}
	return s.take(dst, int(binary.BigEndian.Uint32(head)))
}

// The types of messages that matter; see "Message Formats" in PostgreSQL's
// documentation.
const (
	copyData        = 'd'
	copyDone        = 'c'
	copyFail        = 'f'
	parse           = 'P'
	query           = 'Q'
	syncMessage     = 'S'
	terminate       = 'X'
	commandComplete = 'C'
	errorResponse   = 'E'
	readyForQuery   = 'Z'
)

// request appends all messages until the one that PostgreSQL answers by being
// ready for the next; nothing at the end.
func (s script) request(dst []byte) ([]byte, error) {
	for {
		at := len(dst)
		var err error
		if dst, err = s.message(dst); errors.Is(err, io.EOF) || err == nil && dst[at] == terminate {
			return dst[:0], nil // what was not answered was given up
		}
		if err != nil {
			return nil, err
		}
		switch dst[at] {
		case syncMessage, copyFail:
			return dst, nil
		case query, copyDone:
			// COPY begins with a query, and its data are part of it. So are those of the
			// next COPY in the same query.
			if next, err := s.Peek(1); err != nil || next[0] != copyData && next[0] != copyDone {
				return dst, nil
			}
		}
	}
}

// message appends the next one; io.EOF is the end.
func (s script) message(dst []byte) ([]byte, error) {
	head, err := s.Peek(5)
	if err != nil {
		return dst, err
	}
	return s.take(dst, 1+int(binary.BigEndian.Uint32(head[1:])))
}

// take appends the next n bytes.
func (s script) take(dst []byte, n int) ([]byte, error) {
	at := len(dst)
	dst = append(dst, make([]byte, n)...)
	_, err := io.ReadFull(s, dst[at:])
	return dst, err
}

// answers is what PostgreSQL says.
type answers struct {
	reader       *bufio.Reader
	transactions int  // that wrote something and have ended
	wrote        bool // since the last one ended
}

// ready reads until PostgreSQL is ready for the next request.
func (a *answers) ready() error {
	var refused error
	for {
		var head [5]byte
		if _, err := io.ReadFull(a.reader, head[:]); err != nil {
			return errors.Join(refused, err)
		}
		length := int(binary.BigEndian.Uint32(head[1:])) - 4
		switch head[0] {
		case errorResponse:
			text := make([]byte, length)
			if _, err := io.ReadFull(a.reader, text); err != nil {
				return err
			}
			refused = fmt.Errorf("replay: %q", text)
		case commandComplete:
			tag := make([]byte, length)
			if _, err := io.ReadFull(a.reader, tag); err != nil {
				return err
			}
			a.wrote = a.wrote || bytes.HasPrefix(tag, []byte("INSERT ")) || bytes.HasPrefix(tag, []byte("COPY "))
		case readyForQuery:
			status, err := a.reader.ReadByte()
			if err != nil {
				return err
			}
			if idle := status == 'I'; idle && a.wrote {
				a.transactions, a.wrote = a.transactions+1, false
			}
			return refused
		default:
			if _, err := a.reader.Discard(length); err != nil {
				return err
			}
		}
	}
}
