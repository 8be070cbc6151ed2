package convert

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// ParseSpan returns the span that a message describes, with its Body. Fields
// that the server works out (duration, failed, error, depth…) are not read. An
// error says what is wrong with the span in words for its sender.
func ParseSpan(project string, in *pb.Span) (*model.Span, error) {
	s := &model.Span{
		Project:     project,
		Name:        in.GetName(),
		Kind:        model.SpanKind(in.GetKind()),
		Service:     in.GetService(),
		Environment: in.GetEnvironment(),
		Identity:    parseIdentity(in.GetIdentity()),
	}
	if t := in.GetType(); t > 0 && t <= pb.SpanType(model.TypeChain) {
		s.Type = model.SpanType(t)
	}
	if err := errors.Join(parseIDs(s, in), parseTimes(s, in), parseStatus(s, in)); err != nil {
		return nil, firstOf(err)
	}
	parseCalls(s, in)
	body, err := parseBody(in)
	if err != nil {
		return nil, err
	}
	s.Body = body
	return s, nil
}

// firstOf returns the first of joined errors: one thing at a time reads better.
func firstOf(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()[0]
	}
	return err
}

func parseIDs(s *model.Span, in *pb.Span) (err error) {
	if s.TraceID, err = model.ParseTraceID(in.GetTraceId()); err != nil {
		return err
	}
	if s.SpanID, err = model.ParseSpanID(in.GetSpanId()); err != nil {
		return err
	}
	if in.GetParentSpanId() == "" {
		return nil
	}
	if s.ParentID, err = model.ParseSpanID(in.GetParentSpanId()); err != nil {
		return fmt.Errorf("parent %w", err)
	}
	return nil
}

func parseTimes(s *model.Span, in *pb.Span) (err error) {
	if in.GetStartTime() == nil {
		return errors.New("start_time is required")
	}
	if s.StartNano, err = parseTime(in.GetStartTime()); err != nil {
		return fmt.Errorf("start_time %w", err)
	}
	if s.StartNano <= 0 {
		return errors.New("start_time is not after 1970-01-01T00:00:00Z")
	}
	if in.GetEndTime() == nil {
		return nil
	}
	if s.EndNano, err = parseTime(in.GetEndTime()); err != nil {
		return fmt.Errorf("end_time %w", err)
	}
	return nil
}

func parseStatus(s *model.Span, in *pb.Span) error {
	code := in.GetStatus().GetCode()
	if code < 0 || code > pb.StatusCode(model.StatusError) {
		return fmt.Errorf("status.code %d is not one of 0, 1 and 2", code)
	}
	s.Status = model.StatusCode(code)
	s.StatusMessage = in.GetStatus().GetMessage()
	return nil
}

// parseTime returns nanoseconds since 1970, which int64 can say of the years
// 1678 to 2262.
func parseTime(in *timestamppb.Timestamp) (int64, error) {
	if err := in.CheckValid(); err != nil {
		return 0, errors.New("is not a valid timestamp")
	}
	t := in.AsTime()
	nano := t.UnixNano()
	if !time.Unix(0, nano).Equal(t) {
		return 0, fmt.Errorf("%s is not between 1678 and 2262", t.Format(time.DateOnly))
	}
	return nano, nil
}

func parseDuration(d *durationpb.Duration) int64 { return max(0, int64(d.AsDuration())) }

func parseIdentity(in *pb.Identity) model.Identity {
	return model.Identity{
		AgentID:      in.GetAgentId(),
		AgentName:    in.GetAgentName(),
		TeamID:       in.GetTeamId(),
		TeamName:     in.GetTeamName(),
		WorkflowID:   in.GetWorkflowId(),
		WorkflowName: in.GetWorkflowName(),
		SessionID:    in.GetSessionId(),
		UserID:       in.GetUserId(),
		RunID:        in.GetRunId(),
	}
}

// parseCalls reads the narrow fields of model and tool calls.
func parseCalls(s *model.Span, in *pb.Span) {
	call, used := in.GetModelCall(), in.GetModelCall().GetUsage()
	s.Model, s.Provider = call.GetModel(), call.GetProvider()
	s.FirstTokenNano = parseDuration(call.GetTimeToFirstToken())
	s.Usage = model.Usage{
		Input:       used.GetInputTokens(),
		CacheRead:   used.GetCacheReadTokens(),
		CacheWrite:  used.GetCacheWriteTokens(),
		Output:      used.GetOutputTokens(),
		Reasoning:   used.GetReasoningTokens(),
		AudioInput:  used.GetAudioInputTokens(),
		AudioOutput: used.GetAudioOutputTokens(),
		Total:       used.GetReportedTotalTokens(),
	}
	s.ToolName, s.ToolCallID = in.GetToolUse().GetName(), in.GetToolUse().GetCallId()
}
