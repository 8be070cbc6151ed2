package anthropic

import (
	"encoding/json"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// Message collects an answer, whole or streamed.
type Message struct {
	*answer.Collector
	calls map[int]*pending
	empty map[int]bool // blocks that have begun and said nothing yet
	used  *usage
}

// pending is a call of a tool whose arguments are coming.
type pending struct {
	*answer.Call
	input json.RawMessage // as the block began: all of it, or {} where it comes in pieces
}

// NewMessage returns a Message that keeps limit bytes of text.
func NewMessage(limit int) Message {
	return Message{Collector: answer.New(limit), calls: map[int]*pending{}, empty: map[int]bool{}, used: &usage{}}
}

// event is one of a stream. A whole answer is a message with the type "message".
type event struct {
	Type    string          `json:"type"`
	Message json.RawMessage `json:"message"`
	Index   int             `json:"index"`
	Block   block           `json:"content_block"`
	Delta   struct {
		Type       string        `json:"type"`
		Text       string        `json:"text"`
		Thinking   string        `json:"thinking"`
		JSON       string        `json:"partial_json"`
		StopReason answer.String `json:"stop_reason"`
	} `json:"delta"`
	Usage json.RawMessage `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type message struct {
	ID         string          `json:"id"`
	Model      string          `json:"model"`
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	StopReason answer.String   `json:"stop_reason"`
	Usage      json.RawMessage `json:"usage"`
}

// Document takes a whole answer, or the data of an event of a stream.
func (m Message) Document(doc []byte, _ bool) {
	var in event
	answer.Lenient(doc, &in)
	switch in.Type {
	case "message", "":
		m.whole(doc)
		m.Complete = true
	case "message_start":
		m.whole(in.Message)
	case "content_block_start":
		m.start(&in)
	case "content_block_delta":
		m.delta(&in)
	case "content_block_stop":
		m.stop(in.Index)
	case "message_delta":
		if in.Delta.StopReason != "" {
			m.Choice(0).Finish = string(in.Delta.StopReason)
		}
		m.count(in.Usage)
	case "message_stop":
		m.Complete = true
	}
	if failure := answer.InBody(in.Error); failure != nil {
		m.Fail(failure)
	}
}

func (m Message) whole(raw json.RawMessage) {
	var in message
	answer.Lenient(raw, &in)
	if in.ID != "" {
		m.ID = in.ID
	}
	if in.Model != "" {
		m.Model = in.Model
	}
	if in.Role != "" {
		m.Choice(0).Role = in.Role
	}
	if in.StopReason != "" {
		m.Choice(0).Finish = string(in.StopReason)
	}
	for i, b := range blocks(in.Content) {
		m.start(&event{Index: i, Block: b})
		m.stop(i)
	}
	m.count(in.Usage)
}

func (m Message) start(in *event) {
	out := m.Choice(0)
	if len(m.empty) < maxBlocks {
		m.empty[in.Index] = in.Block.Text == "" && in.Block.Thinking == ""
	}
	switch b := &in.Block; b.Type {
	case "text":
		out.Part(b.Text)
	case "thinking":
		out.ReasoningPart(b.Thinking)
	case "tool_use", "server_tool_use", "mcp_tool_use":
		call := out.NewCall()
		call.ID = b.ID
		call.Name(b.Name)
		if len(m.calls) < maxBlocks {
			m.calls[in.Index] = &pending{call, b.Input}
		}
	}
}

// maxBlocks bounds the blocks that may be open at once.
const maxBlocks = 1024

func (m Message) delta(in *event) {
	out := m.Choice(0)
	said := in.Delta.Text + in.Delta.Thinking
	begins := said != "" && m.empty[in.Index]
	if begins {
		delete(m.empty, in.Index)
	}
	switch {
	case in.Delta.Type == "text_delta" && begins:
		out.Part(said)
	case in.Delta.Type == "text_delta":
		out.Text(said)
	case in.Delta.Type == "thinking_delta" && begins:
		out.ReasoningPart(said)
	case in.Delta.Type == "thinking_delta":
		out.Reasoning(said)
	case in.Delta.Type == "input_json_delta":
		if call := m.calls[in.Index]; call != nil {
			call.Arguments(in.Delta.JSON)
		}
	}
}

// stop ends a block. Arguments that did not come in pieces came at its start.
func (m Message) stop(index int) {
	if call := m.calls[index]; call != nil && !call.HasArguments() {
		call.Arguments(string(call.input))
	}
	delete(m.calls, index)
	delete(m.empty, index)
}

// usage counts disjoint buckets, but for thinking, which is a part of the output.
// Later counts of a stream replace earlier ones: they are sums.
type usage struct {
	Input      *int64 `json:"input_tokens"`
	Output     *int64 `json:"output_tokens"`
	CacheRead  *int64 `json:"cache_read_input_tokens"`
	CacheWrite *int64 `json:"cache_creation_input_tokens"`
	Creation   struct {
		FiveMinutes *int64 `json:"ephemeral_5m_input_tokens"`
		Hour        *int64 `json:"ephemeral_1h_input_tokens"`
	} `json:"cache_creation"`
	Details struct {
		Thinking *int64 `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
	ServiceTier answer.String `json:"service_tier"`
}

func (m Message) count(raw json.RawMessage) {
	if raw == nil {
		return
	}
	u := m.used
	before := *u
	answer.Lenient(raw, u) // what is not there stays
	u.keep(&before)
	hour := count(u.Creation.Hour)
	written := max(count(u.CacheWrite), hour+count(u.Creation.FiveMinutes))
	thinking := min(count(u.Details.Thinking), count(u.Output))
	m.Usage = tracing.Usage{
		Input:        count(u.Input),
		CacheRead:    count(u.CacheRead),
		CacheWrite:   written,
		CacheWrite1h: hour,
		Output:       count(u.Output) - thinking,
		Reasoning:    thinking,
	}
	m.ServiceTier = string(u.ServiceTier)
}

// keep takes from before what a later count says nothing of, or null.
func (u *usage) keep(before *usage) {
	for _, c := range [...]struct{ now, then **int64 }{
		{&u.Input, &before.Input}, {&u.Output, &before.Output},
		{&u.CacheRead, &before.CacheRead}, {&u.CacheWrite, &before.CacheWrite},
		{&u.Creation.FiveMinutes, &before.Creation.FiveMinutes}, {&u.Creation.Hour, &before.Creation.Hour},
		{&u.Details.Thinking, &before.Details.Thinking},
	} {
		if *c.now == nil {
			*c.now = *c.then
		}
	}
	if u.ServiceTier == "" {
		u.ServiceTier = before.ServiceTier
	}
}

// count returns a count that may be missing; nonsense counts nothing.
func count(n *int64) int64 {
	if n == nil || *n < 0 {
		return 0
	}
	return *n
}
