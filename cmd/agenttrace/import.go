package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/transfer"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// importCommand sends traces from files, or from Agno's tables, to the server.
type importCommand struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files of traces; - for standard input."`

	Resume string `group:"move" placeholder:"FILE" help:"Remember in FILE how far this has come; the same command goes on from there."`
	DryRun bool   `group:"move" name:"dry-run" help:"Read everything and say what would be sent; send nothing."`

	Agno        string     `group:"agno" placeholder:"DATABASE" help:"Read Agno's own trace tables instead of files: sqlite:PATH or postgres://USER@HOST/DATABASE."`
	AgnoSchema  string     `group:"agno" default:"ai" placeholder:"NAME" help:"Schema of the tables in PostgreSQL. Default: ${default}."`
	AgnoTraces  string     `group:"agno" name:"agno-traces" default:"agno_traces" placeholder:"TABLE" help:"Table of traces. Default: ${default}."`
	AgnoSpans   string     `group:"agno" name:"agno-spans" default:"agno_spans" placeholder:"TABLE" help:"Table of spans. Default: ${default}."`
	AgnoService string     `group:"agno" name:"agno-service" default:"unknown_service" placeholder:"NAME" help:"Service that the spans are of: Agno does not store it. Default: ${default}."`
	When        whenFilter `embed:"" group:"agno"`
}

// Help is the text of --help.
func (importCommand) Help() string {
	return `Sends traces to the server: files that "agenttrace export" or the OpenTelemetry Collector wrote (protobuf or JSON, zstd or gzip, told by what is in them), or what Agno keeps in a database of its own. Spans that the server has already stay as they are, so an import can be repeated.

Exit code 1 when the server refused spans; the reasons are printed.

Examples:

    agenttrace import all.otlp.zst
    agenttrace import --project staging day1.jsonl day2.jsonl --resume progress.json
    agenttrace export --server http://old:4317 | agenttrace import -
    agenttrace import --agno sqlite:agno.db --dry-run
    agenttrace import --agno postgres://agno@db/agno --since 30d --agno-service shop
`
}

// Run imports.
func (c *importCommand) Run(ctx context.Context, app *App) error {
	if err := c.check(); err != nil {
		return err
	}
	client, err := app.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	im := &importing{app: app, dryRun: c.DryRun, send: func(ctx context.Context, data []byte) (int64, string, error) {
		result, err := client.SendTraces(ctx, data)
		if err != nil {
			return 0, "", err
		}
		return result.RejectedSpans, result.Message, nil
	}}
	if c.Resume != "" {
		if im.memory, err = transfer.OpenMemory(c.Resume, app.Server+" "+app.Project, app.Now); err != nil {
			return err
		}
	}
	im.working = app.Work("importing")
	if c.Agno != "" {
		err = c.agno(ctx, im)
	} else {
		err = im.files(ctx, c.Files)
	}
	im.working.Done()
	if im.memory != nil {
		err = errors.Join(err, im.memory.Save())
	}
	return im.report(ctx, err)
}

func (c *importCommand) check() error {
	switch {
	case len(c.Files) == 0 && c.Agno == "":
		return usageErrorf("nothing to import: name files, - for standard input, or --agno DATABASE")
	case len(c.Files) > 0 && c.Agno != "":
		return usageErrorf("name files or --agno, not both")
	case c.Agno == "" && (c.When.Since.Text != "" || c.When.Until.Text != ""):
		return usageErrorf("--since and --until are for --agno: files are imported whole")
	case c.DryRun && c.Resume != "":
		return usageErrorf("--dry-run sends nothing that --resume could remember: give one of them")
	}
	for _, file := range c.Files {
		if file == "-" && c.Resume != "" {
			return usageErrorf("--resume cannot go on in the middle of standard input: name a file")
		}
	}
	return nil
}

// importing is one import under way, of one source after the other.
type importing struct {
	app     *App
	dryRun  bool
	send    func(context.Context, []byte) (int64, string, error)
	memory  *transfer.Memory // nil where nothing is to be remembered
	working *shell.Progress
	total   transfer.Imported
	already int // sources that were done before
}

// run imports one source. Share says how much of it has been read, from 0 to 1,
// or less than 0 where nobody knows.
func (im *importing) run(ctx context.Context, name string, size int64, share func(transfer.Imported) float64, pieces pieces) error {
	x := &transfer.Import{
		Send: im.send, DryRun: im.dryRun,
		Passing: func(err error) (bool, time.Duration) {
			call, ok := errors.AsType[*agenttrace.CallError](err)
			if !ok {
				return false, 0
			}
			return mayPass(err) || call.Code == agenttrace.CodeDeadlineExceeded, call.RetryAfter
		},
		Progress: func(now transfer.Imported) {
			text := fmt.Sprintf("importing %s: %s, %s", name, plural(im.total.Spans+now.Spans, "span"), sizeText(im.total.Bytes+now.Bytes))
			if part := share(now); part >= 0 {
				text += fmt.Sprintf(", %d %%", int(100*min(part, 1)))
			}
			im.working.Say(text)
		},
	}
	position := ""
	if im.memory != nil {
		var done bool
		if position, done = im.memory.At(name, size); done {
			im.already++
			return nil
		}
		x.Remember = func(at string) error {
			position = at
			return im.memory.Put(name, size, at, false)
		}
	}
	all, err := pieces(position)
	if err != nil {
		return err
	}
	done, err := x.Run(ctx, all)
	im.add(done)
	if err == nil && im.memory != nil && done.Rejected == 0 {
		err = im.memory.Put(name, size, position, true)
	}
	return err
}

// add sums up.
func (im *importing) add(done transfer.Imported) {
	t := &im.total
	t.Traces += done.Traces
	t.Spans += done.Spans
	t.Bytes += done.Bytes
	t.Rejected += done.Rejected
	t.Empty += done.Empty
	t.Problems += done.Problems
	t.Reasons = append(t.Reasons, done.Reasons...)
	t.Notes = append(t.Notes, done.Notes...)
}

// files imports files, one after the other. One that is damaged does not keep the
// others from being imported.
func (im *importing) files(ctx context.Context, names []string) (failed error) {
	for _, name := range names {
		err := im.file(ctx, name)
		var damaged *otlpfile.Error
		switch {
		case errors.As(err, &damaged):
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		case err != nil:
			return errors.Join(failed, err)
		}
	}
	return failed
}

func (im *importing) file(ctx context.Context, name string) error {
	if name == "-" {
		read := &readCounter{r: im.app.Stdin}
		return im.run(ctx, "standard input", 0, func(transfer.Imported) float64 { return -1 }, fromFile(read))
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return usageErrorf("%s is a directory, want files", name)
	}
	if name, err = filepath.Abs(name); err != nil {
		return err
	}
	read := &readCounter{r: file}
	share := func(transfer.Imported) float64 {
		if info.Size() == 0 {
			return -1
		}
		return float64(read.n.Load()) / float64(info.Size())
	}
	return im.run(ctx, name, info.Size(), share, fromFile(read))
}

// readCounter counts what is read, for whoever watches.
type readCounter struct {
	r io.Reader
	n atomic.Int64
}

func (c *readCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
