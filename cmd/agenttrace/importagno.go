package main

import (
	"context"
	"io"
	"iter"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/transfer"
	"github.com/agenttrace/agenttrace/internal/agnodb"
)

// pieces begins to read a source behind a position.
type pieces func(position string) (iter.Seq2[transfer.Piece, error], error)

func fromFile(r io.Reader) pieces {
	return func(position string) (iter.Seq2[transfer.Piece, error], error) { return transfer.FromFile(r, position) }
}

// agno imports what Agno keeps in its database.
func (c *importCommand) agno(ctx context.Context, im *importing) error {
	since, until, err := c.When.bounds(im.app)
	if err != nil {
		return err
	}
	options := agnodb.Options{Schema: c.AgnoSchema, TracesTable: c.AgnoTraces, SpansTable: c.AgnoSpans, Service: c.AgnoService}
	if since != nil {
		options.Since = since.AsTime()
	}
	if until != nil {
		options.Until = until.AsTime()
	}
	source, err := agnodb.Open(ctx, c.Agno, options)
	if err != nil {
		return err
	}
	defer source.Close()
	im.working.Say("counting what there is")
	count, err := source.Count(ctx)
	if err != nil {
		return err
	}
	share := func(done transfer.Imported) float64 {
		if count.Spans == 0 {
			return -1
		}
		return float64(done.Spans+done.Rejected) / float64(count.Spans)
	}
	from := func(position string) (iter.Seq2[transfer.Piece, error], error) {
		return transfer.FromAgno(ctx, source, position)
	}
	return im.run(ctx, c.agnoName(), 0, share, from)
}

// agnoName is what is remembered of the source: which it is, without a password.
func (c *importCommand) agnoName() string {
	name := c.Agno
	if path, ok := strings.CutPrefix(c.Agno, "sqlite:"); ok && !strings.HasPrefix(path, "///") {
		if absolute, err := filepath.Abs(path); err == nil {
			name = "sqlite:" + absolute
		}
	} else if u, err := url.Parse(c.Agno); err == nil {
		u.User, u.RawQuery = nil, ""
		name = u.String()
	}
	words := []string{"agno", name, c.AgnoSchema, c.AgnoTraces, c.AgnoSpans, c.AgnoService, c.When.Since.Text, c.When.Until.Text}
	return strings.Join(words, " ")
}
