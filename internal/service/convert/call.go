package convert

import (
	"encoding/hex"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
)

// modelCall returns what a span says of a call to a model, nil when it says
// nothing and is none.
func modelCall(s *model.Span) *pb.ModelCall {
	c := &pb.ModelCall{
		Model:    Text(s.Model),
		Provider: Text(s.Provider),
		Usage:    Usage(s.Usage),
	}
	if s.FirstTokenNano != 0 {
		c.TimeToFirstToken = Duration(s.FirstTokenNano)
	}
	if b := s.Body; b != nil {
		c.FinishReasons = texts(b.FinishReasons)
		c.InvocationParameters = Text(b.InvocationParameters)
		c.InputMessages = messages(b.InputMessages)
		c.OutputMessages = messages(b.OutputMessages)
	}
	said := c.Model != "" || c.Provider != "" || c.Usage != nil || c.TimeToFirstToken != nil ||
		len(c.FinishReasons) > 0 || c.InvocationParameters != "" ||
		len(c.InputMessages) > 0 || len(c.OutputMessages) > 0
	if !said && !s.Type.CallsModel() {
		return nil
	}
	return c
}

// Usage returns u as a message, nil where nothing was used.
func Usage(u model.Usage) *pb.Usage {
	if u == (model.Usage{}) {
		return nil
	}
	return &pb.Usage{
		InputTokens:         u.Input,
		CacheReadTokens:     u.CacheRead,
		CacheWriteTokens:    u.CacheWrite,
		OutputTokens:        u.Output,
		ReasoningTokens:     u.Reasoning,
		AudioInputTokens:    u.AudioInput,
		AudioOutputTokens:   u.AudioOutput,
		TotalTokens:         u.Sum(),
		ReportedTotalTokens: u.Total,
	}
}

func messages(in []model.Message) []*pb.Message {
	var out []*pb.Message
	for i := range in {
		m := &in[i]
		message := &pb.Message{
			Role:       Text(m.Role),
			Content:    Text(m.Content),
			Reasoning:  Text(m.Reasoning),
			ToolCallId: Text(m.ToolCallID),
		}
		for _, c := range m.ToolCalls {
			message.ToolCalls = append(message.ToolCalls, &pb.ToolCall{
				Id: Text(c.ID), Name: Text(c.Name), Arguments: Text(c.Arguments),
			})
		}
		out = append(out, message)
	}
	return out
}

// toolUse returns what a span says of the run of a tool, nil when it says
// nothing and is none.
func toolUse(s *model.Span) *pb.ToolUse {
	t := &pb.ToolUse{Name: Text(s.ToolName), CallId: Text(s.ToolCallID)}
	if b := s.Body; b != nil {
		t.Description = Text(b.ToolDescription)
		t.Arguments = Text(b.ToolArguments)
		t.Result = Text(b.ToolResult)
	}
	said := t.Name != "" || t.CallId != "" || t.Description != "" || t.Arguments != "" || t.Result != ""
	if !said && s.Type != model.TypeTool {
		return nil
	}
	return t
}

func links(in []model.Link) []*pb.Link {
	var out []*pb.Link
	for i := range in {
		l := &in[i]
		message := &pb.Link{
			TraceId:                hex.EncodeToString(l.TraceID),
			SpanId:                 hex.EncodeToString(l.SpanID),
			TraceState:             Text(l.TraceState),
			DroppedAttributesCount: l.DroppedAttributes,
			Flags:                  l.Flags,
		}
		setAttributes(message, linkAttributes, l.Attributes)
		out = append(out, message)
	}
	return out
}
