package price

import (
	"strings"
	"time"
)

// lower returns a name as all matching is done: in lower case, without space
// around it.
func lower(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func isGemini(called string) bool { return strings.Contains(called, "gemini") }

// alias returns the id of a provider that some senders call by a name that the
// table does not have: well-known values of gen_ai.provider.name, and names that
// libraries write.
func alias(provider string) string {
	switch provider {
	case "gcp.gen_ai":
		return "google"
	case "x_ai":
		return "x-ai"
	case "azure.ai.inference", "azure_ai":
		return "azure"
	case "togetherai":
		return "together"
	case "fireworks_ai":
		return "fireworks"
	}
	return ""
}

// dashed writes the dates in a model's name as the table may have them: -20250131
// becomes -2025-01-31, at the end, or before a dash or a colon.
func dashed(called string) string {
	var out strings.Builder
	for {
		dash := strings.IndexByte(called, '-')
		if dash < 0 {
			out.WriteString(called)
			return out.String()
		}
		out.WriteString(called[:dash+1])
		called = called[dash+1:]
		if date, ok := leadingDate(called); ok {
			out.WriteString(date)
			called = called[len("20250131"):]
		}
	}
}

func leadingDate(text string) (dashed string, ok bool) {
	const compact = "20060102"
	if len(text) < len(compact) || !strings.HasPrefix(text, "20") {
		return "", false
	}
	if rest := text[len(compact):]; rest != "" && rest[0] != '-' && rest[0] != ':' {
		return "", false
	}
	day, err := time.Parse(compact, text[:len(compact)])
	return day.Format(time.DateOnly), err == nil
}
