package service

import (
	"context"
	"time"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/query"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// What a request for names or values asks where it says nothing.
const (
	attributesRange = 24 * time.Hour
	defaultNames    = 100
	maxNames        = 1000
)

// ListAttributeNames returns what queries can name.
func (s *queryService) ListAttributeNames(ctx context.Context, req *pb.ListAttributeNamesRequest) (*pb.ListAttributeNamesResponse, error) {
	within, err := s.closedRange(req, attributesRange)
	if err != nil {
		return nil, err
	}
	asked := search.NamesRequest{Prefix: req.GetPrefix(), Range: within, Limit: namesLimit(req.GetLimit())}
	asked.Of, asked.Scope = namesOf(req.GetScope())
	names, complete, err := s.engine.AttributeNames(ctx, tenant.Project(ctx), asked)
	if err != nil {
		return nil, err
	}
	res := &pb.ListAttributeNamesResponse{Complete: complete}
	for _, n := range names {
		out := &pb.AttributeName{Scope: scopeOf(n.Field), Name: n.Field.Name, Expression: n.Field.String(), Help: n.Help}
		if n.Field.Intrinsic != 0 {
			out.Name = query.Describe(n.Field.Intrinsic).Names[0]
		}
		res.Names = append(res.Names, out)
	}
	return res, nil
}

// ListAttributeValues returns values of one field.
func (s *queryService) ListAttributeValues(ctx context.Context, req *pb.ListAttributeValuesRequest) (*pb.ListAttributeValuesResponse, error) {
	field, err := parseField(req.GetExpression())
	if err != nil {
		return nil, err
	}
	within, err := s.closedRange(req, attributesRange)
	if err != nil {
		return nil, err
	}
	values, complete, err := s.engine.AttributeValues(ctx, tenant.Project(ctx), search.ValuesRequest{
		Field: field, Prefix: req.GetPrefix(), Range: within, Limit: namesLimit(req.GetLimit()),
	})
	if err != nil {
		return nil, err
	}
	res := &pb.ListAttributeValuesResponse{Complete: complete}
	for _, v := range values {
		res.Values = append(res.Values, &pb.AttributeValue{Value: convert.QueryValue(v.Value), Literal: convert.Literal(v.Value), Count: v.Count})
	}
	return res, nil
}

func namesLimit(asked int32) int {
	if asked == 0 {
		return defaultNames
	}
	return min(int(asked), maxNames)
}

// namesOf returns what a wanted scope means to the engine.
func namesOf(scope pb.AttributeScope) (search.Names, query.Scope) {
	switch scope {
	case pb.AttributeScope_ATTRIBUTE_SCOPE_INTRINSIC:
		return search.IntrinsicNames, query.ScopeAny
	case pb.AttributeScope_ATTRIBUTE_SCOPE_SPAN:
		return search.AttributeNames, query.ScopeSpan
	case pb.AttributeScope_ATTRIBUTE_SCOPE_RESOURCE:
		return search.AttributeNames, query.ScopeResource
	case pb.AttributeScope_ATTRIBUTE_SCOPE_EVENT:
		return search.AttributeNames, query.ScopeEvent
	case pb.AttributeScope_ATTRIBUTE_SCOPE_LINK:
		return search.AttributeNames, query.ScopeLink
	case pb.AttributeScope_ATTRIBUTE_SCOPE_INSTRUMENTATION:
		return search.AttributeNames, query.ScopeInstrumentation
	default:
		return search.AllNames, query.ScopeAny
	}
}

func scopeOf(f *query.Field) pb.AttributeScope {
	if f.Intrinsic != 0 {
		return pb.AttributeScope_ATTRIBUTE_SCOPE_INTRINSIC
	}
	switch f.Scope {
	case query.ScopeSpan:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_SPAN
	case query.ScopeResource:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_RESOURCE
	case query.ScopeEvent:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_EVENT
	case query.ScopeLink:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_LINK
	case query.ScopeInstrumentation:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_INSTRUMENTATION
	default:
		return pb.AttributeScope_ATTRIBUTE_SCOPE_UNSPECIFIED
	}
}
