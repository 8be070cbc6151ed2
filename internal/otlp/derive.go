package otlp

import (
	"math"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
)

// agnoScope is the scope of Agno's instrumentation. Names of its spans end with
// the method that ran, which is all that tells some of them apart.
const agnoScope = "openinference.instrumentation.agno"

// derive fills the narrow fields of s from what the walker found. Ids, times,
// kind and the resource's fields are set already.
func (w *walker) derive(s *model.Span, t *texts) {
	f := &w.facts
	s.Type = w.spanType()
	s.Name = t.name(w.name)
	s.Status = w.status
	s.StatusMessage = t.start(w.statusMessage, maxMessageRunes)
	s.Identity = model.Identity{
		AgentID:      t.name(f.text(fieldAgentID, s.Type)),
		AgentName:    t.name(f.text(fieldAgentName, s.Type)),
		TeamID:       t.name(f.text(fieldTeamID, s.Type)),
		TeamName:     t.name(f.text(fieldTeamName, s.Type)),
		WorkflowID:   t.name(f.text(fieldWorkflowID, s.Type)),
		WorkflowName: t.name(f.text(fieldWorkflowName, s.Type)),
		SessionID:    t.name(f.text(fieldSessionID, s.Type)),
		UserID:       t.name(f.text(fieldUserID, s.Type)),
		RunID:        t.name(f.text(fieldRunID, s.Type)),
	}
	s.Model = t.name(f.text(fieldModel, s.Type))
	s.Provider = t.name(f.text(fieldProvider, s.Type))
	s.Usage = w.usage(s)
	if s.Type.CallsModel() || s.Usage != (model.Usage{}) {
		s.Billing = f.billing(&s.Usage, t)
	}
	s.FirstTokenNano = w.firstTokenNano(s.StartNano)
	s.ToolCallID = t.name(f.text(fieldToolCallID, s.Type))
	s.ToolName = t.name(f.text(fieldToolName, s.Type))
	if s.ToolName == "" && s.Type == model.TypeTool {
		// Agno and the GenAI conventions both name the span after the tool.
		s.ToolName = t.name(strings.TrimPrefix(w.name, "execute_tool "))
	}
	w.deriveError(s, t)
	s.InputPreview = w.preview(fieldInput, fieldInputMessages, s, t)
	s.OutputPreview = w.preview(fieldOutput, fieldOutputMessages, s, t)
}

// deriveError decides whether the span failed. Agno reports failed model calls
// as OK and tells of them in an exception event only.
func (w *walker) deriveError(s *model.Span, t *texts) {
	s.Failed = w.status == model.StatusError || w.exception.recorded
	if !s.Failed {
		return
	}
	class, message := w.exception.class, w.exception.message
	if class == "" {
		class = w.facts.text(fieldErrorType, s.Type)
	}
	if message == "" {
		message = w.statusMessage
	}
	if message == "" {
		message = w.facts.text(fieldErrorMessage, s.Type)
	}
	s.ErrorType = t.name(class)
	s.ErrorMessage = t.start(message, maxMessageRunes)
}

// firstTokenNano returns the time from start to the first token, 0 for unknown.
func (w *walker) firstTokenNano(start int64) int64 {
	if seconds, ok := w.facts.number(fieldFirstTokenSeconds); ok {
		return nanos(seconds * 1e9)
	}
	if millis, ok := w.facts.number(fieldFirstTokenMillis); ok {
		return nanos(millis * 1e6)
	}
	if w.firstToken > uint64(start) && w.firstToken <= math.MaxInt64 {
		return int64(w.firstToken) - start
	}
	return 0
}

// nanos rounds a length of time, 0 where it cannot be one.
func nanos(f float64) int64 {
	if f > 0 && f < 1e18 { // false for NaN
		return int64(math.Round(f))
	}
	return 0
}

// maxPreviewSource bounds the conversations that are read for a preview.
const maxPreviewSource = 64 << 10

// preview returns the beginning of what went in or came out. Where that is a
// conversation in JSON, a trace would be listed with nothing but brackets: of
// spans that can head a trace, the last turn in it is shown instead.
func (w *walker) preview(fd, messages field, s *model.Span, t *texts) string {
	text := w.facts.text(fd, s.Type)
	heads := s.Type.IsRun() || s.IsRoot()
	if heads && len(text) <= maxPreviewSource && strings.HasPrefix(text, "[") && text == w.facts.text(messages, s.Type) {
		turns, _ := partMessages(text)
		for i := range turns {
			if turns[i].Content != "" {
				text = turns[i].Content
			}
		}
	}
	return t.start(text, maxPreviewRunes)
}

// spanType decides what a span did. OpenInference's kind says most, Agno's
// attributes and names refine it, and the GenAI operation stands in for it.
func (w *walker) spanType() model.SpanType {
	f := &w.facts
	switch kind := f.text(fieldKind, model.TypeUnknown); {
	case kind == "", strings.EqualFold(kind, "UNKNOWN"):
		return w.typeOfOperation(f.text(fieldOperation, model.TypeUnknown))
	case strings.EqualFold(kind, "AGENT"):
		return w.agentOrTeam()
	case strings.EqualFold(kind, "CHAIN"):
		return w.typeOfChain()
	default:
		return typeNamed(kind)
	}
}

// typeNamed reads a kind that is the name of a type. TEAM, WORKFLOW and STEP are
// ours: OpenInference has no kinds for them.
func typeNamed(kind string) model.SpanType {
	for t := model.TypeUnknown; t <= model.TypeChain; t++ {
		if strings.EqualFold(kind, t.String()) {
			return t
		}
	}
	return model.TypeUnknown
}

func (w *walker) agentOrTeam() model.SpanType {
	if w.facts.any(fieldTeamMark) {
		return model.TypeTeam
	}
	return model.TypeAgent
}

// typeOfChain tells Agno's workflows and their steps from other chains. A step
// is looked for first: it would be worse to count a step as a run of its own
// than the other way round. Names count under Agno's scope only.
func (w *walker) typeOfChain() model.SpanType {
	if w.facts.marks&markStep != 0 {
		return model.TypeStep
	}
	if w.facts.marks&markWorkflow != 0 {
		return model.TypeWorkflow
	}
	if w.scopeName != agnoScope {
		return model.TypeChain
	}
	dot := strings.LastIndexByte(w.name, '.')
	switch w.name[dot+1:] {
	case "run", "arun", "_aexecute", "_aexecute_stream":
		return model.TypeWorkflow
	case "execute", "execute_stream", "aexecute", "aexecute_stream":
		return model.TypeStep
	}
	return model.TypeChain
}

func (w *walker) typeOfOperation(operation string) model.SpanType {
	switch strings.ToLower(operation) {
	case "chat", "generate_content", "text_completion":
		return model.TypeLLM
	case "embeddings":
		return model.TypeEmbedding
	case "retrieval":
		return model.TypeRetriever
	case "execute_tool":
		return model.TypeTool
	case "invoke_agent":
		return w.agentOrTeam()
	case "invoke_workflow":
		return model.TypeWorkflow
	case "create_agent":
		return model.TypeChain // It makes an agent and runs none.
	default:
		return model.TypeUnknown
	}
}
