package tracing

import "context"

// Run calls f within a span: its input and output are recorded, its error as the
// span's failure, and so is a panic, which passes on. The context that f gets
// carries the span:
//
//	weather, err := tracing.Run(ctx, tracing.Tool, "get_weather", city, lookUp)
//
// Documents that f returns are recorded as such, for retrievers.
func Run[In, Out any](
	ctx context.Context, start Start, name string, in In,
	f func(context.Context, In) (Out, error), options ...SpanOption,
) (Out, error) {
	ctx, s := start(ctx, name, options...)
	defer s.End()
	s.SetInput(in)
	out, err := f(ctx, in)
	s.Fail(err)
	if err == nil {
		s.SetOutput(out)
	}
	return out, err
}

// Wrap returns f as a function that runs within a span each time; see [Run].
func Wrap[In, Out any](
	start Start, name string, f func(context.Context, In) (Out, error), options ...SpanOption,
) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (Out, error) {
		return Run(ctx, start, name, in, f, options...)
	}
}
