package plan

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// attributeOf returns the value of a short attribute, the nil value where there
// is no entry, and whether the row tells it. The object is as otlp wrote it, or
// as a database writes it after that.
func attributeOf(object []byte, key string) (v query.Value, told bool) {
	told = true
	found := false
	eachEntry(object, func(name, value []byte) bool {
		switch {
		case isString(name, model.ShortIncomplete):
			told = false
		case !found && isString(name, key):
			found = true
			if v = valueOf(value); v.Kind == query.KindNil {
				told = false
			}
		}
		return told
	})
	return v, told
}

// eachEntry calls yield with the parts of a JSON object as they are written, until
// it returns false. It stops where there is no such object any more.
func eachEntry(object []byte, yield func(name, value []byte) bool) {
	rest := skipSpace(object)
	for len(rest) > 0 && (rest[0] == '{' || rest[0] == ',') {
		rest = skipSpace(rest[1:])
		name, behind := cutString(rest)
		behind = skipSpace(behind)
		if len(name) == 0 || len(behind) == 0 || behind[0] != ':' {
			return
		}
		value, behind := cutScalar(skipSpace(behind[1:]))
		if len(value) == 0 || !yield(name, value) {
			return
		}
		rest = skipSpace(behind)
	}
}

func skipSpace(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// cutScalar returns the string, number or word at the beginning of text.
func cutScalar(text []byte) (scalar, behind []byte) {
	if len(text) > 0 && text[0] == '"' {
		return cutString(text)
	}
	n := bytes.IndexAny(text, ",} \t\r\n")
	if n < 0 {
		return nil, nil
	}
	return text[:n], text[n:]
}

// cutString returns the string at the beginning of text, with its quotes.
func cutString(text []byte) (quoted, behind []byte) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return text[:i+1], text[i+1:]
		case '\\':
			i++
		}
	}
	return nil, nil
}

// isString reports whether a string, with its quotes, stands for s.
func isString(quoted []byte, s string) bool {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == s
	}
	return len(inner) > len(s) && unquoted(quoted) == s
}

func unquoted(quoted []byte) (s string) {
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	if json.Unmarshal(quoted, &s) != nil {
		return ""
	}
	return s
}

// valueOf reads a scalar; null, and what is none, is the nil value.
func valueOf(scalar []byte) query.Value {
	switch scalar[0] {
	case '"':
		return query.Text(unquoted(scalar))
	case 't':
		return query.Boolean(true)
	case 'f':
		return query.Boolean(false)
	}
	if n, err := strconv.ParseInt(string(scalar), 10, 64); err == nil {
		return query.Integer(n)
	}
	if f, err := strconv.ParseFloat(string(scalar), 64); err == nil {
		return query.Float(f)
	}
	return query.Value{}
}
