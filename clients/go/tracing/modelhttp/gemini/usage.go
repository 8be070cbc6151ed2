package gemini

import (
	"strings"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
	"github.com/agenttrace/agenttrace/clients/go/tracing/modelhttp/answer"
)

// usage counts what was cached within the prompt; thoughts, and what the
// provider's own tools were told, beside the others.
type usage struct {
	Prompt     int64 `json:"promptTokenCount"`
	Cached     int64 `json:"cachedContentTokenCount"`
	ToolPrompt int64 `json:"toolUsePromptTokenCount"`
	Candidates int64 `json:"candidatesTokenCount"`
	Thoughts   int64 `json:"thoughtsTokenCount"`
	Total      int64 `json:"totalTokenCount"`

	PromptDetails     modalities `json:"promptTokensDetails"`
	CachedDetails     modalities `json:"cacheTokensDetails"`
	ToolDetails       modalities `json:"toolUsePromptTokensDetails"`
	CandidatesDetails modalities `json:"candidatesTokensDetails"`
}

type modalities []struct {
	Modality string `json:"modality"`
	Count    int64  `json:"tokenCount"`
}

// UnmarshalJSON takes what fits: a count that is no whole number is not counted.
func (u *usage) UnmarshalJSON(raw []byte) error {
	type plain usage
	answer.Lenient(raw, (*plain)(u))
	return nil
}

func (m modalities) audio() (tokens int64) {
	for _, one := range m {
		if strings.EqualFold(one.Modality, "AUDIO") && one.Count > 0 {
			tokens += one.Count
		}
	}
	return tokens
}

// update takes the counts of a later piece, which are sums and replace those
// before; what it leaves out stays.
func (u *usage) update(later *usage) {
	for _, c := range [...]struct{ now, then *int64 }{
		{&u.Prompt, &later.Prompt}, {&u.Cached, &later.Cached}, {&u.ToolPrompt, &later.ToolPrompt},
		{&u.Candidates, &later.Candidates}, {&u.Thoughts, &later.Thoughts}, {&u.Total, &later.Total},
	} {
		if *c.then > 0 {
			*c.now = *c.then
		}
	}
	for _, d := range [...]struct{ now, then *modalities }{
		{&u.PromptDetails, &later.PromptDetails}, {&u.CachedDetails, &later.CachedDetails},
		{&u.ToolDetails, &later.ToolDetails}, {&u.CandidatesDetails, &later.CandidatesDetails},
	} {
		if len(*d.then) > 0 {
			*d.now = *d.then
		}
	}
}

func (u *usage) traced() tracing.Usage {
	audio := u.PromptDetails.audio() - min(u.CachedDetails.audio(), u.PromptDetails.audio())
	return answer.Sums{
		Prompt:      u.Prompt + u.ToolPrompt,
		CacheRead:   u.Cached,
		AudioInput:  audio + u.ToolDetails.audio(),
		Completion:  u.Candidates + u.Thoughts,
		Reasoning:   u.Thoughts,
		AudioOutput: u.CandidatesDetails.audio(),
		Total:       u.Total,
	}.Usage()
}
