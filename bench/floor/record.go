package floor

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// socketName is what PostgreSQL's clients look for in the directory that they
// are given as host.
const socketName = ".s.PGSQL.5432"

// Recorder passes connections on to PostgreSQL, and writes what clients send to
// files. Create it with [Record].
type Recorder struct {
	dir      string
	upstream string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	files []string
	err   error
}

// Record listens on a Unix socket in dir, for clients of the server that has its
// socket in upstream, a directory too. Recordings lie in dir.
func Record(dir, upstream string) (*Recorder, error) {
	l, err := net.Listen("unix", filepath.Join(dir, socketName))
	if err != nil {
		return nil, err
	}
	r := &Recorder{dir: dir, upstream: filepath.Join(upstream, socketName), listener: l}
	r.running.Go(r.accept)
	return r, nil
}

func (r *Recorder) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.running.Go(func() { r.note(r.pass(client)) })
	}
}

// pass serves one connection until either side ends it.
func (r *Recorder) pass(client net.Conn) error {
	defer client.Close()
	server, err := net.Dial("unix", r.upstream)
	if err != nil {
		return err
	}
	defer server.Close()
	file, err := os.CreateTemp(r.dir, "connection-")
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.files = append(r.files, file.Name())
	r.mu.Unlock()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, server)
		_ = client.Close() // the client sees the end that the server made
	}()
	_, err = io.Copy(io.MultiWriter(server, file), client)
	_ = server.Close()
	<-answered
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, file.Close())
}

func (r *Recorder) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = errors.Join(r.err, err)
}

// Stop waits for all connections, which their clients must have ended, and
// returns their recordings.
func (r *Recorder) Stop() ([]string, error) {
	_ = r.listener.Close()
	r.running.Wait()
	return r.files, r.err
}
