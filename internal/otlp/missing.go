package otlp

import (
	"strconv"

	"github.com/agenttrace/agenttrace/internal/model"
)

// AddMissingAttributes prepares a span that came through our own API for
// [EncodeSpans]: a derived field that is set, and that the span's attributes do
// not yield, is appended to them under a name of OpenInference, OpenTelemetry or
// Agno, so that reading the span yields it again. Attributes are the truth: a
// field that contradicts them changes nothing. Fields that tell of failure come
// from the status and from events, and are not added.
func AddMissingAttributes(s *model.Span) {
	if s.Body == nil {
		s.Body = &model.Body{}
	}
	if s.Body.FullName == "" {
		s.Body.FullName = s.Name
	}
	if s.Body.FullStatusMessage == "" {
		s.Body.FullStatusMessage = s.StatusMessage
	}
	m := missing{span: s, yields: yieldsOf(s)}
	m.resource()
	m.kind()
	m.identity()
	m.call()
	m.contents()
}

// yieldsOf returns what the attributes of s say by themselves.
func yieldsOf(s *model.Span) *model.Span {
	plain := *s
	// Ids and times that are not valid are for Parse to reject, later.
	plain.TraceID, plain.SpanID = model.TraceID{1}, model.SpanID{1}
	plain.ParentID = model.SpanID{}
	plain.StartNano, plain.EndNano = 1, 1
	decoded, err := DecodeSpans(s.Project, EncodeSpans([]*model.Span{&plain}))
	if err != nil || len(decoded) != 1 {
		// Attributes beyond every limit: Parse will reject the span, so it does
		// not matter what is added.
		return &model.Span{Body: &model.Body{}}
	}
	return decoded[0]
}

type missing struct {
	span   *model.Span
	yields *model.Span
}

func (m *missing) add(key string, v model.Value) {
	m.span.Body.Attributes = append(m.span.Body.Attributes, model.KeyValue{Key: key, Value: v})
}

// text adds a text where nothing is yielded.
func (m *missing) text(key, want, yielded string) {
	if want != "" && yielded == "" {
		m.add(key, model.StringValue(want))
	}
}

func (m *missing) resource() {
	r := &m.span.Body.Resource
	if m.span.Service != "" && m.yields.Service == "" {
		r.Attributes = append(r.Attributes,
			model.KeyValue{Key: "service.name", Value: model.StringValue(m.span.Service)})
	}
	if m.span.Environment != "" && m.yields.Environment == "" {
		r.Attributes = append(r.Attributes,
			model.KeyValue{Key: "deployment.environment.name", Value: model.StringValue(m.span.Environment)})
	}
}

// kind adds OpenInference's kind. Where it has none for the type, the nearest is
// written when the identity that follows tells the rest, so that other tools
// understand it too; else the name of our own type.
func (m *missing) kind() {
	s := m.span
	if s.Type == model.TypeUnknown || m.yields.Type != model.TypeUnknown {
		return
	}
	kind := s.Type.String()
	switch {
	case s.Type == model.TypeTeam && s.TeamID != "":
		kind = model.TypeAgent.String()
	case s.Type == model.TypeWorkflow && s.WorkflowID != "":
		kind = model.TypeChain.String()
	}
	m.add("openinference.span.kind", model.StringValue(kind))
	m.yields.Type = s.Type
}

// identity adds ids and names. A team's id under Agno's name would make a team
// of any agent, and likewise with workflows: it is used for those alone.
func (m *missing) identity() {
	want, have := &m.span.Identity, &m.yields.Identity
	agentName, teamID, teamName, workflowID := "agent.name", "team_id", "team.name", "workflow_id"
	switch m.yields.Type {
	case model.TypeTeam:
		agentName, teamID, teamName = "agno.agent", "agno.team.id", "agno.team"
	case model.TypeWorkflow:
		workflowID = "agno.workflow.id"
	}
	m.text("agno.agent.id", want.AgentID, have.AgentID)
	m.text(agentName, want.AgentName, have.AgentName)
	m.text(teamID, want.TeamID, have.TeamID)
	m.text(teamName, want.TeamName, have.TeamName)
	m.text(workflowID, want.WorkflowID, have.WorkflowID)
	m.text("gen_ai.workflow.name", want.WorkflowName, have.WorkflowName)
	m.text("session.id", want.SessionID, have.SessionID)
	m.text("user.id", want.UserID, have.UserID)
	m.text("agno.run.id", want.RunID, have.RunID)
}

