package otlp

import "strings"

// beside is a set of parts that stand beside the sums of prompt and completion.
// All others are included in them.
type beside uint8

const (
	cacheBeside beside = 1 << iota
	reasoningBeside
	audioInputBeside
	audioOutputBeside

	allBeside = cacheBeside | reasoningBeside | audioInputBeside | audioOutputBeside
)

// vocabulary is whose names the counts have. Of a span with both it is
// OpenInference, whose counts are preferred.
type vocabulary uint8

const (
	anyVocabulary vocabulary = iota
	openInference
	genAI
)

// usageRule says what the token counts of some senders mean.
type usageRule struct {
	// Who: all that is set must hold.
	name       string // as docs/conventions.md calls the senders
	vocabulary vocabulary
	scope      string   // the instrumentation's name
	providers  []string // one of them, in any case
	model      string   // a part of the model's name, in lower case
	attribute  string   // one that is on the span

	// What: the parts that are not included in the sums.
	beside beside
	// ownTotal: the total is the sender's sum of prompt and completion, not the
	// provider's, and proves nothing.
	ownTotal bool

	known string // where that is known from
}

// usageRules is the whole of what agenttrace knows about token counts. The first
// rule that fits counts. Where senders follow their vocabulary, the last two do:
// so it is with OpenAI, whose counts are like that by themselves, and with
// OpenInference's own instrumentations of Anthropic and Gemini, which add up what
// these providers keep apart.
var usageRules = [...]usageRule{
	{
		name:  "Agno with Anthropic or Bedrock",
		scope: agnoScope, providers: []string{"Anthropic", "AwsBedrock"},
		beside: cacheBeside, ownTotal: true,
		known: "Agno passes on these providers' input tokens, which leave the cache out, and adds its total up from the two counts (agno-agi/agno#9538)",
	},
	{
		// Elsewhere Agno has Claude's counts through interfaces like OpenAI's,
		// which include the cache; Gemini's include it too.
		name:  "Agno with Claude on Vertex AI",
		scope: agnoScope, providers: []string{"VertexAI"}, model: "claude",
		beside: cacheBeside, ownTotal: true,
		known: "as above: it is the same code",
	},
	{
		name:   "OpenLLMetry with Bedrock",
		scope:  "opentelemetry.instrumentation.bedrock",
		beside: cacheBeside, ownTotal: true,
		known: "it passes on Converse's inputTokens and adds its total up itself; its instrumentation of Anthropic does not (traceloop/openllmetry#4449)",
	},
	{
		name:      "Google ADK before 2.3",
		attribute: "gen_ai.usage.experimental.reasoning_tokens",
		beside:    reasoningBeside,
		known:     "it passes on Gemini's candidates and thoughts; 2.3 adds them up, and renamed the attribute",
	},
	{
		name:       "all others, OpenInference",
		vocabulary: openInference,
		known:      "the specification: details are parts of the counts",
	},
	{
		name:       "all others, GenAI",
		vocabulary: genAI,
		known:      "the conventions: cached and reasoning tokens SHOULD be included",
	},
}

// sender is what tells whose token counts a span has.
type sender struct {
	vocabulary vocabulary
	scope      string
	provider   string
	model      string
	facts      *facts // nil for no attributes
}

// ruleOf returns the rule that fits; there always is one.
func ruleOf(s sender) *usageRule {
	last := len(usageRules) - 1
	for i := range usageRules[:last] {
		if usageRules[i].fits(&s) {
			return &usageRules[i]
		}
	}
	return &usageRules[last]
}

func (r *usageRule) fits(s *sender) bool {
	return (r.vocabulary == anyVocabulary || r.vocabulary == s.vocabulary) &&
		(r.scope == "" || r.scope == s.scope) &&
		(len(r.providers) == 0 || isOneOf(s.provider, r.providers)) &&
		(r.model == "" || strings.Contains(strings.ToLower(s.model), r.model)) &&
		(r.attribute == "" || s.facts != nil && s.facts.has(known.numbers[r.attribute]))
}

func isOneOf(name string, names []string) bool {
	for _, n := range names {
		if strings.EqualFold(name, n) {
			return true
		}
	}
	return false
}

// vocabulary returns whose names the span's preferred counts have.
func (f *facts) vocabulary() vocabulary {
	for _, fd := range [...]field{fieldPromptTokens, fieldCompletionTokens} {
		for _, s := range known.sources[fd] {
			if f.has(s.key) {
				return known.vocabularies[s.key]
			}
		}
	}
	return genAI
}

// vocabularyOf returns whose name a count has.
func vocabularyOf(key string) vocabulary {
	if strings.HasPrefix(key, "llm.") {
		return openInference
	}
	return genAI
}
