package modelhttp

import "strings"

// hosts are the providers that are known by where they are, in the names that
// prices are listed under. The first suffix that fits decides.
var hosts = [...]struct{ suffix, provider string }{
	{".openai.azure.com", "azure"},
	{".cognitiveservices.azure.com", "azure"},
	{".services.ai.azure.com", "azure"},
	{".openai.com", "openai"},
	{".anthropic.com", "anthropic"},
	{".googleapis.com", "google"},
	{".amazonaws.com", "aws"},
	{".deepseek.com", "deepseek"},
	{".groq.com", "groq"},
	{".mistral.ai", "mistral"},
	{".openrouter.ai", "openrouter"},
	{".x.ai", "x-ai"},
	{".together.xyz", "together"},
	{".together.ai", "together"},
	{".fireworks.ai", "fireworks"},
	{".perplexity.ai", "perplexity"},
	{".cerebras.ai", "cerebras"},
	{".moonshot.ai", "moonshotai"},
	{".moonshot.cn", "moonshotai"},
	{".cohere.com", "cohere"},
	{".cohere.ai", "cohere"},
	{".novita.ai", "novita"},
	{".voyageai.com", "voyageai"},
	{".minimax.io", "minimax"},
	{".bigmodel.cn", "zhipuai"},
	{".z.ai", "zai"},
}

// providerOf returns who serves a host. Of one that nobody knows, it is the
// provider whose API it speaks.
func providerOf(host string, api API) string {
	host = "." + strings.ToLower(host)
	for _, known := range hosts {
		if strings.HasSuffix(host, known.suffix) {
			return known.provider
		}
	}
	switch api {
	case AnthropicMessages:
		return "anthropic"
	case GeminiGenerate, GeminiEmbed, GeminiBatchEmbed:
		return "google"
	}
	return "openai"
}
