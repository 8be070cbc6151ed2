package match

import (
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query"
)

// Column returns the value of an intrinsic FromRow, the nil value where it is
// absent: an empty text, a zero id, usage that is not the span's own.
func Column(i query.Intrinsic, s *model.Span) query.Value {
	switch i {
	case query.Status:
		return query.Value{Kind: query.KindStatus, Int: int64(s.Status)}
	case query.SpanKind:
		return query.Value{Kind: query.KindSpanKind, Int: int64(s.Kind)}
	case query.SpanDuration:
		return query.Duration(s.EndNano - s.StartNano)
	case query.RootMark:
		if s.IsRoot() {
			return query.Integer(-1)
		}
		return query.Integer(1)
	case query.Type:
		return query.Value{Kind: query.KindType, Int: int64(s.Type)}
	case query.Failed:
		return query.Boolean(s.Failed)
	case query.TraceID:
		return text(textOfID(s.TraceID[:]))
	case query.SpanID:
		return text(textOfID(s.SpanID[:]))
	case query.ParentID:
		return text(textOfID(s.ParentID[:]))
	case query.UsageInput, query.UsageOutput, query.UsageCacheRead, query.UsageCacheWrite, query.UsageReasoning, query.UsageTotal:
		return usage(i, s)
	default:
		return text(textColumn(i, s))
	}
}

func textColumn(i query.Intrinsic, s *model.Span) string {
	switch i {
	case query.Name:
		return s.Name
	case query.StatusMessage:
		return s.StatusMessage
	case query.Project:
		return s.Project
	case query.Service:
		return s.Service
	case query.Environment:
		return s.Environment
	case query.ModelName:
		return s.Model
	case query.ModelProvider:
		return s.Provider
	case query.ToolName:
		return s.ToolName
	case query.ToolCallID:
		return s.ToolCallID
	case query.ErrorType:
		return s.ErrorType
	case query.ErrorMessage:
		return s.ErrorMessage
	default:
		return identityColumn(i, &s.Identity)
	}
}

func identityColumn(i query.Intrinsic, id *model.Identity) string {
	switch i {
	case query.AgentID:
		return id.AgentID
	case query.AgentName:
		return id.AgentName
	case query.TeamID:
		return id.TeamID
	case query.TeamName:
		return id.TeamName
	case query.WorkflowID:
		return id.WorkflowID
	case query.WorkflowName:
		return id.WorkflowName
	case query.SessionID:
		return id.SessionID
	case query.UserID:
		return id.UserID
	case query.RunID:
		return id.RunID
	default:
		return ""
	}
}

// usage returns a bucket of the span's own usage.
func usage(i query.Intrinsic, s *model.Span) query.Value {
	u := &s.Usage
	if !s.Type.CallsModel() || *u == (model.Usage{}) {
		return query.Value{}
	}
	switch i {
	case query.UsageInput:
		return query.Integer(u.Input)
	case query.UsageOutput:
		return query.Integer(u.Output)
	case query.UsageCacheRead:
		return query.Integer(u.CacheRead)
	case query.UsageCacheWrite:
		return query.Integer(u.CacheWrite)
	case query.UsageReasoning:
		return query.Integer(u.Reasoning)
	default: // UsageTotal
		return query.Integer(u.Sum())
	}
}
