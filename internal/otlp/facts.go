package otlp

import (
	"math"
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// attribute is what the walker keeps of one attribute: its value when it is a
// scalar, only its kind when it is not. Its text aliases the request.
type attribute struct {
	kind model.ValueKind
	text string // KindString, KindBytes; the raw message of KindArray and KindMap
	bits uint64 // KindBool, KindInt, KindDouble
}

// asText returns a scalar as text, as people would search for it; "" for
// everything else.
func (a *attribute) asText() string {
	switch a.kind {
	case model.KindString:
		return a.text
	case model.KindInt:
		return strconv.FormatInt(int64(a.bits), 10)
	case model.KindBool:
		return strconv.FormatBool(a.bits != 0)
	case model.KindDouble:
		return strconv.FormatFloat(math.Float64frombits(a.bits), 'g', -1, 64)
	default:
		return ""
	}
}

// asNumber returns a number, also one that was sent as text.
func (a *attribute) asNumber() (float64, bool) {
	switch a.kind {
	case model.KindInt:
		return float64(int64(a.bits)), true
	case model.KindDouble:
		return math.Float64frombits(a.bits), true
	case model.KindString:
		if len(a.text) > 32 {
			return 0, false
		}
		f, err := strconv.ParseFloat(a.text, 64)
		return f, err == nil
	default:
		return 0, false
	}
}

// resolved is a source whose key has been replaced by its number.
type resolved struct {
	key  uint8
	when condition
}

// index is the conventions table, turned round for the walker: it meets keys
// and must know at once what they are.
type index struct {
	numbers map[string]uint8
	fates   [maxKeys]fate
	feeds   [maxKeys]feeding
	// vocabularies says whose names token counts have.
	vocabularies [maxKeys]vocabulary
	sources      [numFields][]resolved
}

// maxKeys bounds the distinct keys of the conventions table; a test holds it.
const maxKeys = 128

// known is never changed after it was made.
var known = newIndex()

func newIndex() *index {
	ix := &index{numbers: make(map[string]uint8, maxKeys)}
	for _, c := range conventions {
		for _, s := range c.sources {
			n, ok := ix.numbers[s.key]
			if !ok {
				n = uint8(len(ix.numbers))
				ix.numbers[s.key] = n
			}
			ix.fates[n] = max(ix.fates[n], s.fate)
			ix.feeds[n] |= feedingOf(c.field)
			ix.vocabularies[n] = vocabularyOf(s.key)
			ix.sources[c.field] = append(ix.sources[c.field], resolved{key: n, when: s.when})
		}
	}
	return ix
}

// feeding says which texts of any length an attribute may become a part of.
type feeding uint8

const (
	intoText     feeding = 1 << iota // inputs, outputs, arguments, results, messages
	intoMessages                     // messages, which are read from it as JSON
)

func feedingOf(fd field) feeding {
	switch fd {
	case fieldInput, fieldOutput, fieldToolArguments, fieldToolResult:
		return intoText
	case fieldInputMessages, fieldOutputMessages, fieldSystemInstructions:
		return intoText | intoMessages
	default:
		return 0
	}
}

// marks are what the mere presence of some attributes says.
type marks uint8

const (
	markWorkflow marks = 1 << iota // agno.workflow.*
	markStep                       // agno.step.*, agno.parallel.*
)

func marksOf(key string) marks {
	rest, ok := strings.CutPrefix(key, "agno.")
	switch {
	case !ok:
		return 0
	case strings.HasPrefix(rest, "workflow."):
		return markWorkflow
	case strings.HasPrefix(rest, "step."), strings.HasPrefix(rest, "parallel."):
		return markStep
	default:
		return 0
	}
}

// facts are the attributes of one span that the conventions know, by number of
// their key. The first of several attributes with one key counts.
type facts struct {
	values  [maxKeys]attribute
	present [maxKeys / 64]uint64
	marks   marks
}

func (f *facts) reset() {
	f.present = [maxKeys / 64]uint64{}
	f.marks = 0
}

func (f *facts) has(key uint8) bool { return f.present[key/64]&(1<<(key%64)) != 0 }

func (f *facts) set(key uint8, a attribute) {
	if !f.has(key) {
		f.present[key/64] |= 1 << (key % 64)
		f.values[key] = a
	}
}

// any reports whether any source of a field is there.
func (f *facts) any(fd field) bool {
	for _, s := range known.sources[fd] {
		if f.has(s.key) {
			return true
		}
	}
	return false
}

// text returns the preferred text of a field on a span of type t. Empty texts
// do not count: senders write them for "unknown".
func (f *facts) text(fd field, t model.SpanType) string {
	for _, s := range known.sources[fd] {
		if f.has(s.key) && s.when.holds(t) {
			if text := f.values[s.key].asText(); text != "" {
				return text
			}
		}
	}
	return ""
}

// number returns the preferred number of a field.
func (f *facts) number(fd field) (float64, bool) {
	for _, s := range known.sources[fd] {
		if f.has(s.key) {
			if n, ok := f.values[s.key].asNumber(); ok {
				return n, true
			}
		}
	}
	return 0, false
}

// scalarOf returns a decoded scalar as the walker keeps it.
func scalarOf(v *model.Value) attribute {
	a := attribute{kind: v.Kind, text: v.Str}
	switch v.Kind {
	case model.KindBool:
		if v.Bool {
			a.bits = 1
		}
	case model.KindInt:
		a.bits = uint64(v.Int)
	case model.KindDouble:
		a.bits = math.Float64bits(v.Double)
	}
	return a
}
