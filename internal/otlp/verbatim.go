package otlp

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/VictoriaMetrics/easyproto"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// Verbatim reports whether the inputs, outputs, arguments and results of all
// spans in a TracesData message, and the texts of their messages if that is
// asked too, stand in it byte by byte as they are in the decoded spans. Lists,
// maps and numbers do not: they become texts only there. Of the texts that are
// read from JSON, those characters count that JSON does not write with a
// backslash; where it may have written others by their number, the answer is
// false. So it is for what is no such message.
func Verbatim(tracesData []byte, messages bool) bool {
	messages = messages && bytes.Contains(tracesData, []byte(jsonNumber))
	isVerbatim := isText
	if messages {
		isVerbatim = isTextWithoutNumbers
	}
	return eachMessage(tracesData, tracesResourceSpans, func(resource []byte) bool {
		return eachMessage(resource, resourceSpansScopes, func(scope []byte) bool {
			return eachMessage(scope, scopeSpansSpans, func(span []byte) bool {
				return eachMessage(span, 9, isVerbatim)
			})
		})
	})
}

// jsonNumber begins a character that JSON has by its number.
const jsonNumber = `\u`

// eachMessage reports whether a condition holds for all fields of a number below
// 16.
func eachMessage(message []byte, num uint32, holds func([]byte) bool) bool {
	tag := byte(num<<3 | 2)
	var fc easyproto.FieldContext
	for len(message) > 0 {
		data, rest, ok := cutMessage(message, tag)
		if !ok {
			var err error
			if rest, err = wire.Next(&fc, message); err != nil {
				return false
			}
			if data, ok = fc.MessageData(); !ok || fc.FieldNum != num {
				message = rest
				continue
			}
		}
		if !holds(data) {
			return false
		}
		message = rest
	}
	return true
}

// cutMessage returns what is in the field at the beginning of a message, and
// what is behind it, if it has that tag and is valid. It is much faster than
// wire.Next.
func cutMessage(message []byte, tag byte) (data, rest []byte, ok bool) {
	if len(message) < 2 || message[0] != tag {
		return nil, nil, false
	}
	n, width := uint64(message[1]), 1
	if n >= 0x80 {
		n, width = binary.Uvarint(message[1:])
	}
	if width <= 0 || n > uint64(len(message)-1-width) {
		return nil, nil, false
	}
	message = message[1+width:]
	return message[:n], message[n:], true
}

// isText reports whether an attribute is a text, or feeds none.
func isText(keyValue []byte) bool {
	if _, _, ok := cutPlainText(keyValue); ok {
		return true
	}
	a, err := openAttribute(keyValue)
	return err == nil && (!a.feeds(intoText) || a.kind == model.KindString || a.kind == model.KindEmpty)
}

// isTextWithoutNumbers reports the same, and whether it is no JSON with
// characters by their number that messages are read from.
func isTextWithoutNumbers(keyValue []byte) bool {
	key, text, ok := cutPlainText(keyValue)
	if ok {
		number, found := known.numbers[string(key)]
		return !found || known.feeds[number]&intoMessages == 0 || !bytes.Contains(text, []byte(jsonNumber))
	}
	a, err := openAttribute(keyValue)
	return err == nil && (!a.feeds(intoText) || a.kind == model.KindEmpty ||
		a.kind == model.KindString && !(a.feeds(intoMessages) && strings.Contains(a.text, jsonNumber)))
}

// cutPlainText recognises what nearly all attributes are, and nearly all senders
// write: a key, then a value, which is one text.
func cutPlainText(keyValue []byte) (key, text []byte, ok bool) {
	key, value, ok := cutMessage(keyValue, 1<<3|2)
	if !ok {
		return nil, nil, false
	}
	value, rest, ok := cutMessage(value, 2<<3|2)
	if !ok || len(rest) > 0 {
		return nil, nil, false
	}
	text, rest, ok = cutMessage(value, 1<<3|2)
	return key, text, ok && len(rest) == 0
}

// namedAttribute is any attribute.
type namedAttribute struct {
	attribute
	key string
}

// openAttribute reads a KeyValue message; of one that feeds nothing, the key
// only.
func openAttribute(keyValue []byte) (a namedAttribute, err error) {
	var fc easyproto.FieldContext
	for rest := keyValue; len(rest) > 0; {
		if rest, err = wire.Next(&fc, rest); err != nil {
			return a, err
		}
		if fc.FieldNum == 1 {
			setString(&a.key, &fc)
		}
	}
	if a.feeds(intoText) {
		w := walker{maxDepth: hardMaxDepth}
		_, a.attribute, err = w.entry(keyValue, 1)
	}
	return a, err
}

func (a *namedAttribute) feeds(what feeding) bool {
	if isTurn(a.key) {
		return what == intoText
	}
	number, ok := known.numbers[a.key]
	return ok && known.feeds[number]&what != 0
}
