package service

import (
	"cmp"
	"context"
	"slices"
	"strings"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/otlp"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/intake"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// ingestService implements agenttrace.v1.IngestService. Its spans become OTLP
// first and then go the way of all others, so that they are stored the same.
type ingestService struct {
	intake *intake.Intake
}

// WriteSpans stores spans in our own shape.
func (s *ingestService) WriteSpans(ctx context.Context, req *pb.WriteSpansRequest) (*pb.WriteSpansResponse, error) {
	project := tenant.Project(ctx)
	res := &pb.WriteSpansResponse{}
	reject := func(index int, reason string) {
		res.Rejected = append(res.Rejected, &pb.RejectedSpan{
			Index: int32(index), Reason: strings.ToValidUTF8(reason, "\uFFFD"),
		})
	}
	var spans []*model.Span
	var places []int // in the request, of each of spans
	for i, in := range req.GetSpans() {
		span, err := convert.ParseSpan(project, in)
		if err != nil {
			reject(i, err.Error())
			continue
		}
		otlp.AddMissingAttributes(span)
		spans = append(spans, span)
		places = append(places, i)
	}
	if len(spans) == 0 {
		return res, nil
	}
	out, err := s.intake.Write(ctx, project, otlp.EncodeSpans(spans))
	if err != nil {
		return nil, err
	}
	for _, r := range out.Rejected {
		reject(places[r.Index], r.Reason)
	}
	res.AcceptedCount = int64(out.Spans - out.RejectedCount)
	slices.SortFunc(res.Rejected, func(a, b *pb.RejectedSpan) int { return cmp.Compare(a.GetIndex(), b.GetIndex()) })
	return res, nil
}
