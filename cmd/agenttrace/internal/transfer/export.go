package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpfile"
	"github.com/agenttrace/agenttrace/internal/otlp/otlpjson"
)

// Export writes the traces that a request selects to a file.
type Export struct {
	// Stream asks the server: ExportTraces of the client.
	Stream func(context.Context, *agenttracev1.ExportTracesRequest) iter.Seq2[*agenttracev1.ExportTracesResponse, error]
	// Passing reports whether an error of Stream may pass.
	Passing func(error) bool
	// Now is the clock.
	Now func() time.Time
	// Progress is told now and then what has been written.
	Progress func(Exported)

	Request *agenttracev1.ExportTracesRequest // newest first
	Format  otlpfile.Format
	// Asked is what was asked, as it was typed: an export goes on with the same
	// question only.
	Asked string

	came bool // the server has answered something
}

// Exported is what an export has written.
type Exported struct {
	Traces int64 `json:"traces"`
	Spans  int64 `json:"spans"`
	Bytes  int64 `json:"bytes"` // of the file
	// Loss is what JSON could not carry.
	Loss otlpjson.Loss `json:"loss,omitzero"`
	// Reached is when the trace started that was written last, in nanoseconds.
	Reached int64 `json:"reached,omitempty"`
}

// mark is how much of a file is whole, and how the export goes on from there.
type mark struct {
	Version  int      `json:"version"`
	Asked    string   `json:"asked"`
	Format   string   `json:"format"`
	Exported Exported `json:"exported"`
	Frontier frontier `json:"frontier"`
	// Request is the one that was made first: what was typed as "two days ago"
	// stays what it was.
	Request []byte `json:"request"`
}

// To writes to w, in one go.
func (x *Export) To(ctx context.Context, w io.Writer) (Exported, error) {
	writing, err := x.writing(w, mark{})
	if err != nil {
		return Exported{}, err
	}
	if err := writing.all(ctx, nil); err != nil {
		return writing.exported(), err
	}
	err = writing.out.Close()
	return writing.exported(), err
}

// Cuts of a file: after so much, or so long, it is made whole and marked.
const (
	markBytes = 4 << 20
	markEvery = 2 * time.Second
)

// Attempts to go on, and pauses between them, while nothing more comes. A server
// that has never answered is not waited for: most often its address is wrong.
const (
	attempts   = 6
	firstPause = 500 * time.Millisecond
)

// errBegun says that there is an unfinished export of this name.
var errBegun = errors.New("was begun before and is not complete: --resume goes on with it, --force begins anew")

// Paths of an unfinished export.
func partOf(path string) string { return path + ".part" }
func markOf(path string) string { return path + ".part.state" }

// File writes to a file, which is there when all of it is: until then, what has
// been written is beside it under its name and ".part", and how much of that is
// whole under ".part.state". An export that was interrupted goes on from there
// when resume is set, and begins anew when replace is. complete says that there was
// nothing left to do.
func (x *Export) File(ctx context.Context, path string, resume, replace bool) (_ Exported, complete bool, err error) {
	at, complete, err := x.begin(path, resume, replace)
	if err != nil || complete {
		return Exported{}, complete, err
	}
	pause := firstPause
	for failures := 0; ; {
		before := at.Exported
		err := x.part(ctx, path, &at)
		if err == nil {
			return at.Exported, false, x.finish(path)
		}
		if at.Exported != before {
			failures, pause = 0, firstPause
		}
		if failures++; failures == attempts || !x.came || ctx.Err() != nil || !x.Passing(err) {
			if at.Exported.Bytes == 0 { // there is nothing to go on from
				err = errors.Join(err, remove(partOf(path)))
			}
			return at.Exported, false, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause *= 2
	}
}

// begin finds out where to begin, and puts out of the way what is to be replaced.
func (x *Export) begin(path string, resume, replace bool) (at mark, complete bool, err error) {
	request, err := proto.Marshal(x.Request)
	if err != nil {
		return at, false, err
	}
	fresh := mark{Version: stateVersion, Asked: x.Asked, Format: x.Format.String(), Request: request}
	if replace {
		return fresh, false, errors.Join(remove(partOf(path)), remove(markOf(path)))
	}
	_, errPart := os.Stat(partOf(path))
	if errPart != nil {
		if _, err := os.Stat(path); err == nil {
			if resume {
				return at, true, nil
			}
			return at, false, fmt.Errorf("%s is there already; --force replaces it", path)
		}
		return fresh, false, remove(markOf(path))
	}
	if !resume {
		return at, false, fmt.Errorf("%s %w", path, errBegun)
	}
	known, err := readState(markOf(path), &at)
	switch {
	case err != nil:
		return at, false, err
	case !known:
		return fresh, false, nil // it ended before the first mark
	case at.Asked != x.Asked || at.Format != x.Format.String():
		return at, false, fmt.Errorf("%s was begun with another question (%s, as %s; now %s, as %s): ask the same, or begin anew with --force",
			partOf(path), at.Asked, at.Format, x.Asked, x.Format)
	}
	info, err := os.Stat(partOf(path))
	if err == nil && info.Size() < at.Exported.Bytes {
		err = fmt.Errorf("%s has %d bytes, of which %d were whole: it has been changed; begin anew with --force", partOf(path), info.Size(), at.Exported.Bytes)
	}
	return at, false, err
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// part goes on from a mark, and moves it.
func (x *Export) part(ctx context.Context, path string, at *mark) (err error) {
	file, err := os.OpenFile(partOf(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	// What was written after the mark is torn.
	if err := file.Truncate(at.Exported.Bytes); err != nil {
		return err
	}
	if _, err := file.Seek(at.Exported.Bytes, io.SeekStart); err != nil {
		return err
	}
	writing, err := x.writing(file, *at)
	if err != nil {
		return err
	}
	save := func(final bool) error {
		if err := errors.Join(writing.out.Cut(), file.Sync()); err != nil {
			return err
		}
		writing.frontier.trim()
		at.Exported, at.Frontier = writing.exported(), frontier{writing.frontier.Nano, slices.Clone(writing.frontier.Done)}
		if final {
			return nil
		}
		return writeState(markOf(path), at)
	}
	if err := writing.all(ctx, save); err != nil {
		return err
	}
	return save(true)
}

// finish gives a complete file its name.
func (x *Export) finish(path string) error {
	if err := os.Rename(partOf(path), path); err != nil {
		return err
	}
	return remove(markOf(path))
}

// request is the first one, bounded by what has been written since.
func (x *Export) request(at mark) (*agenttracev1.ExportTracesRequest, error) {
	req := proto.CloneOf(x.Request)
	if len(at.Request) > 0 {
		req = new(agenttracev1.ExportTracesRequest)
		if err := proto.Unmarshal(at.Request, req); err != nil {
			return nil, fmt.Errorf("read what was asked first: %w", err)
		}
	}
	req.OrderBy = agenttracev1.TraceOrder_TRACE_ORDER_START_TIME
	if at.Frontier.Nano > 0 {
		bound := time.Unix(0, at.Frontier.Nano+1)
		if req.EndTime == nil || bound.Before(req.EndTime.AsTime()) {
			req.EndTime = timestamppb.New(bound)
		}
	}
	return req, nil
}
