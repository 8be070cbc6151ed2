package tracing

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// errorType names what went wrong, for grouping: by the first error of the chain
// that says it itself, with a method ErrorType() string, or else by the Go type
// of the first that is more than a text. Wrappers made by fmt and errors say
// nothing of a failure, though most errors are such at the outside.
func errorType(err error) string {
	var named interface{ ErrorType() string }
	if errors.As(err, &named) {
		if name := safely(named.ErrorType); name != "" {
			return name
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "context.Canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "context.DeadlineExceeded"
	}
	for e := err; e != nil; e = cause(e) {
		if name := reflect.TypeOf(e).String(); !strings.HasPrefix(name, "*fmt.") && !strings.HasPrefix(name, "*errors.") {
			return name
		}
	}
	return "error"
}

// cause returns the error that err wraps; of several the first.
func cause(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if e != nil {
				return e
			}
		}
		return nil
	}
	return errors.Unwrap(err)
}

func errorText(err error) string { return safely(err.Error) }

// safely calls a method of foreign values, which may panic, on nil for instance.
func safely(method func() string) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("(its method panicked: %v)", p)
		}
	}()
	return method()
}