// call adds what describes a call of a model or of a tool.
func (m *missing) call() {
	want, have := m.span, m.yields
	m.text("llm.model_name", want.Model, have.Model)
	m.text("llm.provider", want.Provider, have.Provider)
	if have.Usage == (model.Usage{}) {
		m.usage(want.Usage)
	}
	if want.FirstTokenNano > 0 && have.FirstTokenNano == 0 {
		m.add("gen_ai.response.time_to_first_chunk", model.DoubleValue(float64(want.FirstTokenNano)/1e9))
	}
	m.text("tool.name", want.ToolName, toolNameOf(have))
	m.text("gen_ai.tool.call.id", want.ToolCallID, have.ToolCallID)
	m.text("tool.description", want.Body.ToolDescription, have.Body.ToolDescription)
}

// toolNameOf returns the tool that attributes name; the span's own name, which
// stands in for it, does not count.
func toolNameOf(s *model.Span) string {
	var ix attributeIndex
	ix.fill(s.Body.Attributes)
	if s.Type == model.TypeTool && ix.text(fieldToolName, s.Type) == "" {
		return ""
	}
	return s.ToolName
}

// usage adds token counts as they will be read: OpenInference wants the parts
// included in the sums, and so do most rules.
func (m *missing) usage(u model.Usage) {
	rule := ruleOf(sender{
		vocabulary: openInference,
		scope:      m.span.Body.Scope.Name,
		provider:   firstOf(m.yields.Provider, m.span.Provider),
		model:      firstOf(m.yields.Model, m.span.Model),
	})
	r := reported{
		prompt:      u.Input + u.AudioInput,
		completion:  u.Output + u.Reasoning + u.AudioOutput,
		total:       u.Total,
		cacheRead:   u.CacheRead,
		cacheWrite:  u.CacheWrite,
		reasoning:   u.Reasoning,
		audioInput:  u.AudioInput,
		audioOutput: u.AudioOutput,
	}
	if rule.beside&cacheBeside == 0 {
		r.prompt += r.cache()
	}
	if r.buckets(rule) != u {
		r.total = 0 // It would seem to prove that the parts are not included.
	}
	for _, count := range []struct {
		key string
		n   int64
	}{
		{"llm.token_count.prompt", r.prompt},
		{"llm.token_count.completion", r.completion},
		{"llm.token_count.total", r.total},
		{"llm.token_count.prompt_details.cache_read", r.cacheRead},
		{"llm.token_count.prompt_details.cache_write", r.cacheWrite},
		{"llm.token_count.completion_details.reasoning", r.reasoning},
		{"llm.token_count.prompt_details.audio", r.audioInput},
		{"llm.token_count.completion_details.audio", r.audioOutput},
	} {
		if count.n > 0 {
			m.add(count.key, model.IntValue(count.n))
		}
	}
}

// contents adds what went in and came out.
func (m *missing) contents() {
	want, have := m.span.Body, m.yields.Body
	m.text("input.value", want.Input.Value, have.Input.Value)
	m.text("input.mime_type", want.Input.MIMEType, have.Input.MIMEType)
	m.text("output.value", want.Output.Value, have.Output.Value)
	m.text("output.mime_type", want.Output.MIMEType, have.Output.MIMEType)
	m.text("gen_ai.tool.call.arguments", want.ToolArguments, have.ToolArguments)
	m.text("gen_ai.tool.call.result", want.ToolResult, have.ToolResult)
	m.text("llm.invocation_parameters", want.InvocationParameters, have.InvocationParameters)
	if len(want.FinishReasons) > 0 && len(have.FinishReasons) == 0 {
		reasons := model.Value{Kind: model.KindArray}
		for _, reason := range want.FinishReasons {
			reasons.Array = append(reasons.Array, model.StringValue(reason))
		}
		m.add("gen_ai.response.finish_reasons", reasons)
	}
	if len(have.InputMessages) == 0 {
		m.messages("llm.input_messages.", want.InputMessages)
	}
	if len(have.OutputMessages) == 0 {
		m.messages("llm.output_messages.", want.OutputMessages)
	}
}

func (m *missing) messages(prefix string, messages []model.Message) {
	for i := range messages {
		at := prefix + strconv.Itoa(i) + ".message."
		message := &messages[i]
		m.text(at+"role", message.Role, "")
		m.text(at+"content", message.Content, "")
		m.text(at+"tool_call_id", message.ToolCallID, "")
		if message.Reasoning != "" {
			m.text(at+"contents.0.message_content.type", "reasoning", "")
			m.text(at+"contents.0.message_content.text", message.Reasoning, "")
		}
		for j, call := range message.ToolCalls {
			at := at + "tool_calls." + strconv.Itoa(j) + ".tool_call."
			m.text(at+"id", call.ID, "")
			m.text(at+"function.name", call.Name, "")
			m.text(at+"function.arguments", call.Arguments, "")
		}
	}
}
