package otlp

import (
	"fmt"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Bounds of what one span may hold, beside [Limits]. A value in memory takes
// about a hundred bytes where it took two on the wire.
const maxSpanValues = 1 << 18

// walker walks one span after the other and keeps what deriving needs. All of
// it aliases the request.
type walker struct {
	maxDepth int
	values   int // attributes, elements and entries of the span so far

	traceID, spanID, parentID []byte
	start, end                uint64
	name                      string
	kind                      model.SpanKind
	status                    model.StatusCode
	statusMessage             string
	scopeName                 string
	exception                 exception
	firstToken                uint64 // time of the event that tells of it
	facts                     facts
	loose                     []looseAttribute
	looseLost                 bool // there were more
}

// exception is the last exception event of a span.
type exception struct {
	recorded                   bool
	class, message, stacktrace string
}

// looseAttribute may become a short attribute.
type looseAttribute struct {
	key   string
	value attribute
}

// maxLoose bounds how many attributes of a span are looked at for short
// attributes; at most maxShortEntries of them become one.
const maxLoose = 1024

func (w *walker) reset() {
	w.values = 0
	w.traceID, w.spanID, w.parentID = nil, nil, nil
	w.start, w.end = 0, 0
	w.name, w.statusMessage = "", ""
	w.kind, w.status = 0, 0
	w.exception = exception{}
	w.firstToken = 0
	w.facts.reset()
	w.loose, w.looseLost = w.loose[:0], false
}

// span walks a Span message. Fields with a number that is known and a wire type
// that is not the expected one are unknown fields, as protobuf has it.
func (w *walker) span(raw []byte) (err error) {
	w.reset()
	var f wire.Field
	for len(raw) > 0 {
		if data, rest, ok := wire.Cut(raw, spanAttributes); ok { // most of it
			if err := w.attribute(data); err != nil {
				return err
			}
			raw = rest
			continue
		}
		if raw, err = wire.Next(&f, raw); err != nil {
			return err
		}
		if data, ok := f.Bytes(); ok {
			if err := w.spanMessage(&f, data); err != nil {
				return err
			}
			continue
		}
		switch f.Num {
		case 6:
			if n, ok := f.Varint(); ok {
				w.kind = model.SpanKind(n)
			}
		case 7:
			if n, ok := f.Fixed64(); ok {
				w.start = n
			}
		case 8:
			if n, ok := f.Fixed64(); ok {
				w.end = n
			}
		}
	}
	return nil
}

// spanMessage takes a field of length-delimited type.
func (w *walker) spanMessage(f *wire.Field, data []byte) error {
	switch f.Num {
	case 1:
		w.traceID = data
	case 2:
		w.spanID = data
	case 4:
		w.parentID = data
	case 5:
		w.name, _ = f.Text()
	case spanAttributes:
		return w.attribute(data)
	case 11:
		if err := w.event(data); err != nil {
			return fmt.Errorf("event: %w", err)
		}
	case 13:
		if err := w.link(data); err != nil {
			return fmt.Errorf("link: %w", err)
		}
	case 15:
		if err := w.statusOf(data); err != nil {
			return fmt.Errorf("status: %w", err)
		}
	}
	return nil
}

// attribute walks an attribute of the span.
func (w *walker) attribute(data []byte) error {
	key, value, err := w.keyValue(data)
	if err != nil {
		return fmt.Errorf("attribute %.64q: %w", key, err)
	}
	w.take(key, value)
	return nil
}

// take sorts an attribute of the span in.
func (w *walker) take(key string, value attribute) {
	if isTurn(key) {
		return
	}
	number, ok := known.numbers[key]
	if ok {
		w.facts.set(number, value)
	} else if isContent(key) {
		return
	}
	w.facts.marks |= marksOf(key)
	switch {
	case ok && known.fates[number] != detail:
		// The conventions have another place for it.
	case len(w.loose) < maxLoose:
		w.loose = append(w.loose, looseAttribute{key: key, value: value})
	default:
		w.looseLost = true
	}
}

func (w *walker) event(data []byte) (err error) {
	if err := w.count(); err != nil {
		return err
	}
	var f wire.Field
	var name string
	var nano uint64
	var found exception
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		switch f.Num {
		case 1:
			if n, ok := f.Fixed64(); ok {
				nano = n
			}
		case 2:
			if s, ok := f.Text(); ok {
				name = s
			}
		case 3:
			if message, ok := f.Bytes(); ok {
				key, value, err := w.keyValue(message)
				if err != nil {
					return fmt.Errorf("attribute %.64q: %w", key, err)
				}
				found.take(key, &value)
			}
		}
	}
	switch name {
	case "exception":
		// The last one counts: it is what ended the span. Earlier ones were
		// handled, by a retry for instance, or are the inner half of it.
		found.recorded = true
		w.exception = found
	case "First Token Stream Event":
		if w.firstToken == 0 {
			w.firstToken = nano
		}
	}
	return nil
}

func (e *exception) take(key string, value *attribute) {
	var to *string
	switch key {
	case "exception.type":
		to = &e.class
	case "exception.message":
		to = &e.message
	case "exception.stacktrace":
		to = &e.stacktrace
	default:
		return
	}
	if *to == "" {
		*to = value.asText()
	}
}

func (w *walker) link(data []byte) (err error) {
	if err := w.count(); err != nil {
		return err
	}
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		if message, ok := f.Bytes(); ok && f.Num == 4 {
			if key, _, err := w.keyValue(message); err != nil {
				return fmt.Errorf("attribute %.64q: %w", key, err)
			}
		}
	}
	return nil
}

func (w *walker) statusOf(data []byte) (err error) {
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		switch f.Num {
		case 2:
			if s, ok := f.Text(); ok {
				w.statusMessage = s
			}
		case 3:
			if n, ok := f.Varint(); ok {
				w.status = statusCode(n)
			}
		}
	}
	return nil
}

// statusCode reads OTLP's code. A code that OTLP does not know says nothing.
func statusCode(n uint64) model.StatusCode {
	if n > uint64(model.StatusError) {
		return model.StatusUnset
	}
	return model.StatusCode(n)
}
