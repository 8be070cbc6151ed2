package answer

import (
	"net/url"
	"strings"
)

// Media describes a file in a message without its content: what it is ("image"),
// its type ("image/png") and its name or size, whichever are known.
func Media(what string, details ...string) string {
	var out strings.Builder
	out.WriteString("[" + what)
	for _, detail := range details {
		if detail = strings.Trim(detail, "[]"); detail != "" {
			out.WriteString(", " + detail)
		}
	}
	return out.String() + "]"
}

// URL describes where a file is: of a data URL its type and size, of another URL
// what comes before its query, which may hold a signature. The size of a file is
// returned as it is.
func URL(address string) string {
	if strings.HasPrefix(address, "[") {
		return address
	}
	if rest, ok := strings.CutPrefix(address, "data:"); ok {
		head, size, _ := strings.Cut(rest, ",")
		mime, _, _ := strings.Cut(head, ";")
		return strings.Trim(mime+", "+strings.Trim(size, "[]"), ", ")
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	parsed.RawQuery, parsed.Fragment, parsed.User = "", "", nil
	return parsed.String()
}
