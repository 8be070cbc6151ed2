package convert

import (
	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// Trace returns t as a message.
func Trace(t *model.Trace) *pb.Trace {
	out := &pb.Trace{
		TraceId:       t.TraceID.String(),
		Name:          Text(t.Name),
		Type:          pb.SpanType(t.HeadType),
		Status:        pb.StatusCode(t.Status),
		Failed:        t.Failed(),
		StartTime:     Timestamp(t.StartNano),
		EndTime:       Timestamp(t.EndNano),
		Duration:      Duration(t.Duration()),
		SpanCount:     t.Spans,
		ErrorCount:    t.Errors,
		LlmCount:      t.LLMCalls,
		ToolCount:     t.ToolCalls,
		Usage:         Usage(t.Usage),
		Models:        texts(t.Models),
		Tools:         texts(t.Tools),
		Identity:      identity(&t.Identity),
		Service:       Text(t.Service),
		Environment:   Text(t.Environment),
		InputPreview:  Text(t.InputPreview),
		OutputPreview: Text(t.OutputPreview),
		RootArrived:   t.RootArrived(),
		RootName:      Text(t.RootName),
		Settled:       t.Settled(),
	}
	if t.Settled() {
		out.RunCount = t.Runs
		out.Cost = settledCost(t.Cost)
	}
	if t.RootArrived() {
		out.RootSpanId = t.RootSpanID().String()
	}
	if t.Failed() {
		out.FirstError = &pb.TraceError{
			SpanId:   t.ErrorSpanID().String(),
			SpanName: Text(t.ErrorSpan),
			Type:     Text(t.ErrorType),
			Message:  Text(t.ErrorMessage),
		}
	}
	return out
}

// settledCost is there also where nothing was used: then that is known.
func settledCost(c model.Cost) *pb.Cost {
	if out := Cost(c); out != nil {
		return out
	}
	return &pb.Cost{}
}
