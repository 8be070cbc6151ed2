package tracing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
)

// content is an input or output as a span records it.
type content struct {
	text, mimeType string
}

// contentOf writes a value: texts as they are, all others as JSON.
func contentOf(v any) content {
	switch v := v.(type) {
	case nil:
		return content{}
	case string:
		return content{v, typeText}
	case json.RawMessage:
		return content{string(v), typeJSON}
	case []byte:
		if utf8.Valid(v) {
			return content{string(v), typeText}
		}
	case error:
		return content{errorText(v), typeText}
	}
	written, err := marshal(v)
	if err != nil {
		return content{unwritable(v, err), typeText}
	}
	return content{string(written), typeJSON}
}

// marshal writes JSON as people write it, with < and & as they are. A method of
// the value that panics is an error: tracing never ends the program that it
// traces.
func marshal(v any) (written []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its MarshalJSON panicked: %v", p)
		}
	}()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func unwritable(v any, err error) string {
	return fmt.Sprintf("(%T that JSON cannot hold: %v)", v, err)
}

// excerpt returns the first limit bytes of a text, cut between characters.
func excerpt(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// attributes is a list that grows by what is not empty.
type attributes []attribute.KeyValue

// text appends a text. What is no UTF-8 in it becomes U+FFFD: protobuf refuses
// such texts, and with them every span of a request.
func (a attributes) text(key, value string) attributes {
	if value == "" {
		return a
	}
	return append(a, attribute.String(key, valid(value)))
}

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// texts appends a list, empty texts included: they have their places in it.
func (a attributes) texts(key string, values []string) attributes {
	if len(values) == 0 {
		return a
	}
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = valid(value)
	}
	return append(a, attribute.StringSlice(key, list))
}

func (a attributes) count(key string, n int64) attributes {
	if n <= 0 {
		return a
	}
	return append(a, attribute.Int64(key, n))
}

func (a attributes) contents(key, typeKey string, c content) attributes {
	if c.text == "" {
		return a
	}
	return a.text(key, c.text).text(typeKey, c.mimeType)
}
