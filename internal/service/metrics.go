package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/query/series"
	"github.com/agenttrace/agenttrace/internal/search"
	"github.com/agenttrace/agenttrace/internal/service/convert"
	"github.com/agenttrace/agenttrace/internal/service/fault"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
)

// queryService implements agenttrace.v1.QueryService. It keeps nothing between
// calls and may be used from any number of goroutines.
type queryService struct {
	store  Store
	engine *search.Engine
	limits search.Limits // with those of one trace
	now    func() time.Time
}

var _ agenttracev1connect.QueryServiceHandler = (*queryService)(nil)

func newQueryService(c Config, e engines) *queryService {
	return &queryService{store: c.Store, engine: e.calls, limits: e.calls.Limits.WithDefaults(), now: c.Now}
}

// What a request for series asks where it says nothing.
const (
	metricsRange     = time.Hour
	defaultExemplars = 3
	maxExemplars     = 20
)

// QueryMetrics computes time series.
func (s *queryService) QueryMetrics(ctx context.Context, req *pb.QueryMetricsRequest) (*pb.QueryMetricsResponse, error) {
	q, err := parseMetrics(req.GetQuery())
	if err != nil {
		return nil, err
	}
	grid, err := s.gridOf(req)
	if err != nil {
		return nil, err
	}
	found, err := s.engine.Metrics(ctx, tenant.Project(ctx), q, grid, exemplarsOf(req))
	if err != nil {
		return nil, err
	}
	res := &pb.QueryMetricsResponse{
		StartTime: timestamppb.New(time.Unix(0, grid.Start)),
		EndTime:   timestamppb.New(time.Unix(0, grid.End)),
		Step:      durationpb.New(time.Duration(grid.Step)),
	}
	for i := range found {
		res.Series = append(res.Series, convert.Series(&found[i]))
	}
	return res, nil
}

func exemplarsOf(req *pb.QueryMetricsRequest) int {
	switch n := int(req.GetExemplars()); n {
	case 0:
		return defaultExemplars
	case -1:
		return 0
	default:
		return min(n, maxExemplars)
	}
}

// gridOf returns the steps of time that a request is about.
func (s *queryService) gridOf(req *pb.QueryMetricsRequest) (series.Grid, error) {
	within, err := s.closedRange(req, metricsRange)
	if err != nil {
		return series.Grid{}, err
	}
	step := req.GetStep().AsDuration()
	switch {
	case req.GetStep() != nil && req.GetStep().CheckValid() != nil:
		return series.Grid{}, fault.InvalidField("step", "must be a valid duration")
	case step == 0:
		step = roundStep(within.End-within.Start, s.engine.Limits.MaxPoints)
	case step < shortestStep:
		return series.Grid{}, fault.InvalidField("step", "must be at least "+shortestStep.String())
	}
	return series.Grid{Start: within.Start, End: within.End, Step: int64(step)}, nil
}

// closedRange returns the range that a request names. Its end is now where it
// names none, its start so long before the end.
func (s *queryService) closedRange(in timeSelection, length time.Duration) (model.TimeRange, error) {
	if most := s.engine.Limits.MaxRange; most > 0 {
		length = min(length, most)
	}
	return closedRange(in, length, s.now())
}

const (
	// usualSteps is about how many steps there are where none is asked for:
	// what a chart can show.
	usualSteps = 100
	// shortestStep is short enough for anything that agents do.
	shortestStep = time.Millisecond
)

// roundSteps are the lengths that people like to read, ascending.
var roundSteps = [...]time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// roundStep returns the shortest of roundSteps that divides a range into at most
// usualSteps steps, or fewer where a limit (0 for none) allows no more points.
func roundStep(length, maxPoints int64) time.Duration {
	most := int64(usualSteps)
	if maxPoints > 0 {
		most = min(most, maxPoints)
	}
	for _, step := range roundSteps {
		if length/int64(step) < most {
			return step
		}
	}
	return max(roundSteps[len(roundSteps)-1], time.Duration(length/most+1))
}
