package otlp

import (
	"bytes"
	"fmt"
	"iter"
	"slices"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// DecodeSpans reads complete spans, in the order of the message. It takes what
// [Parse] accepted, whatever the limits were then, and keeps none of tracesData.
func DecodeSpans(project string, tracesData []byte) ([]*model.Span, error) {
	var spans []*model.Span
	var bodies []model.Body
	d := decoder{project: project, message: tracesData}
	err := d.each(nil, func(s *model.Span, left int) bool {
		if spans == nil {
			spans, bodies = make([]*model.Span, 0, left), make([]model.Body, left)
		}
		body := &bodies[len(spans)]
		*body = *s.Body
		// The decoder goes on with all that it has grown.
		body.Attributes, body.Events, body.Links = exactly(s.Body.Attributes), exactly(s.Body.Events), exactly(s.Body.Links)
		s.Body = body
		spans = append(spans, s)
		return true
	})
	if err != nil {
		return nil, err
	}
	return spans, nil
}

func exactly[T any](in []T) []T {
	if len(in) == 0 {
		return nil
	}
	return slices.Clone(in)
}

// EachSpan is DecodeSpans for who wants some of the spans, all of them when wanted
// is nil, and looks at one after the other: lists of a Body are valid until the next
// span, texts and everything else as long as they are needed. What wanted is asked
// about is narrow. An error is the last thing it yields.
func EachSpan(project string, tracesData []byte, wanted func(*model.Span) bool) iter.Seq2[*model.Span, error] {
	return func(yield func(*model.Span, error) bool) {
		d := decoder{project: project, message: tracesData}
		err := d.each(wanted, func(s *model.Span, _ int) bool { return yield(s, nil) })
		if err != nil {
			yield(nil, err)
		}
	}
}

// decoder reads complete spans, one after the other into the same memory.
type decoder struct {
	project string
	message []byte
	Completer
}

// each hands out the wanted spans, with how many more there may be, this one
// included, until yield returns false.
func (d *decoder) each(wanted func(*model.Span) bool, yield func(s *model.Span, left int) bool) error {
	// The spans' texts share one copy of the message: there are hundreds of
	// them, and they are read and forgotten together.
	records, err := ParseStored(d.project, bytes.Clone(d.message))
	if err != nil {
		return err
	}
	for i := range records {
		if wanted != nil && !wanted(records[i].Span) {
			continue
		}
		if err := d.Complete(&records[i]); err != nil {
			return fmt.Errorf("span %d: %w", i, err)
		}
		if !yield(records[i].Span, len(records)-i) {
			return nil
		}
	}
	return nil
}

// Completer makes spans of [ParseStored] complete, one after the other. Its zero
// value is ready; it is for one goroutine.
type Completer struct {
	around surroundings
	body   model.Body
	index  attributeIndex
}

// Complete gives the span of a record its Body. Lists of the Body are valid until
// the next call, texts and everything else alias what was parsed.
func (c *Completer) Complete(record *model.Record) error {
	if err := c.around.open(record); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	body := &c.body
	*body = model.Body{
		Attributes: body.Attributes[:0], Events: body.Events[:0], Links: body.Links[:0],
		Resource: c.around.resource, Scope: c.around.scope,
	}
	if err := decodeSpan(body, record.Raw); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	c.index.fill(body.Attributes)
	record.Span.Body = body
	deriveBody(record.Span, &c.index)
	return nil
}

// surroundings are the resource and the scope of the last span: the next one
// usually has the same.
type surroundings struct {
	rawResource, rawScope []byte
	resource              model.Resource
	scope                 model.Scope
	opened                bool
}

func (a *surroundings) open(r *model.Record) (err error) {
	if a.opened && sameBytes(a.rawResource, r.Resource) && sameBytes(a.rawScope, r.Scope) {
		return nil
	}
	*a = surroundings{rawResource: r.Resource, rawScope: r.Scope, opened: true}
	err = wire.EachField(r.Resource, func(f *wire.Field) error {
		data, ok := f.Bytes()
		switch {
		case ok && f.Num == resourceSpansResource:
			return decodeResource(&a.resource, data)
		case ok && f.Num == resourceSpansSchemaURL:
			a.resource.SchemaURL, _ = f.Text()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return wire.EachField(r.Scope, func(f *wire.Field) error {
		data, ok := f.Bytes()
		switch {
		case ok && f.Num == scopeSpansScope:
			return decodeScope(&a.scope, data)
		case ok && f.Num == scopeSpansSchemaURL:
			a.scope.SchemaURL, _ = f.Text()
		}
		return nil
	})
}

func decodeResource(r *model.Resource, data []byte) error {
	return wire.EachField(data, func(f *wire.Field) error {
		switch f.Num {
		case 1:
			return decodeAttribute(&r.Attributes, f)
		case 2:
			setUint32(&r.DroppedAttributes, f)
		}
		return nil
	})
}

func decodeScope(s *model.Scope, data []byte) error {
	return wire.EachField(data, func(f *wire.Field) error {
		switch f.Num {
		case 1:
			setString(&s.Name, f)
		case 2:
			setString(&s.Version, f)
		case 3:
			return decodeAttribute(&s.Attributes, f)
		case 4:
			setUint32(&s.DroppedAttributes, f)
		}
		return nil
	})
}

// decodeSpan reads what is not narrow: the walker has read the rest.
func decodeSpan(b *model.Body, raw []byte) error {
	return wire.EachField(raw, func(f *wire.Field) error {
		switch f.Num {
		case 3:
			setString(&b.TraceState, f)
		case 5:
			setString(&b.FullName, f)
		case 9:
			return decodeAttribute(&b.Attributes, f)
		case 10:
			setUint32(&b.DroppedAttributes, f)
		case 11:
			if data, ok := f.Bytes(); ok {
				b.Events = append(b.Events, model.Event{})
				return decodeEvent(&b.Events[len(b.Events)-1], data)
			}
		case 12:
			setUint32(&b.DroppedEvents, f)
		case 13:
			if data, ok := f.Bytes(); ok {
				b.Links = append(b.Links, model.Link{})
				return decodeLink(&b.Links[len(b.Links)-1], data)
			}
		case 14:
			setUint32(&b.DroppedLinks, f)
		case 15:
			if data, ok := f.Bytes(); ok {
				return wire.EachField(data, func(f *wire.Field) error {
					if f.Num == 2 {
						setString(&b.FullStatusMessage, f)
					}
					return nil
				})
			}
		case 16:
			if n, ok := f.Fixed32(); ok {
				b.Flags = n
			}
		}
		return nil
	})
}

func decodeEvent(e *model.Event, data []byte) error {
	return wire.EachField(data, func(f *wire.Field) error {
		switch f.Num {
		case 1:
			if n, ok := f.Fixed64(); ok {
				e.TimeNano = int64(n)
			}
		case 2:
			setString(&e.Name, f)
		case 3:
			return decodeAttribute(&e.Attributes, f)
		case 4:
			setUint32(&e.DroppedAttributes, f)
		}
		return nil
	})
}

func decodeLink(l *model.Link, data []byte) error {
	return wire.EachField(data, func(f *wire.Field) error {
		switch f.Num {
		case 1:
			if id, ok := f.Bytes(); ok {
				l.TraceID = id
			}
		case 2:
			if id, ok := f.Bytes(); ok {
				l.SpanID = id
			}
		case 3:
			setString(&l.TraceState, f)
		case 4:
			return decodeAttribute(&l.Attributes, f)
		case 5:
			setUint32(&l.DroppedAttributes, f)
		case 6:
			if n, ok := f.Fixed32(); ok {
				l.Flags = n
			}
		}
		return nil
	})
}

func setString(to *string, f *wire.Field) {
	if s, ok := f.Text(); ok {
		*to = s
	}
}

func setUint32(to *uint32, f *wire.Field) {
	if n, ok := f.Varint(); ok {
		*to = uint32(n) // protobuf drops the upper half too
	}
}
