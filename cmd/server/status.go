package main

import (
	"time"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// status is what GetStatus tells of this process.
func (s *Server) status(store repo.Inspector, pipeline *ingest.Pipeline, settling *settle.Loop) service.Status {
	c := s.Config
	kind := agenttracev1.DatabaseKind_DATABASE_KIND_SQLITE
	if c.Store.Kind == config.Postgres {
		kind = agenttracev1.DatabaseKind_DATABASE_KIND_POSTGRES
	}
	return service.Status{
		Version:   s.Build.Version,
		Commit:    s.Build.Commit,
		Go:        s.Build.Go,
		Started:   s.Now(),
		Addresses: s.listening,
		TLS:       c.TLSCert != "",
		Database:  kind,
		Inspector: store,
		Ingest:    pipeline.Status,
		Settling:  settling.Status,
		MaxPast:   c.Past(),
		MaxFuture: time.Duration(c.MaxFuture),
		Retention: time.Duration(c.Retention),
	}
}

// listening returns the addresses as text. They are known before the first request.
func (s *Server) listening() []string {
	texts := make([]string, len(s.addresses))
	for i, a := range s.addresses {
		texts[i] = a.String()
	}
	return texts
}
