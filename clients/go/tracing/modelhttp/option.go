package modelhttp

import (
	"net/http"

	"github.com/agenttrace/agenttrace/clients/go/tracing"
)

// Option changes how calls are recorded.
type Option func(*observer)

// Tracer records with t, instead of the Tracer of the span above the call or that
// of [tracing.Setup].
func Tracer(t *tracing.Tracer) Option { return func(o *observer) { o.tracer = t } }

// Provider says who serves the models, such as "mistral". Without it, the host
// tells where it is one of the known ones, else the API that is spoken.
func Provider(name string) Option { return func(o *observer) { o.provider = name } }

// MaxRequestBytes is how much of a request is recorded: 1 MiB unless it is set, at
// least 4 KiB. Of a longer one, the beginning of the conversation is, and all
// short parameters. No single text in it is recorded beyond a quarter of this.
func MaxRequestBytes(n int) Option { return func(o *observer) { o.maxRequest = max(n, leastBytes) } }

// MaxAnswerBytes is how much text of an answer is recorded: 1 MiB unless it is
// set, at least 4 KiB. A text that was cut says so at its end.
func MaxAnswerBytes(n int) Option { return func(o *observer) { o.maxAnswer = max(n, leastBytes) } }

// Recogniser replaces [Recognise], for servers with paths of their own. It is
// called for every request, must not touch the body, and answers [None] for what
// is no call of a model.
func Recogniser(f func(*http.Request) API) Option { return func(o *observer) { o.recognise = f } }

const (
	defaultBytes = 1 << 20
	leastBytes   = 4 << 10
)

func newObserver(options []Option) *observer {
	o := &observer{recognise: Recognise, maxRequest: defaultBytes, maxAnswer: defaultBytes}
	for _, set := range options {
		set(o)
	}
	return o
}
