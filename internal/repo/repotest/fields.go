package repotest

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

func fieldLaws() []law {
	return []law{
		{name: "NanosecondsSurvive", test: nanosecondsSurvive},
		{name: "EveryNarrowFieldSurvives", test: everyNarrowFieldSurvives},
		{name: "AbsentFieldsStayAbsent", test: absentFieldsStayAbsent},
		{name: "TextSurvives", test: textSurvives},
		{name: "LargeFieldsSurvive", test: largeFieldsSurvive},
	}
}

func nanosecondsSurvive(t *testing.T, s *subject) {
	second := int64(time.Second)
	var spans []*model.Span
	for i, r := range []model.TimeRange{
		{Start: at(0, 1), End: at(0, 2)},
		{Start: at(0, noon) + 999_999_999, End: at(0, noon) + second},
		{Start: at(0, noon) + 123_456_789, End: at(0, noon) + 123_456_790},
		{Start: at(0, noon) + 123_456_789, End: at(0, noon) + 123_456_789},
		{Start: 1<<53 + 1, End: 1<<53 + 3}, // floating point would lose these
		{Start: 1<<62 + 1, End: 1<<62 + 2},
	} {
		span := plain(s.project, i, i, r.Start)
		span.EndNano = r.End
		spans = append(spans, span)
	}
	s.write(t, spans...)
	s.holds(t, spans...)
}

func everyNarrowFieldSurvives(t *testing.T, s *subject) {
	var spans []*model.Span
	for kind := range model.TypeChain + 1 {
		for _, parent := range []model.SpanID{{}, spanID(1)} {
			span := fullSpan(t)
			span.Project, span.TraceID, span.Type, span.ParentID = s.project, traceID(len(spans)), kind, parent
			spans = append(spans, span)
		}
	}
	s.write(t, spans...)
	s.holds(t, spans...)
}

// fullSpan returns a span without a zero in it. Reflection finds the fields, so
// that none can be added to model.Span and forgotten in a store.
func fullSpan(t tb) *model.Span {
	t.Helper()
	s := &model.Span{}
	n := 0
	fill(t, reflect.ValueOf(s).Elem(), "Span", &n)
	s.Body = nil
	s.ShortAttributes = []byte(`{"a.string":"x","an.int":9007199254740993,"a.float":1.5,"a.bool":true,"größe":"ß"}`)
	s.Status = model.StatusError
	s.EndNano = s.StartNano + 1<<61
	return s
}

// fill sets every field to a value of its own; numbers are as large as floating
// point cannot hold.
func fill(t tb, v reflect.Value, path string, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), path+"."+v.Type().Field(i).Name, n)
		}
	case reflect.String:
		v.SetString(path)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(1<<60 + int64(*n))
	case reflect.Int32:
		v.SetInt(math.MaxInt32)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), path, n)
		}
	case reflect.Slice, reflect.Pointer:
		// ShortAttributes and Body: fullSpan sets them itself.
	default:
		t.Fatalf("%s is a %s: teach fill what to put there", path, v.Kind())
	}
}

func absentFieldsStayAbsent(t *testing.T, s *subject) {
	var spans []*model.Span
	for kind := range model.TypeChain + 1 {
		start := at(0, noon) + int64(kind)
		spans = append(spans, &model.Span{
			Project: s.project, TraceID: traceID(int(kind) / 4), SpanID: spanID(int(kind)), StartNano: start, EndNano: start, Type: kind,
		})
	}
	s.write(t, spans...)
	s.holds(t, spans...)
}

func textSurvives(t *testing.T, s *subject) {
	var spans []*model.Span
	for i, text := range []string{
		`it's "quoted" \ and \\ back \' again`, `'); DROP TABLE spans; --`, `$1 $$ ? ?1 :name @name %s %`, `{"a":[1,"b"]}`, `{a,b}`, `NULL`,
		"line\nbreak\r\n\ttab\vfeed\f", "control \x01\x02\x1b[31m\x7f", "größe GRÖSSE ı İ ǅ ß", "e\u0301 is not é", "日本語 עברית العربية",
		"👩‍👩‍👧‍👦 🏳️‍🌈", "replaced \ufffd by \ufffd", "\ufeffmark \u2028 \u00a0 \u200b", "\U0010ffff", " leading and trailing ", "\n",
	} {
		span := plain(s.project, i, i, at(0, noon)+int64(i))
		span.Name, span.StatusMessage, span.ErrorType, span.ErrorMessage = text, text, text, text
		span.Service, span.Environment, span.Model, span.Provider, span.ToolName, span.ToolCallID = text, text, text, text, text, text
		span.Identity = model.Identity{AgentID: text, AgentName: text, TeamID: text, TeamName: text, WorkflowID: text,
			WorkflowName: text, SessionID: text, UserID: text, RunID: text}
		span.InputPreview, span.OutputPreview, span.Failed = text, text, true
		span.Type = []model.SpanType{model.TypeAgent, model.TypeLLM, model.TypeTool}[i%3]
		spans = append(spans, span)
	}
	s.write(t, spans...)
	s.holds(t, spans...)
	for _, span := range spans {
		sameSpans(t, []*model.Span{span}, s.spans(t, repo.SpanQuery{Identity: model.Identity{UserID: span.UserID}, Name: span.Name}))
		got := s.traces(t, repo.TraceQuery{Identity: model.Identity{UserID: span.UserID}, Name: span.Name})
		sameTraces(t, []*model.Trace{model.TraceOf(span)}, got)
	}
}

// largeFieldsSurvive fills fields to the bounds of the narrow span with text
// that does not compress: index entries and pages have bounds too.
func largeFieldsSurvive(t *testing.T, s *subject) {
	r := newRandom(7)
	text := func(runes int, from, to rune) string {
		var b strings.Builder
		for range runes {
			b.WriteRune(from + r.Int32N(to-from))
		}
		return b.String()
	}
	word := func() string { return text(1024, '!', '~') }
	var spans []*model.Span
	for i, kind := range []model.SpanType{model.TypeAgent, model.TypeLLM, model.TypeTool, model.TypeLLM, model.TypeTool} {
		span := plain(s.project, 1, i, at(0, noon)+int64(i))
		span.Type, span.Failed = kind, true
		span.Name, span.Service, span.Environment = word(), word(), word()
		span.Identity = model.Identity{AgentID: word(), AgentName: word(), TeamID: word(), TeamName: word(), WorkflowID: word(),
			WorkflowName: word(), SessionID: word(), UserID: word(), RunID: word()}
		span.Model, span.Provider, span.ToolName, span.ToolCallID, span.ErrorType = word(), word(), word(), word(), word()
		span.StatusMessage, span.ErrorMessage = text(1000, '😀', '🙏'), text(1000, '😀', '🙏')
		span.InputPreview, span.OutputPreview = text(120, '一', '龥'), text(120, '一', '龥')
		span.ShortAttributes = []byte(`{"k":"` + text(4000, 'a', 'z') + `"}`)
		spans = append(spans, span)
	}
	s.write(t, spans...)
	s.holds(t, spans...)
	sameSpans(t, spans[2:3], s.spans(t, repo.SpanQuery{Identity: spans[2].Identity, ToolName: spans[2].ToolName}))
}
