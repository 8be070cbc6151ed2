package pgtest

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
)

// Template is a database that is prepared once for all tests of a package, each of
// which gets a copy.
type Template struct {
	prepare func(ctx context.Context, dsn string) error

	mu   sync.Mutex
	name string // of the prepared database, once there is one
}

// NewTemplate returns the template that prepare makes of an empty database. It must
// leave no connection open.
func NewTemplate(prepare func(ctx context.Context, dsn string) error) *Template {
	return &Template{prepare: prepare}
}

// Database is the function [Database], but for what is in it.
func (p *Template) Database(t testing.TB) string {
	t.Helper()
	start(t)
	if shared.own == nil {
		// A template would stay behind on a server that somebody else runs.
		dsn := Database(t)
		if err := p.prepare(t.Context(), dsn); err != nil {
			t.Fatalf("prepare the database of this test: %v", err)
		}
		return dsn
	}
	return database(t, p.prepared(t))
}

// prepared returns the name of the database to copy. It lives as long as the server.
func (p *Template) prepared(t testing.TB) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.name == "" {
		name := "template_" + rand.Text()
		dsn, err := shared.create(t.Context(), name, "template1")
		if err == nil {
			err = p.prepare(t.Context(), dsn)
		}
		if err != nil {
			t.Fatalf("prepare a database for tests: %v", err)
		}
		p.name = name
	}
	return p.name
}
