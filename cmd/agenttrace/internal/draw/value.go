package draw

import (
	"encoding/hex"
	"strconv"
	"strings"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// KeyValues returns attributes as name=value, a space between them.
func KeyValues(attributes []*agenttracev1.KeyValue) string {
	parts := make([]string, len(attributes))
	for i, kv := range attributes {
		parts[i] = kv.GetKey() + "=" + Value(kv.GetValue())
	}
	return strings.Join(parts, " ")
}

// Value returns the value of an attribute as text; one with spaces has quotes.
func Value(v *agenttracev1.Value) string {
	switch kind := v.GetKind().(type) {
	case *agenttracev1.Value_StringValue:
		return quoted(kind.StringValue)
	case *agenttracev1.Value_BoolValue:
		return strconv.FormatBool(kind.BoolValue)
	case *agenttracev1.Value_IntValue:
		return strconv.FormatInt(kind.IntValue, 10)
	case *agenttracev1.Value_DoubleValue:
		return strconv.FormatFloat(kind.DoubleValue, 'g', -1, 64)
	case *agenttracev1.Value_BytesValue:
		return "0x" + hex.EncodeToString(kind.BytesValue)
	case *agenttracev1.Value_InvalidStringValue:
		return quoted(string(kind.InvalidStringValue))
	case *agenttracev1.Value_ArrayValue:
		parts := make([]string, len(kind.ArrayValue.GetValues()))
		for i, item := range kind.ArrayValue.GetValues() {
			parts[i] = Value(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *agenttracev1.Value_MapValue:
		return "{" + KeyValues(kind.MapValue.GetValues()) + "}"
	}
	return "-"
}

// quoted is a text with quotes where it would not end clearly without, as a query
// writes them: backticks where there are quotes in it.
func quoted(text string) string {
	switch {
	case text != "" && !strings.ContainsAny(text, " \r\n\t\"`"):
		return text
	case strings.Contains(text, "\"") && !strings.Contains(text, "`"):
		return "`" + text + "`"
	}
	return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"`
}
