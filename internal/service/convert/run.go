package convert

import (
	"cmp"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// Run returns r as a message, without what went in and came out.
func Run(r *model.Run) *pb.Run {
	d := &r.Detail
	out := &pb.Run{
		RunId:         Text(r.Identity.RunID),
		TraceId:       r.TraceID.String(),
		SpanId:        r.SpanID.String(),
		Type:          pb.SpanType(r.Type),
		Name:          Text(runName(r)),
		SpanName:      Text(r.Name),
		Settled:       r.Settled,
		Identity:      identity(&r.Identity),
		Service:       Text(r.Service),
		Environment:   Text(r.Environment),
		StartTime:     Timestamp(r.StartNano),
		EndTime:       Timestamp(r.EndNano),
		Duration:      Duration(max(0, r.Duration())),
		Status:        pb.StatusCode(r.Status),
		Failed:        r.Failed,
		Error:         runError(d.Error),
		ParentSpanId:  spanIDOf(d.ParentSpanID),
		ParentRunId:   Text(d.ParentRunID),
		RootSpanId:    spanIDOf(d.RootSpanID),
		RootRunId:     Text(d.RootRunID),
		Detached:      d.Detached,
		ChildCount:    d.Children,
		InputPreview:  Text(d.InputPreview),
		OutputPreview: Text(d.OutputPreview),
		Own:           totals(r.Own),
		Total:         totals(d.Total),
		Models:        nameCounts(d.Models),
		Tools:         nameCounts(d.Tools),
		Time:          timeSplit(d.Time),
	}
	for i := range d.Steps {
		out.Steps = append(out.Steps, runStep(&d.Steps[i]))
	}
	return out
}

// runName returns the name of what ran.
func runName(r *model.Run) string {
	switch r.Type {
	case model.TypeAgent:
		return cmp.Or(r.Identity.AgentName, r.Name)
	case model.TypeTeam:
		return cmp.Or(r.Identity.TeamName, r.Name)
	case model.TypeWorkflow:
		return cmp.Or(r.Identity.WorkflowName, r.Name)
	default:
		return r.Name
	}
}

// spanIDOf returns an id as a text, empty for none.
func spanIDOf(id model.SpanID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func runError(e *model.RunError) *pb.RunError {
	if e == nil {
		return nil
	}
	return &pb.RunError{
		SpanId: e.SpanID.String(), SpanName: Text(e.SpanName), Type: Text(e.Type), Message: Text(e.Message), Path: texts(e.Path),
	}
}

// totals returns t as a message, nil where it sums up no spans.
func totals(t model.Tally) *pb.RunTotals {
	if t == (model.Tally{}) {
		return nil
	}
	return &pb.RunTotals{
		Spans:         t.Spans,
		ModelCalls:    t.ModelCalls,
		ModelFailures: t.ModelFailures,
		ToolCalls:     t.ToolCalls,
		ToolFailures:  t.ToolFailures,
		Retries:       t.Retries,
		Usage:         Usage(t.Usage),
		Cost:          Cost(t.Cost),
	}
}

func nameCounts(in []model.NameCount) []*pb.NameCount {
	var out []*pb.NameCount
	for _, n := range in {
		out = append(out, &pb.NameCount{Name: Text(n.Name), Calls: n.Calls})
	}
	return out
}

func timeSplit(t model.TimeSplit) *pb.TimeSplit {
	if t == (model.TimeSplit{}) {
		return nil
	}
	return &pb.TimeSplit{Child: Duration(t.Child), Model: Duration(t.Model), Tool: Duration(t.Tool), Own: Duration(t.Own)}
}

func runStep(s *model.RunStep) *pb.RunStep {
	return &pb.RunStep{
		SpanId:    s.SpanID.String(),
		Name:      Text(s.Name),
		Type:      pb.SpanType(s.Type),
		StartTime: Timestamp(s.StartNano),
		Duration:  Duration(max(0, s.EndNano-s.StartNano)),
		Failed:    s.Failed,
	}
}

// Session returns s as a message.
func Session(s *model.Session) *pb.Session {
	return &pb.Session{
		SessionId:      Text(s.ID),
		StartTime:      Timestamp(s.StartNano),
		EndTime:        Timestamp(s.EndNano),
		LastRunTime:    Timestamp(s.LastNano),
		RunCount:       s.Runs,
		FailedRunCount: s.FailedRuns,
		TraceCount:     s.Traces,
		UserIds:        texts(s.Users),
		AgentIds:       texts(s.Agents),
		TeamIds:        texts(s.Teams),
		WorkflowIds:    texts(s.Workflows),
		Total:          totals(s.Total),
		Settled:        s.Settled,
	}
}
