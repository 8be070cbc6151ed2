package doctor

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// sender checks what an agent that is started in this environment would do with its
// spans.
func (e *examination) sender(ctx context.Context) {
	x := e.exporter()
	e.say(ctx, e.enabled())
	endpoint := e.endpoint(ctx, &x)
	e.say(ctx, endpoint)
	e.say(ctx, e.protocol(&x))
	e.say(ctx, e.headers(&x))
	e.say(ctx, e.sampler())
	e.say(ctx, e.limits())
	if !e.Send {
		return
	}
	if endpoint.State == Failure || x.url == nil {
		e.say(ctx, skipped("test span", "Not sent: the endpoint is wrong."))
		return
	}
	e.send(ctx, &x)
}

// enabled checks that the SDK is on and exports traces by OTLP.
func (e *examination) enabled() Finding {
	const check = "exporter"
	if strings.EqualFold(strings.TrimSpace(e.Environ("OTEL_SDK_DISABLED")), "true") {
		return failure(check, "OTEL_SDK_DISABLED is true: OpenTelemetry is off, and nothing is sent.", "unset OTEL_SDK_DISABLED")
	}
	named := e.Environ("OTEL_TRACES_EXPORTER")
	exporters := strings.FieldsFunc(strings.ToLower(named), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case len(exporters) == 0:
		return ok(check, "Nothing in the environment turns the exporter off.")
	case slices.ContainsFunc(exporters, func(name string) bool { return name == "otlp" || strings.HasPrefix(name, "otlp_") }):
		return ok(check, fmt.Sprintf("OTEL_TRACES_EXPORTER is %s.", named))
	case slices.Contains(exporters, "none"):
		return failure(check, "OTEL_TRACES_EXPORTER is none: spans are made and thrown away.", "export OTEL_TRACES_EXPORTER=otlp")
	}
	return failure(check, fmt.Sprintf("OTEL_TRACES_EXPORTER is %q, which is not OTLP: spans do not come here.", named), "export OTEL_TRACES_EXPORTER=otlp")
}

// endpoint checks where spans go: that it is an address, of this server, and that
// something listens there.
func (e *examination) endpoint(ctx context.Context, x *exporter) Finding {
	const check = "endpoint"
	if f := e.malformed(x); f.State != "" {
		return f
	}
	if _, err := e.connect(ctx, x.url); err != nil {
		says, _ := e.whyNot(x.url, err)
		mend := "export OTEL_EXPORTER_OTLP_ENDPOINT=" + e.advised()
		if x.variable == "" { // perhaps this is not where agents run
			return warning(check, "No endpoint is set: exporters send to this machine. "+says, mend)
		}
		return failure(check, x.variable+" is "+withoutSecret(x.given)+". "+says, mend)
	}
	where := x.url.Redacted()
	if x.variable == "" {
		where = "this machine, ports 4317 and 4318, since no endpoint is set"
	}
	if e.url == nil || e.status == nil {
		return ok(check, fmt.Sprintf("Exporters send to %s; something listens there.", where))
	}
	if !e.isServer(x.url) {
		return warning(check, fmt.Sprintf("Exporters send to %s, which is another place than the server that was asked, %s.", where, e.url.Redacted()),
			"If that is a collector or a proxy before this server, all is well; --send finds out.", "Otherwise: export OTEL_EXPORTER_OTLP_ENDPOINT="+e.advised())
	}
	if tls := e.status.GetServer().GetTls(); tls != (x.url.Scheme == "https") && e.url.Scheme != x.url.Scheme {
		return failure(check, fmt.Sprintf("Exporters would speak %s to a server that speaks %s.", x.url.Scheme, e.url.Scheme), "export OTEL_EXPORTER_OTLP_ENDPOINT="+e.advised())
	}
	return ok(check, fmt.Sprintf("Exporters send to %s, which is this server.", where))
}

