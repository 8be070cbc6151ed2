package otlp

import (
	"bytes"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

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
				return eachMessage(span, spanAttributes, isVerbatim)
			})
		})
	})
}

// jsonNumber begins a character that JSON has by its number.
const jsonNumber = `\u`

// eachMessage reports whether a condition holds for all fields of a number below
// 16.
func eachMessage(message []byte, num protowire.Number, holds func([]byte) bool) bool {
	var f wire.Field
	for len(message) > 0 {
		data, rest, ok := wire.Cut(message, num)
		if !ok {
			var err error
			if rest, err = wire.Next(&f, message); err != nil {
				return false
			}
			if data, ok = f.Bytes(); !ok || f.Num != num {
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
		number, found := known.numbers[key]
		return !found || known.feeds[number]&intoMessages == 0 || !strings.Contains(text, jsonNumber)
	}
	a, err := openAttribute(keyValue)
	return err == nil && (!a.feeds(intoText) || a.kind == model.KindEmpty ||
		a.kind == model.KindString && !(a.feeds(intoMessages) && strings.Contains(a.text, jsonNumber)))
}

// namedAttribute is any attribute.
type namedAttribute struct {
	attribute
	key string
}

// openAttribute reads a KeyValue message; of one that feeds nothing, the key
// only.
func openAttribute(keyValue []byte) (a namedAttribute, err error) {
	var f wire.Field
	for rest := keyValue; len(rest) > 0; {
		if rest, err = wire.Next(&f, rest); err != nil {
			return a, err
		}
		if f.Num == 1 {
			setString(&a.key, &f)
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
