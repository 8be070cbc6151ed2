package otlp

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// keyValue walks a KeyValue message and everything in it.
func (w *walker) keyValue(data []byte) (key string, value attribute, err error) {
	if err := w.count(); err != nil {
		return "", value, err
	}
	return w.entry(data, 1)
}

func (w *walker) entry(data []byte, depth int) (key string, value attribute, err error) {
	if key, text, ok := cutPlainText(data); ok && depth <= w.maxDepth {
		return key, attribute{kind: model.KindString, text: text}, nil
	}
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return key, value, err
		}
		switch f.Num {
		case 1:
			if s, ok := f.Text(); ok {
				key = s
			}
		case 2:
			if message, ok := f.Bytes(); ok {
				if err := w.value(&value, message, depth); err != nil {
					return key, value, err
				}
			}
		}
	}
	return key, value, nil
}

// cutPlainText recognises what nearly all attributes are, and nearly all senders
// write: a key, then a value, which is one text.
func cutPlainText(keyValue []byte) (key, text string, ok bool) {
	name, value, ok := wire.Cut(keyValue, 1)
	if !ok {
		return "", "", false
	}
	value, rest, ok := wire.Cut(value, 2)
	if !ok || len(rest) > 0 {
		return "", "", false
	}
	said, rest, ok := wire.Cut(value, 1)
	return wire.TextOf(name), wire.TextOf(said), ok && len(rest) == 0
}

// value walks an AnyValue message. Of several members the last one counts.
func (w *walker) value(to *attribute, data []byte, depth int) (err error) {
	if depth > w.maxDepth {
		return errTooDeep
	}
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		switch f.Num {
		case 1:
			if s, ok := f.Text(); ok {
				*to = attribute{kind: model.KindString, text: s}
			}
		case 2:
			if n, ok := f.Varint(); ok {
				*to = attribute{kind: model.KindBool, bits: n}
			}
		case 3:
			if n, ok := f.Varint(); ok {
				*to = attribute{kind: model.KindInt, bits: n}
			}
		case 4:
			if n, ok := f.Fixed64(); ok {
				*to = attribute{kind: model.KindDouble, bits: n}
			}
		case 5, 6:
			if message, ok := f.Bytes(); ok {
				*to = attribute{kind: model.KindArray + model.ValueKind(f.Num-5)}
				to.text, _ = f.Text()
				if err := w.elements(message, to.kind == model.KindMap, depth+1); err != nil {
					return err
				}
			}
		case 7:
			if s, ok := f.Text(); ok {
				*to = attribute{kind: model.KindBytes, text: s}
			}
		}
	}
	return nil
}

// elements walks an ArrayValue or a KeyValueList.
func (w *walker) elements(data []byte, entries bool, depth int) (err error) {
	var f wire.Field
	for len(data) > 0 {
		if data, err = wire.Next(&f, data); err != nil {
			return err
		}
		message, ok := f.Bytes()
		if !ok || f.Num != 1 {
			continue
		}
		if err := w.count(); err != nil {
			return err
		}
		var ignored attribute
		if entries {
			_, _, err = w.entry(message, depth)
		} else {
			err = w.value(&ignored, message, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) count() error {
	if w.values++; w.values > maxSpanValues {
		return errTooMany
	}
	return nil
}