// malformed says what is wrong with the endpoint as a text.
func (e *examination) malformed(x *exporter) Finding {
	const check = "endpoint"
	if x.variable == "" {
		return Finding{}
	}
	advice := "export " + x.variable + "=" + e.advised()
	if x.own && x.protocol != protocolGRPC {
		advice += "/v1/traces"
	}
	if x.url == nil {
		why := "it must begin with http:// or https://"
		if u, err := url.Parse(strings.TrimSpace(x.given)); err != nil && strings.Contains(x.given, "://") {
			why = "it does not read as a URL"
		} else if err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			why = "it names no host"
		}
		return failure(check, fmt.Sprintf("%s is %q: %s.", x.variable, withoutSecret(x.given), why), advice)
	}
	if x.grpc() {
		return Finding{}
	}
	path := strings.TrimRight(x.url.Path, "/")
	switch {
	case x.own && path == "":
		return failure(check, fmt.Sprintf("%s is used as it is, and %s has no path: OTLP over HTTP is taken at /v1/traces.", x.variable, x.url.Redacted()), advice)
	case strings.HasSuffix(path, "/v1/traces/v1/traces"):
		return failure(check, fmt.Sprintf("Exporters add /v1/traces to %s, which has it already.", x.variable), advice)
	}
	return Finding{}
}

// advised is the endpoint that would be right.
func (e *examination) advised() string {
	if e.url == nil {
		return "http://127.0.0.1:4318"
	}
	return e.url.Scheme + "://" + e.url.Host + strings.TrimRight(e.url.Path, "/")
}

// isServer reports whether an endpoint is the server that was asked: its address, or
// one at which it says that it listens.
func (e *examination) isServer(u *url.URL) bool {
	at := hostPort(u)
	if sameHost(u.Hostname(), e.url.Hostname()) && portOf(at) == portOf(hostPort(e.url)) {
		return true
	}
	return sameHost(u.Hostname(), e.url.Hostname()) && slices.ContainsFunc(e.status.GetServer().GetListenAddresses(), func(a string) bool { return portOf(a) == portOf(at) })
}

func sameHost(a, b string) bool {
	return strings.EqualFold(a, b) || isLoopback(a) && isLoopback(b)
}

func portOf(hostPort string) string {
	_, port, _ := net.SplitHostPort(hostPort)
	return port
}

// protocol checks what exporters speak. This server takes everything on every
// port; others go by the port.
func (e *examination) protocol(x *exporter) Finding {
	const check = "protocol"
	var problems []Finding
	if name, variable := e.setting("COMPRESSION"); name != "" && !slices.Contains([]string{"none", "gzip", "zstd"}, strings.ToLower(name)) {
		problems = append(problems, failure(check, fmt.Sprintf("%s is %q, which exporters do not know.", variable, name), "export "+variable+"=gzip"))
	}
	if file, variable := e.setting("CERTIFICATE"); file != "" {
		if _, err := os.Stat(file); err != nil {
			problems = append(problems, failure(check, fmt.Sprintf("%s names a file that cannot be read: %v.", variable, err), "Name the certificate by which exporters know the server."))
		}
	}
	if limit, variable := e.setting("TIMEOUT"); limit != "" {
		if n, err := strconv.ParseFloat(limit, 64); err != nil || n <= 0 {
			problems = append(problems, failure(check, fmt.Sprintf("%s is %q, which is no number greater than 0.", variable, limit), "unset "+variable))
		}
	}
	elsewhere := e.status == nil || x.url == nil || !e.isServer(x.url)
	switch {
	case x.protocol == "":
		problems = append(problems, ok(check, "No protocol is set: each SDK takes its own, and the server takes them all on every port."))
	case !slices.Contains([]string{protocolGRPC, protocolHTTP, protocolJSON}, x.protocol):
		problems = append(problems, failure(check, fmt.Sprintf("OTEL_EXPORTER_OTLP_PROTOCOL is %q, which is none.", x.protocol),
			"export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "Or grpc, or http/json."))
	case elsewhere && x.url != nil && x.protocol == protocolGRPC && x.url.Port() == "4318":
		problems = append(problems, warning(check, "The protocol is grpc, and port 4318 is that of OTLP over HTTP, if what listens there goes by the custom.", "Use port 4317, or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."))
	case elsewhere && x.url != nil && x.protocol != protocolGRPC && x.url.Port() == "4317":
		problems = append(problems, warning(check, fmt.Sprintf("The protocol is %s, and port 4317 is that of gRPC, if what listens there goes by the custom.", x.protocol), "Use port 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc."))
	default:
		problems = append(problems, ok(check, fmt.Sprintf("Exporters speak %s.", x.protocol)))
	}
	return worst(problems...)
}
