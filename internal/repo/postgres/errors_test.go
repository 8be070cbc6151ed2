package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/agenttrace/agenttrace/internal/repo"
)

func TestErrorsOfPostgresGetTheMeaningOfTheLaw(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return fmt.Errorf("insert: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err  error
		want []error
	}{
		"too many connections":              {state("53300"), []error{repo.ErrUnavailable}},
		"disk full":                         {state("53100"), []error{repo.ErrUnavailable}},
		"server stopping":                   {state("57P01"), []error{repo.ErrUnavailable}},
		"server crashed":                    {state("57P02"), []error{repo.ErrUnavailable}},
		"server starting":                   {state("57P03"), []error{repo.ErrUnavailable}},
		"connection failure":                {state("08006"), []error{repo.ErrUnavailable}},
		"disk error":                        {state("58030"), []error{repo.ErrUnavailable}},
		"a standby":                         {state("25006"), []error{repo.ErrUnavailable}},
		"statement timeout":                 {state("57014"), []error{repo.ErrUnavailable, context.DeadlineExceeded}},
		"connection lost":                   {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), []error{repo.ErrUnavailable}},
		"bad text":                          {state("22021"), []error{repo.ErrRefused}},
		"number too large":                  {state("22003"), []error{repo.ErrRefused}},
		"constraint violated":               {state("23514"), []error{repo.ErrRefused}},
		"row too large":                     {state("54000"), []error{repo.ErrRefused}},
		"a fault of ours":                   {state("42601"), nil},
		"no such row, when not asked for":   {pgx.ErrNoRows, nil},
		"not found":                         {repo.ErrNotFound, []error{repo.ErrNotFound}},
		"refused, whatever the server says": {fmt.Errorf("%w: %w", repo.ErrRefused, state("08P01")), []error{repo.ErrRefused}},
	} {
		got := mapError(t.Context(), "test", c.err)
		for _, kind := range []error{repo.ErrUnavailable, repo.ErrRefused, repo.ErrNotFound, context.DeadlineExceeded} {
			wanted := false
			for _, w := range c.want {
				wanted = wanted || errors.Is(w, kind)
			}
			if errors.Is(got, kind) != wanted {
				t.Errorf("%s: %v is %q: %t, want %t", name, got, kind, !wanted, wanted)
			}
		}
		if !errors.Is(got, c.err) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
}

func TestEndedContextComesBeforeWhatTheDriverSays(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := mapError(ctx, "test", io.ErrUnexpectedEOF)
	if !errors.Is(got, context.Canceled) || errors.Is(got, repo.ErrUnavailable) {
		t.Errorf("got %v", got)
	}
}
