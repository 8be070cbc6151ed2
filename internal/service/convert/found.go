package convert

import (
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/query/match"
	"github.com/agenttrace/agenttrace/internal/query/series"
)

// maxMatches is how many of the spans that a query selects a trace shows.
const maxMatches = 10

// TraceMatch returns t as a message with the spans that a query selected in it,
// which come by start; none without a query.
func TraceMatch(t *model.Trace, selected []match.Selected) *pb.Trace {
	out := Trace(t)
	out.MatchCount = int64(len(selected))
	for _, m := range selected[:min(len(selected), maxMatches)] {
		out.Matches = append(out.Matches, &pb.SpanMatch{
			SpanId:    m.Span.SpanID.String(),
			Name:      Text(m.Span.Name),
			StartTime: Timestamp(m.Span.StartNano),
			Duration:  Duration(max(0, m.Span.EndNano-m.Span.StartNano)),
			Type:      pb.SpanType(m.Span.Type),
			Failed:    m.Span.Failed,
			Fields:    fields(m.Fields),
		})
	}
	return out
}

// SpanMatch returns a narrow span as a message, with what a query names of it as
// its attributes.
func SpanMatch(m match.Selected) *pb.Span {
	out := Span(m.Span)
	out.Attributes = append(out.Attributes, fields(m.Fields)...)
	return out
}

func fields(named []match.Named) []*pb.KeyValue {
	var out []*pb.KeyValue
	for _, n := range named {
		out = append(out, &pb.KeyValue{Key: Text(n.Name), Value: QueryValue(n.Value)})
	}
	return out
}

// QueryValue returns a value of the language as one of an attribute. Durations,
// and the words that are no strings (error, client, llm), become texts as a
// query writes them.
func QueryValue(v query.Value) *pb.Value {
	switch v.Kind {
	case query.KindNil:
		return &pb.Value{}
	case query.KindString:
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: Text(v.Text)}}
	case query.KindInt:
		return &pb.Value{Kind: &pb.Value_IntValue{IntValue: v.Int}}
	case query.KindFloat:
		return &pb.Value{Kind: &pb.Value_DoubleValue{DoubleValue: v.Float}}
	case query.KindBool:
		return &pb.Value{Kind: &pb.Value_BoolValue{BoolValue: v.Int != 0}}
	default:
		return &pb.Value{Kind: &pb.Value_StringValue{StringValue: v.String()}}
	}
}

// Literal returns how a query writes v.
func Literal(v query.Value) string { return Text(v.String()) }

// Series returns a time series as a message.
func Series(s *series.Series) *pb.Series {
	out := &pb.Series{}
	for _, l := range s.Labels {
		if l.Value.Kind != query.KindNil {
			out.Labels = append(out.Labels, &pb.KeyValue{Key: Text(l.Name), Value: QueryValue(l.Value)})
		}
	}
	for _, p := range s.Points {
		out.Points = append(out.Points, &pb.Point{Time: Timestamp(p.Time), Value: p.Value})
	}
	for _, e := range s.Exemplars {
		out.Exemplars = append(out.Exemplars, &pb.Exemplar{
			TraceId: e.TraceID.String(), SpanId: e.SpanID.String(), Time: Timestamp(e.Time), Value: e.Value,
		})
	}
	return out
}
