package doctor

import (
	"fmt"
	"net/url"
	"strings"
)

// The protocols of OTLP, as OTEL_EXPORTER_OTLP_PROTOCOL names them.
const (
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"
	protocolJSON = "http/json"
)

// exporter is what an OpenTelemetry SDK would make of the environment.
type exporter struct {
	variable string   // that names the endpoint; "" where none does
	given    string   // what it holds
	url      *url.URL // where spans go, path included; nil where that cannot be told
	own      bool     // the endpoint is that of traces alone, and used as it is
	protocol string   // "" where the SDK decides
	headers  []header
}

type header struct{ name, value string }

// setting returns the value of the variable for traces, else of that for all
// signals, and which it was. Empty counts as not set, as the specification says.
func (e *examination) setting(name string) (value, variable string) {
	for _, variable := range []string{"OTEL_EXPORTER_OTLP_TRACES_" + name, "OTEL_EXPORTER_OTLP_" + name} {
		if value := e.Environ(variable); value != "" {
			return value, variable
		}
	}
	return "", ""
}

// exporter reads the variables. What is wrong with them is for the checks to say.
func (e *examination) exporter() exporter {
	var x exporter
	x.given, x.variable = e.setting("ENDPOINT")
	x.own = x.variable == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	x.protocol, _ = e.setting("PROTOCOL")
	x.protocol = strings.ToLower(strings.TrimSpace(x.protocol))
	raw, _ := e.setting("HEADERS")
	x.headers, _ = parseHeaders(raw)
	given := strings.TrimSpace(x.given)
	if x.variable == "" {
		given = "http://localhost:4318"
		if x.protocol == protocolGRPC {
			given = "http://localhost:4317"
		}
	}
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return x
	}
	if x.protocol != protocolGRPC && !x.own {
		u = u.JoinPath("v1/traces")
	}
	x.url = u
	return x
}

// grpc reports whether the exporter speaks gRPC, as far as that can be told: where
// nothing says so, by the port that gRPC has by habit.
func (x *exporter) grpc() bool {
	return x.protocol == protocolGRPC || x.protocol == "" && x.url != nil && x.url.Port() == "4317"
}

// parseHeaders reads name=value entries, separated by commas, the values
// percent-encoded. The error says which entry is wrong and why, and repeats nothing
// of it: a value may be a secret, and what stands behind a comma in one looks like a
// name.
func parseHeaders(text string) (headers []header, err error) {
	n := 0
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if n++; entry == "" {
			continue
		}
		name, value, found := strings.Cut(entry, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || strings.Contains(name, ":") {
			return headers, fmt.Errorf("entry %d has no = between name and value", n)
		}
		if name == "" || strings.ContainsFunc(name, notInToken) {
			return headers, fmt.Errorf("what stands before the = of entry %d is no name of a header", n)
		}
		decoded, err := url.PathUnescape(value)
		if err != nil {
			return headers, fmt.Errorf("the value of entry %d has a %% that is not followed by two hex digits (write %%25 for it)", n)
		}
		if strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return headers, fmt.Errorf("the value of entry %d has a control character, such as a line break", n)
		}
		headers = append(headers, header{strings.ToLower(name), decoded})
	}
	return headers, nil
}

// notInToken reports whether a name of a header may not have a character.
func notInToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
}

// value returns the value of a header, the last of several.
func (x *exporter) value(name string) string {
	value := ""
	for _, h := range x.headers {
		if h.name == name {
			value = h.value
		}
	}
	return value
}
