package repo

import "context"

type onCommit struct{}

// OnCommit returns a context with which [Writer].Write calls f when it has given the
// database all its work and only waits for the commit: whoever lets writes follow one
// another can begin the next. Where Write tries again, f is called again; a store
// need not call it.
func OnCommit(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, onCommit{}, f)
}

// Committing calls what was passed to OnCommit, for stores.
func Committing(ctx context.Context) {
	if f, ok := ctx.Value(onCommit{}).(func()); ok {
		f()
	}
}
