package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"github.com/agenttrace/agenttrace/internal/agnodb"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
)

// FromFile yields what a file of traces holds, behind position, which one of its
// pieces gave; it is empty for the beginning.
func FromFile(r io.Reader, position string) (iter.Seq2[Piece, error], error) {
	var skip int64
	if position != "" {
		var err error
		if skip, err = strconv.ParseInt(position, 10, 64); err != nil || skip < 0 {
			return nil, fmt.Errorf("go on after %q, want a number of pieces", position)
		}
	}
	return func(yield func(Piece, error) bool) {
		file, err := otlpfile.NewReader(r)
		if err != nil {
			yield(Piece{}, err)
			return
		}
		defer file.Close()
		for n := int64(1); ; n++ {
			piece, err := file.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Piece{}, err)
				return
			}
			if n <= skip {
				continue
			}
			spans, err := otlpfile.CountSpans(piece)
			if !yield(Piece{ResourceSpans: piece, Spans: spans, Position: strconv.FormatInt(n, 10)}, err) || err != nil {
				return
			}
		}
	}, nil
}

// FromAgno yields what Agno's tables hold, behind position.
func FromAgno(ctx context.Context, source *agnodb.Source, position string) (iter.Seq2[Piece, error], error) {
	var after agnodb.Cursor
	if position != "" {
		if err := json.Unmarshal([]byte(position), &after); err != nil {
			return nil, fmt.Errorf("go on after %q: %w", position, err)
		}
	}
	return func(yield func(Piece, error) bool) {
		for batch, err := range source.Batches(ctx, after) {
			if err != nil {
				yield(Piece{}, err)
				return
			}
			p := Piece{ResourceSpans: batch.ResourceSpans, Spans: batch.Spans, Problems: batch.Problems}
			if batch.Last {
				at, err := json.Marshal(batch.Next)
				if err != nil {
					yield(Piece{}, err)
					return
				}
				p.Position, p.Traces = string(at), 1
			}
			if !yield(p, nil) {
				return
			}
		}
	}, nil
}
