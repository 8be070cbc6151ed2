package convert

import (
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// Trace returns t as a message.
func Trace(t *model.Trace) *pb.Trace {
	out := &pb.Trace{
		TraceId:       t.TraceID.String(),
		Name:          text(t.Name),
		Type:          pb.SpanType(t.HeadType),
		Status:        pb.StatusCode(t.Status),
		Failed:        t.Failed(),
		StartTime:     timestamp(t.StartNano),
		EndTime:       timestamp(t.EndNano),
		Duration:      duration(t.Duration()),
		SpanCount:     t.Spans,
		ErrorCount:    t.Errors,
		LlmCount:      t.LLMCalls,
		ToolCount:     t.ToolCalls,
		Usage:         usage(t.Usage),
		Models:        texts(t.Models),
		Tools:         texts(t.Tools),
		Identity:      identity(&t.Identity),
		Service:       text(t.Service),
		Environment:   text(t.Environment),
		InputPreview:  text(t.InputPreview),
		OutputPreview: text(t.OutputPreview),
		RootArrived:   t.RootArrived(),
		RootName:      text(t.RootName),
	}
	if t.RootArrived() {
		out.RootSpanId = t.RootSpanID().String()
	}
	if t.Failed() {
		out.FirstError = &pb.TraceError{
			SpanId:   t.ErrorSpanID().String(),
			SpanName: text(t.ErrorSpan),
			Type:     text(t.ErrorType),
			Message:  text(t.ErrorMessage),
		}
	}
	return out
}
