package answer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// String is a member that is a text with some servers and something else with
// others: whatever is no text is kept as JSON, null as nothing.
type String string

// UnmarshalJSON takes any JSON, and never fails.
func (s *String) UnmarshalJSON(raw []byte) error {
	var text string
	switch {
	case bytes.Equal(raw, []byte("null")):
		*s = ""
	case json.Unmarshal(raw, &text) == nil:
		*s = String(text)
	default:
		*s = String(raw)
	}
	return nil
}

// Lenient decodes raw into value as far as it fits: members of the wrong type are
// passed over.
func Lenient(raw []byte, value any) {
	// What could not be decoded is missing from value, which is all there is to say.
	_ = json.Unmarshal(raw, value)
}

// Object decodes a JSON object into its members, nil where raw is none.
func Object(raw []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	Lenient(raw, &members)
	return members
}

// Without returns the members that are not named, as one JSON object; "" where
// none is left. Members that are null are not set, and left out.
func Without(members map[string]json.RawMessage, named ...string) string {
	rest := maps.Clone(members)
	maps.DeleteFunc(rest, func(name string, value json.RawMessage) bool {
		return slices.Contains(named, name) || bytes.Equal(value, []byte("null"))
	})
	if len(rest) == 0 {
		return ""
	}
	object, err := json.Marshal(rest)
	if err != nil {
		return ""
	}
	return string(object)
}

// List decodes a JSON array into its elements; anything else but null is a list of
// itself, for APIs take one where they take many.
func List(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return nil
	case json.Unmarshal(raw, &list) == nil:
		return list
	}
	return []json.RawMessage{raw}
}

// Text returns the value of a JSON string; ok is false for everything else.
func Text(raw json.RawMessage) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return text, json.Unmarshal(raw, &text) == nil
}

// With returns a JSON object with that one member.
func With(name string, value json.RawMessage) string {
	object, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil {
		return ""
	}
	return string(object)
}
