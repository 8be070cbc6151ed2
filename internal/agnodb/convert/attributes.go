package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/agenttrace/agenttrace/internal/otlp/wire"
)

// appendAttributes appends an object of JSON as the attributes of a span, and
// returns their keys. Text, whole numbers, other numbers, truth values and lists
// become what OTLP has for them; null is left out, as OpenTelemetry leaves out
// None. An object within is kept as JSON text, which is how the exporter sends
// what is structured. What is no JSON is kept as one text.
func appendAttributes(dst []byte, text string) (_ []byte, keys map[string]bool, err error) {
	if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed == "null" {
		return dst, nil, nil
	}
	mark := len(dst)
	dst, keys, err = appendObject(dst, text)
	if err == nil {
		return dst, keys, nil
	}
	// Python writes NaN and Infinity, which JSON does not have.
	if plain, changed := withoutNaN(text); changed {
		if again, keys, err := appendObject(dst[:mark], plain); err == nil {
			return again, keys, nil
		}
	}
	return appendText(dst[:mark], "agno.attributes", text), nil, err
}

func appendObject(dst []byte, text string) ([]byte, map[string]bool, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return dst, nil, fmt.Errorf("want an object of JSON: %w", errors.Join(err, errNoObject))
	}
	keys := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return dst, nil, err
		}
		key, ok := token.(string)
		if !ok {
			return dst, nil, errNoObject
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return dst, nil, err
		}
		if value, ok := valueOf(raw); ok {
			dst = appendKeyValue(dst, 9, key, value)
			keys[key] = true
		}
	}
	if _, err := d.Token(); err != nil {
		return dst, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return dst, nil, errors.New("something stands behind the object")
	}
	return dst, keys, nil
}

var errNoObject = errors.New("it is something else")

// valueOf returns an AnyValue message; ok is false for null.
func valueOf(raw json.RawMessage) (value []byte, ok bool) {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return nil, false
		}
		if f, isNumber := notJSON[text]; isNumber {
			return doubleValue(f), true
		}
		return textValue(text), true
	case 't', 'f':
		return protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), protowire.EncodeBool(raw[0] == 't')), true
	case 'n':
		return nil, false
	case '[':
		return listValue(raw), true
	case '{':
		return textValue(string(raw)), true
	default:
		return numberValue(string(raw)), true
	}
}

// numberValue keeps whole numbers whole, as long as 64 bits hold them.
func numberValue(text string) []byte {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.VarintType), uint64(n))
	}
	f, _ := strconv.ParseFloat(text, 64) // infinite where it is too great
	return doubleValue(f)
}

func doubleValue(f float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, 4, protowire.Fixed64Type), math.Float64bits(f))
}

func textValue(text string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), text)
}

// listValue keeps nulls, so that the others keep their places. Lists within are
// kept as text: OpenTelemetry's lists hold scalars.
func listValue(raw json.RawMessage) []byte {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil {
		return textValue(string(raw))
	}
	var list []byte
	for _, element := range elements {
		element = bytes.TrimSpace(element)
		value, _ := valueOf(element)
		if element[0] == '[' {
			value = textValue(string(element))
		}
		list = append(wire.AppendHead(list, 1, len(value)), value...)
	}
	return wire.CloseMessage(list, 0, 5)
}

// appendKeyValue appends a KeyValue message as a field.
func appendKeyValue(dst []byte, field protowire.Number, key string, value []byte) []byte {
	mark := len(dst)
	dst = protowire.AppendString(protowire.AppendTag(dst, 1, protowire.BytesType), key)
	dst = append(wire.AppendHead(dst, 2, len(value)), value...)
	return wire.CloseMessage(dst, mark, field)
}

// appendText appends an attribute of a span.
func appendText(dst []byte, key, text string) []byte {
	return appendKeyValue(dst, 9, key, textValue(text))
}

// notJSON are the texts that withoutNaN puts for what Python writes and JSON does
// not have. They begin with a character of no meaning, so that no attribute has
// them.
var notJSON = map[string]float64{
	"\uE000NaN": math.NaN(), "\uE000Infinity": math.Inf(1), "\uE000-Infinity": math.Inf(-1),
}

// withoutNaN quotes NaN, Infinity and -Infinity where they stand outside of
// texts.
func withoutNaN(text string) (_ string, changed bool) {
	var b strings.Builder
	for i := 0; i < len(text); {
		if text[i] == '"' {
			end := endOfText(text, i)
			b.WriteString(text[i:end])
			i = end
			continue
		}
		word := ""
		for _, candidate := range [...]string{"NaN", "Infinity", "-Infinity"} {
			if strings.HasPrefix(text[i:], candidate) {
				word = candidate
			}
		}
		if word == "" {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString("\"\uE000" + word + `"`)
		i += len(word)
		changed = true
	}
	return b.String(), changed
}

// endOfText returns where the text that begins at i ends.
func endOfText(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
