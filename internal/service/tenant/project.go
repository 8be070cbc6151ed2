package tenant

import (
	"context"
	"net/http"

	"github.com/agenttrace/agenttrace/internal/service/fault"
)

// Header is the HTTP header (gRPC: metadata) that names the project.
const Header = "Agenttrace-Project"

// Default is the project of requests that name none.
const Default = "default"

// maxLength bounds the name of a project: it is part of every key.
const maxLength = 64

type contextKey struct{}

// WithProject puts the project that header names into ctx. A name that cannot
// be one is an error of the caller's, ready to be sent.
func WithProject(ctx context.Context, header http.Header) (context.Context, error) {
	project := Default
	switch named := header.Values(Header); len(named) {
	case 0:
	case 1:
		project = named[0]
	default:
		// Two names would be a matter of luck: a proxy may have added one.
		return nil, fault.InvalidField("agenttrace-project", "the header must be sent once")
	}
	if !Valid(project) {
		return nil, fault.InvalidField("agenttrace-project",
			"a project has 1 to 64 characters out of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit")
	}
	return context.WithValue(ctx, contextKey{}, project), nil
}

// Project returns what WithProject found; Default for a context that has not
// been through it.
func Project(ctx context.Context) string {
	if project, ok := ctx.Value(contextKey{}).(string); ok {
		return project
	}
	return Default
}

// Valid reports whether a project may have this name.
func Valid(name string) bool {
	if name == "" || len(name) > maxLength {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}
