package otlp

import (
	"github.com/VictoriaMetrics/easyproto"

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
	var fc easyproto.FieldContext
	for len(data) > 0 {
		if data, err = wire.Next(&fc, data); err != nil {
			return key, value, err
		}
		switch fc.FieldNum {
		case 1:
			if s, ok := fc.String(); ok {
				key = s
			}
		case 2:
			if message, ok := fc.MessageData(); ok {
				if err := w.value(&value, message, depth); err != nil {
					return key, value, err
				}
			}
		}
	}
	return key, value, nil
}

// value walks an AnyValue message. Of several members the last one counts.
func (w *walker) value(to *attribute, data []byte, depth int) (err error) {
	if depth > w.maxDepth {
		return errTooDeep
	}
	var fc easyproto.FieldContext
	for len(data) > 0 {
		if data, err = wire.Next(&fc, data); err != nil {
			return err
		}
		switch fc.FieldNum {
		case 1:
			if s, ok := fc.String(); ok {
				*to = attribute{kind: model.KindString, text: s}
			}
		case 2:
			if n, ok := fc.Uint64(); ok {
				*to = attribute{kind: model.KindBool, bits: n}
			}
		case 3:
			if n, ok := fc.Uint64(); ok {
				*to = attribute{kind: model.KindInt, bits: n}
			}
		case 4:
			if n, ok := fc.Fixed64(); ok {
				*to = attribute{kind: model.KindDouble, bits: n}
			}
		case 5, 6:
			if message, ok := fc.MessageData(); ok {
				*to = attribute{kind: model.KindArray + model.ValueKind(fc.FieldNum-5)}
				to.text, _ = fc.String()
				if err := w.elements(message, to.kind == model.KindMap, depth+1); err != nil {
					return err
				}
			}
		case 7:
			if s, ok := fc.String(); ok {
				*to = attribute{kind: model.KindBytes, text: s}
			}
		}
	}
	return nil
}

// elements walks an ArrayValue or a KeyValueList.
func (w *walker) elements(data []byte, entries bool, depth int) (err error) {
	var fc easyproto.FieldContext
	for len(data) > 0 {
		if data, err = wire.Next(&fc, data); err != nil {
			return err
		}
		message, ok := fc.MessageData()
		if !ok || fc.FieldNum != 1 {
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
