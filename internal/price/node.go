package price

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// node is a value in a JSON file that knows its place, so that what is wrong with
// it can be told to whoever wrote it.
type node struct {
	raw []byte // valid, no space around it
	up  *node
	key string // in an object; "[3]" in a list
}

// FileError says what is wrong in a file of prices, and where.
type FileError struct {
	Path   string // of the file
	Place  string // such as models[2].prices[0].input; "line 7" where the file is no JSON
	Reason string
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %s %s", e.Path, e.Place, e.Reason) }

// parse reads a whole file.
func parse(data []byte) (node, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		line := 1
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			line += bytes.Count(data[:min(syntax.Offset, int64(len(data)))], []byte("\n"))
		}
		return node{}, &FileError{Place: "line " + strconv.Itoa(line), Reason: "is no JSON: " + err.Error()}
	}
	return node{raw: bytes.TrimSpace(raw)}, nil
}

func (n node) wrong(reason string, args ...any) error {
	return &FileError{Place: n.place(), Reason: fmt.Sprintf(reason, args...)}
}

func (n node) place() string {
	if n.up == nil {
		return "the file"
	}
	var keys []string
	for at := &n; at.up != nil; at = at.up {
		keys = append(keys, cmp.Or(at.key, `""`))
	}
	slices.Reverse(keys)
	return strings.ReplaceAll(strings.Join(keys, "."), ".[", "[")
}

// object returns the members of an object, in their order. Only the keys named may
// be there, each once.
func (n node) object(known ...string) ([]node, error) {
	if n.raw[0] != '{' {
		return nil, n.wrong("must be an object")
	}
	parts := split(n.raw)
	members := make([]node, 0, len(parts)/2)
	for i := 0; i < len(parts); i += 2 {
		member := node{raw: parts[i+1], up: &n, key: unquoted(parts[i])}
		if !slices.Contains(known, member.key) {
			return nil, member.wrong("is no key here; there are: %s", strings.Join(known, ", "))
		}
		if slices.ContainsFunc(members, func(m node) bool { return m.key == member.key }) {
			return nil, member.wrong("is there twice")
		}
		members = append(members, member)
	}
	return members, nil
}

// list returns the values of a list, which must have some.
func (n node) list() ([]node, error) {
	if n.raw[0] != '[' {
		return nil, n.wrong("must be a list")
	}
	parts := split(n.raw)
	if len(parts) == 0 {
		return nil, n.wrong("must not be empty")
	}
	items := make([]node, len(parts))
	for i, raw := range parts {
		items[i] = node{raw: raw, up: &n, key: "[" + strconv.Itoa(i) + "]"}
	}
	return items, nil
}

// text returns a text, which must not be empty.
func (n node) text() (string, error) {
	text := unquoted(n.raw)
	if n.raw[0] != '"' || text == "" {
		return "", n.wrong("must be a text that is not empty")
	}
	return text, nil
}

// count returns a whole number that is not negative.
func (n node) count() (int64, error) {
	i, err := strconv.ParseInt(string(n.raw), 10, 64)
	if err != nil || i < 0 {
		return 0, n.wrong("must be a whole number, 0 or more")
	}
	return i, nil
}

// split takes an object or a list apart, into keys and values in turn or into
// values. It only has to find where each ends, since the whole file was checked
// before: that makes reading the built-in table several times faster than the
// decoder of the standard library, and keeps keys in order and apart.
func split(raw []byte) [][]byte {
	var parts [][]byte
	start, depth, quoted := 1, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if quoted || depth > 1 || depth == 1 && raw[i] != ',' && raw[i] != ':' {
			continue
		}
		if part := bytes.TrimSpace(raw[start:i]); len(part) > 0 {
			parts = append(parts, part)
		}
		start = i + 1
	}
	return parts
}

// unquoted returns a text without its quotes; "" where it is no text.
func unquoted(raw []byte) string {
	if raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}
