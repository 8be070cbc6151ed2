package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// answers asks the server for its status. Where that fails, it finds out who it is
// that does not answer.
func (e *examination) answers(ctx context.Context) Finding {
	const check = "server"
	client, err := e.Client(e.Project)
	if err != nil {
		return failure(check, fmt.Sprintf("The server cannot be asked: %v.", err), "Correct the flag or variable that this is about.")
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*e.Patience)
	defer cancel()
	status, err := e.ask(ctx, client)
	if err != nil {
		return e.diagnose(ctx, err)
	}
	e.status = status
	server := status.GetServer()
	says := "agenttrace " + server.GetVersion()
	if server.GetCommit() != "" {
		says += fmt.Sprintf(" (commit %.12s)", server.GetCommit())
	}
	if started := server.GetStartTime(); started != nil {
		says += fmt.Sprintf(", up for %s", length(server.GetCurrentTime().AsTime().Sub(started.AsTime())))
	}
	if listens := server.GetListenAddresses(); len(listens) > 0 {
		says += ", listens on " + strings.Join(listens, " and ")
	}
	return ok(check, says+".")
}

// ask returns the status with the least round trip of a few: the clock is
// compared by it, and the first call has to connect.
func (e *examination) ask(ctx context.Context, client *agenttrace.Client) (*agenttrace.GetStatusResponse, error) {
	const times = 3
	var best *agenttrace.GetStatusResponse
	for range times {
		before := e.Now()
		status, err := client.GetStatus(ctx, nil)
		if err != nil {
			return nil, err
		}
		half := e.Now().Sub(before) / 2
		if best == nil || half < e.within {
			best, e.within = status, half
			e.ahead = status.GetServer().GetCurrentTime().AsTime().Sub(before.Add(half))
		}
	}
	return best, nil
}

// diagnose says why there is no status.
func (e *examination) diagnose(ctx context.Context, err error) Finding {
	const check = "server"
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	call, _ := errors.AsType[*agenttrace.CallError](err)
	switch {
	case errors.As(err, &unknown):
		return failure(check, "The server's certificate is signed by nobody whom this machine trusts.",
			"Trust its authority: --ca FILE, or the variable AGENTTRACE_CA; exporters need OTEL_EXPORTER_OTLP_CERTIFICATE=FILE.")
	case errors.As(err, &name):
		return failure(check, fmt.Sprintf("The server's certificate is not for %s: %v.", e.url.Hostname(), name),
			"Use a name that the certificate has, or give the server one for this name.")
	case errors.As(err, &invalid):
		return failure(check, fmt.Sprintf("The server's certificate is not valid: %v.", invalid), "Renew the certificate, or set this machine's clock.")
	case e.url.Scheme == "https" && e.handshake(ctx) == withoutTLS:
		return failure(check, fmt.Sprintf("%s does not speak TLS.", hostPort(e.url)),
			"Use http:// instead of https:// (--server, AGENTTRACE_SERVER), or give the server a certificate: AGENTTRACE_TLS_CERT and AGENTTRACE_TLS_KEY.")
	case agenttrace.IsUnauthenticated(err) || agenttrace.IsPermissionDenied(err):
		return failure(check, "The server, or a proxy before it, does not know who asks: "+call.Message+".", "Set a token: --token, or the variable AGENTTRACE_TOKEN.")
	case call != nil && call.FromServer && agenttrace.IsUnavailable(err):
		return failure(check, "The server is there but takes no work: "+call.Message+".", "Wait until it has started or stopped; its log tells more.")
	case agenttrace.IsInvalid(err) && call.FromServer:
		return failure(check, "The server refuses the request: "+call.Message+".", "Check --project (AGENTTRACE_PROJECT): 1 to 64 of a-z, 0-9, '.', '_' and '-'.")
	}
	return e.identify(ctx, err)
}

// length writes how long something took or lasts, to two units.
func length(d time.Duration) string {
	d = d.Abs()
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	case d >= time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + "s"
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
