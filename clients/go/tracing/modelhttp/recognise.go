package modelhttp

import (
	"net/http"
	"strings"
)

// API is what a request speaks.
type API uint8

// The APIs whose bodies are understood.
const (
	None              API = iota // no call of a model
	OpenAIChat                   // POST …/chat/completions
	OpenAICompletions            // POST …/v1/completions
	OpenAIResponses              // POST …/v1/responses
	OpenAIEmbeddings             // POST …/v1/embeddings
	AnthropicMessages            // POST …/v1/messages with the header anthropic-version, or Claude on Vertex AI
	GeminiGenerate               // POST …/models/MODEL:generateContent or :streamGenerateContent
	GeminiEmbed                  // POST …/models/MODEL:embedContent
	GeminiBatchEmbed             // POST …/models/MODEL:batchEmbedContents
)

// Recognise tells by method, path and content type which API a request speaks.
// Paths that other services have as well count only below a version ("v1"), below
// "openai", or as a deployment of Azure.
func Recognise(r *http.Request) API {
	if r.Method != http.MethodPost || r.URL == nil || !isJSON(r.Header.Get("Content-Type")) {
		return None
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	above := strings.TrimSuffix(path[:len(path)-len(last)], "/")
	switch last {
	case "completions":
		if strings.HasSuffix(above, "/chat") {
			return OpenAIChat
		}
		return below(above, OpenAICompletions)
	case "responses":
		return below(above, OpenAIResponses)
	case "embeddings":
		return below(above, OpenAIEmbeddings)
	case "messages":
		if r.Header.Get("Anthropic-Version") != "" {
			return below(above, AnthropicMessages)
		}
		return None
	}
	return byMethod(above, last)
}

func isJSON(contentType string) bool {
	mime, _, _ := strings.Cut(contentType, ";")
	mime = strings.ToLower(strings.TrimSpace(mime))
	return mime == "" || mime == "application/json" || strings.HasSuffix(mime, "+json")
}

// below answers api where the path above names a version of an API, or Azure's
// way to it.
func below(above string, api API) API {
	parent, last := "", above
	if slash := strings.LastIndexByte(above, '/'); slash >= 0 {
		parent, last = above[:slash], above[slash+1:]
	}
	version := len(last) >= 2 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9'
	if version || last == "openai" || strings.HasSuffix(parent, "/deployments") {
		return api
	}
	return None
}

// byMethod recognises Google's way of naming methods: models/MODEL:METHOD.
func byMethod(above, last string) API {
	_, method, named := strings.Cut(last, ":")
	if !named {
		return None
	}
	switch method {
	case "generateContent", "streamGenerateContent":
		return GeminiGenerate
	case "embedContent":
		return GeminiEmbed
	case "batchEmbedContents":
		return GeminiBatchEmbed
	case "rawPredict", "streamRawPredict":
		if strings.HasSuffix(above, "/publishers/anthropic/models") {
			return AnthropicMessages
		}
	}
	return None
}

// modelInPath returns the model that a path names: that of Google's APIs, or the
// deployment of Azure; "" where it names none.
func modelInPath(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	last := segments[len(segments)-1]
	if model, _, named := strings.Cut(last, ":"); named {
		return model
	}
	for i, segment := range segments[:len(segments)-1] {
		if segment == "deployments" {
			return segments[i+1]
		}
	}
	return ""
}
