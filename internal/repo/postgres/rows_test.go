package postgres_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/repo/postgres"
)

// TestEveryColumnOfASpanSurvives sends spans in the binary and in the text
// format of rows, whose quotes stand in each other.
func TestEveryColumnOfASpanSurvives(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(mode, func(t *testing.T) {
			store := opened(t, inMode(t, migrated.Database(t), mode), postgres.Options{})
			var n uint64
			rapid.Check(t, func(rt *rapid.T) {
				n++
				want := anySpan(rt, n)
				if _, err := store.Write(t.Context(), records(want)); err != nil {
					rt.Fatal(err)
				}
				got, err := store.Spans(t.Context(), want.Project, repo.SpanQuery{TraceID: want.TraceID, Limit: 2})
				if err != nil || len(got) != 1 {
					rt.Fatalf("read %d spans, %v", len(got), err)
				}
				got[0].ShortAttributes, want.ShortAttributes = sameKeys(rt, got[0].ShortAttributes), sameKeys(rt, want.ShortAttributes)
				if diff := cmp.Diff(want, got[0]); diff != "" {
					rt.Fatalf("the span changed (-want +got):\n%s", diff)
				}
				trace, err := store.Trace(t.Context(), want.Project, want.TraceID)
				if err != nil {
					rt.Fatal(err)
				}
				if diff := cmp.Diff(model.TraceOf(want), trace, cmpopts.EquateEmpty()); diff != "" {
					rt.Fatalf("the trace is another (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// anySpan draws a span without previews, which no span row has.
func anySpan(t *rapid.T, n uint64) *model.Span {
	signs := rapid.SampledFrom([]string{"", "plain", `"`, `\`, `,`, `(`, `)`, `{`, `}`, ` `, `NULL`, `'`, "ä\n\t☃", `a\"b,c`, `$1`, `?`})
	text := func(name string) string {
		return strings.Join(rapid.SliceOfN(signs, 0, 4).Draw(t, name), "")
	}
	number := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64())
	s := &model.Span{
		Project: "p" + text("project"), TraceID: model.TraceID{0: 0x80, 14: byte(n >> 8), 15: byte(n)},
		SpanID: model.SpanIDFromInt64(rapid.Int64().Draw(t, "id")), ParentID: model.SpanIDFromInt64(number.Draw(t, "parent")),
		StartNano: noon(0) + rapid.Int64Range(0, 1e12).Draw(t, "start"), EndNano: rapid.Int64Range(noon(1), math.MaxInt64).Draw(t, "end"),
		Name: text("name"), Kind: model.SpanKind(rapid.Int32().Draw(t, "kind")), Status: model.StatusCode(rapid.IntRange(0, 2).Draw(t, "status")),
		StatusMessage: text("message"), Type: model.SpanType(rapid.IntRange(0, 13).Draw(t, "type")),
		Failed: rapid.Bool().Draw(t, "failed"), ErrorType: text("error type"), ErrorMessage: text("error"),
		Service: text("service"), Environment: text("environment"),
		Identity: model.Identity{
			AgentID: text("agent"), AgentName: text("agent name"), TeamID: text("team"), TeamName: text("team name"),
			WorkflowID: text("workflow"), WorkflowName: text("workflow name"), SessionID: text("session"), UserID: text("user"), RunID: text("run"),
		},
		Model: text("model"), Provider: text("provider"), FirstTokenNano: number.Draw(t, "first token"),
		ToolName: text("tool"), ToolCallID: text("call"),
	}
	tokens := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, math.MaxInt64))
	s.Usage = model.Usage{
		Input: tokens.Draw(t, "input"), CacheRead: tokens.Draw(t, "cache read"), CacheWrite: tokens.Draw(t, "cache write"), Output: tokens.Draw(t, "output"),
		Reasoning: tokens.Draw(t, "reasoning"), AudioInput: tokens.Draw(t, "audio in"), AudioOutput: tokens.Draw(t, "audio out"), Total: tokens.Draw(t, "total"),
	}
	if object := rapid.MapOfN(signs, signs, 0, 3).Draw(t, "attributes"); len(object) > 0 {
		s.ShortAttributes, _ = json.Marshal(object) // texts can always be marshalled
	}
	return s
}

// sameKeys writes an object with its keys in order, as jsonb does not.
func sameKeys(t *rapid.T, object []byte) []byte {
	if object == nil {
		return nil
	}
	var v map[string]string
	if err := json.Unmarshal(object, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
