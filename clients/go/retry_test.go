package agenttrace_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
)

// inProcess answers requests without a network, so that tests of time can run in
// a bubble. It knows no streams.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// failing fails as often as it has errors.
type failing struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
	errs     []error
	attempts recorder[time.Time]
}

func (f *failing) next() error {
	f.attempts.add(time.Now())
	n := len(f.attempts.seen())
	if n > len(f.errs) {
		return nil
	}
	return f.errs[n-1]
}

func (f *failing) GetSpan(context.Context, *agenttrace.GetSpanRequest) (*agenttrace.GetSpanResponse, error) {
	if err := f.next(); err != nil {
		return nil, err
	}
	return &agenttrace.GetSpanResponse{Span: &agenttrace.Span{Name: "here"}}, nil
}

func (f *failing) client(t *testing.T, options ...agenttrace.Option) *agenttrace.Client {
	t.Helper()
	transport := agenttrace.WithHTTPClient(&http.Client{Transport: inProcess{services{traces: f}.handler()}})
	c, err := agenttrace.New("localhost", append(options, transport)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pauses returns the times between attempts.
func (f *failing) pauses() (all []time.Duration) {
	at := f.attempts.seen()
	for i := range at[1:] {
		all = append(all, at[i+1].Sub(at[i]))
	}
	return all
}

// failure makes an error as servers do.
func failure(code connect.Code, text string, details ...proto.Message) *connect.Error {
	e := connect.NewError(code, errors.New(text))
	for _, d := range details {
		detail, err := connect.NewErrorDetail(d)
		if err != nil {
			panic(err)
		}
		e.AddDetail(detail)
	}
	return e
}

func retryAfter(d time.Duration) proto.Message {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(d)}
}

var away = failure(connect.CodeUnavailable, "the database is away")

func TestPausesBetweenAttemptsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{errs: []error{away, away, away, away, away}}
		client := f.client(t, agenttrace.WithRetries(5), agenttrace.WithBackoff(time.Second, 5*time.Second))
		res, err := client.GetSpan(t.Context(), &agenttrace.GetSpanRequest{})
		if err != nil || res.GetSpan().GetName() != "here" {
			t.Fatalf("got %v, %v", res, err)
		}
		pauses := f.pauses()
		for i, most := range []time.Duration{1, 2, 4, 5, 5} {
			most *= time.Second
			if pauses[i] < most/2 || pauses[i] > most {
				t.Errorf("pause %d took %v, want between %v and %v", i+1, pauses[i], most/2, most)
			}
		}
	})
}

func TestAttemptsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for retries := range 4 {
			f := &failing{errs: []error{away, away, away, away, away, away}}
			_, err := f.client(t, agenttrace.WithRetries(retries)).GetSpan(t.Context(), nil)
			if !agenttrace.IsUnavailable(err) {
				t.Errorf("got %v", err)
			}
			if n := len(f.attempts.seen()); n != retries+1 {
				t.Errorf("with %d retries there were %d attempts", retries, n)
			}
		}
	})
}

func TestTheServersOwnTimeIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, code := range []connect.Code{connect.CodeUnavailable, connect.CodeResourceExhausted, connect.CodeInternal} {
			f := &failing{errs: []error{failure(code, "busy", retryAfter(20*time.Second))}}
			if _, err := f.client(t).GetSpan(t.Context(), nil); err != nil {
				t.Errorf("%v: %v", code, err)
				continue
			}
			if p := f.pauses(); len(p) != 1 || p[0] < 20*time.Second || p[0] > 22*time.Second+1 {
				t.Errorf("%v: pauses of %v, want one of about 20s", code, p)
			}
		}
	})
}

func TestWhatWillNotChangeIsNotTriedAgain(t *testing.T) {
	for code := connect.CodeCanceled; code <= connect.CodeUnauthenticated; code++ {
		if code == connect.CodeUnavailable {
			continue
		}
		f := &failing{errs: []error{failure(code, "no")}}
		_, err := f.client(t).GetSpan(t.Context(), nil)
		if agenttrace.CodeOf(err) != code {
			t.Errorf("got %v, want %v", err, code)
		}
		if n := len(f.attempts.seen()); n != 1 {
			t.Errorf("%v: %d attempts", code, n)
		}
	}
}

// Waiting for a time that is over before the next attempt would only hide what
// went wrong behind a deadline.
func TestAPauseThatTheDeadlineForbidsIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{errs: []error{failure(connect.CodeUnavailable, "stopping", retryAfter(time.Hour))}}
		begun := time.Now()
		_, err := f.client(t).GetSpan(t.Context(), nil)
		if !agenttrace.IsUnavailable(err) || time.Since(begun) != 0 {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if e, ok := errors.AsType[*agenttrace.CallError](err); !ok || e.RetryAfter != time.Hour || !e.FromServer {
			t.Errorf("the error does not say when to come back: %+v", e)
		}
	})
}

func TestAPauseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failing{errs: []error{away, away}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err := f.client(t, agenttrace.WithBackoff(time.Second, time.Second)).GetSpan(ctx, nil)
		if !errors.Is(err, context.Canceled) || !agenttrace.IsCanceled(err) {
			t.Errorf("got %v", err)
		}
	})
}

// hanging answers nothing until its caller gives up.
type hanging struct {
	agenttracev1connect.UnimplementedTraceServiceHandler
}

func (hanging) GetSpan(ctx context.Context, _ *agenttrace.GetSpanRequest) (*agenttrace.GetSpanResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// noAnswer is a server that was never heard of again.
type noAnswer struct{}

func (noAnswer) RoundTrip(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestACallEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := agenttrace.WithHTTPClient(&http.Client{Transport: noAnswer{}})
		client, err := agenttrace.New("localhost", transport, agenttrace.WithTimeout(3*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		for want, ctx := range map[time.Duration]context.Context{
			3 * time.Second: t.Context(),
			time.Hour:       deadline(t, time.Hour),
			time.Second:     deadline(t, time.Second),
		} {
			begun := time.Now()
			_, err := client.GetSpan(ctx, nil)
			if !agenttrace.IsDeadlineExceeded(err) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begun); took > want {
				t.Errorf("took %v, want at most %v", took, want)
			}
		}
	})
}

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
