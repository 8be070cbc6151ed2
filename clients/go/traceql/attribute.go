package traceql

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Attr names an attribute wherever it is: on the span, on what produced it, on
// its events, its links, its instrumentation; the first that has it counts.
func Attr(name string) Attribute { return attribute("", name) }

// SpanAttr names an attribute of the span itself.
func SpanAttr(name string) Attribute { return attribute("span", name) }

// ResourceAttr names an attribute of what produced the span.
func ResourceAttr(name string) Attribute { return attribute("resource", name) }

// EventAttr names an attribute of the span's events; of several, any may fulfil a
// condition.
func EventAttr(name string) Attribute { return attribute("event", name) }

// LinkAttr names an attribute of the span's links; of several, any may fulfil a
// condition.
func LinkAttr(name string) Attribute { return attribute("link", name) }

// InstrumentationAttr names an attribute of the instrumentation library.
func InstrumentationAttr(name string) Attribute { return attribute("instrumentation", name) }

func attribute(scope, name string) Attribute {
	if !isPlainName(name) {
		name = quoted(name)
	}
	return Attribute(scope + "." + name)
}

// Text says that the attribute holds text.
func (a Attribute) Text() Text { return Text(a) }

// Int says that the attribute holds a whole number.
func (a Attribute) Int() Number[int64] { return Number[int64](a) }

// Float says that the attribute holds a number that need not be whole.
func (a Attribute) Float() Number[float64] { return Number[float64](a) }

// Duration says that the attribute holds a number of nanoseconds.
func (a Attribute) Duration() Number[time.Duration] { return Number[time.Duration](a) }

// Bool says that the attribute is true or false.
func (a Attribute) Bool() Flag { return Flag(a) }

// isPlainName reports whether an attribute's name needs no quotes: letters,
// digits and . _ - / @ $, and colons that stand before a letter or a digit; no
// digit at the beginning.
func isPlainName(name string) bool {
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for i, r := range name {
		switch {
		case isWordPart(r), strings.ContainsRune(".-/@$", r):
		case r == ':':
			if next, size := utf8.DecodeRuneInString(name[i+1:]); size == 0 || !isWordPart(next) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func isWordPart(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
