package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service/tenant"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// Status is what GetStatus tells of the process around the handler. The zero value
// of each field is "not known". The functions may be called at any time.
type Status struct {
	Version, Commit, Go string
	Started             time.Time
	Addresses           func() []string // on which the server listens
	TLS                 bool
	Database            pb.DatabaseKind
	Inspector           repo.Inspector
	Ingest              func() ingest.Status
	Settling            func() settle.Status
	// MaxPast and MaxFuture are those of the pipeline; 0 where any time is right.
	MaxPast, MaxFuture time.Duration
	Retention          time.Duration // 0 for ever
}

// statusService implements agenttrace.v1.StatusService. It keeps nothing between
// calls and may be used from any number of goroutines.
type statusService struct {
	about Status
	ping  func(context.Context) error
	now   func() time.Time
}

var _ agenttracev1connect.StatusServiceHandler = (*statusService)(nil)

func newStatusService(c Config) *statusService {
	return &statusService{about: c.Status, ping: c.Ping, now: c.Now}
}

// GetStatus gathers what there is to tell.
func (s *statusService) GetStatus(ctx context.Context, _ *pb.GetStatusRequest) (*pb.GetStatusResponse, error) {
	database, leases := s.database(ctx)
	now := s.now()
	return &pb.GetStatusResponse{
		Server:     s.server(now),
		Database:   database,
		Acceptance: s.acceptance(now),
		Ingest:     s.ingest(),
		Settling:   s.settling(leases),
		Project:    tenant.Project(ctx),
	}, nil
}

func (s *statusService) server(now time.Time) *pb.ServerStatus {
	status := &pb.ServerStatus{
		Version: s.about.Version, Commit: s.about.Commit, GoVersion: s.about.Go,
		StartTime: timeOrNil(s.about.Started), CurrentTime: timestamppb.New(now), Tls: s.about.TLS,
	}
	if s.about.Addresses != nil {
		status.ListenAddresses = s.about.Addresses()
	}
	return status
}

// database asks the database how it is, for as long as a probe would: that it does
// not answer is an answer.
func (s *statusService) database(ctx context.Context) (*pb.DatabaseStatus, []repo.HeldLease) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	status := &pb.DatabaseStatus{Kind: s.about.Database}
	began := time.Now() // not the injected clock: this is a length, not a date
	if s.ping(ctx) != nil {
		return status, nil
	}
	took := time.Since(began)
	if s.about.Inspector == nil {
		status.Reachable, status.PingDuration = true, durationpb.New(took)
		return status, nil
	}
	in, err := s.about.Inspector.Inspect(ctx)
	if err != nil {
		return status, nil
	}
	status.Reachable, status.PingDuration = true, durationpb.New(took)
	s.describe(status, &in)
	return status, in.Leases
}

func (s *statusService) describe(status *pb.DatabaseStatus, in *repo.Inspection) {
	status.Version = in.Version
	status.SchemaVersion, status.KnownSchemaVersion = in.Schema, in.KnownSchema
	status.SizeBytes, status.DiskFreeBytes, status.DiskTotalBytes = in.Bytes, in.FreeBytes, in.TotalBytes
	if in.Clock != nil {
		status.ClockAhead, status.ClockUncertainty = durationpb.New(in.Clock.Ahead), durationpb.New(in.Clock.Within)
	}
	if in.Partitioned {
		status.Partitions = partitions(in.Days, model.Day(s.now().UnixNano()))
	}
}

// partitions describes the days that have partitions, seen from today.
func partitions(days []int64, today int64) *pb.PartitionStatus {
	status := &pb.PartitionStatus{Days: int32(len(days))}
	if len(days) == 0 {
		return status
	}
	status.FirstDayTime = timestamppb.New(time.Unix(0, days[0]))
	status.LastDayTime = timestamppb.New(time.Unix(0, days[len(days)-1]))
	next := today + model.NanosPerDay
	for _, day := range days {
		switch day {
		case today:
			status.Today = true
		case next:
			status.DaysAhead++
			next += model.NanosPerDay
		}
	}
	return status
}

func (s *statusService) acceptance(now time.Time) *pb.AcceptanceStatus {
	status := &pb.AcceptanceStatus{
		MaxPast: lengthOrNil(s.about.MaxPast), MaxFuture: lengthOrNil(s.about.MaxFuture), Retention: lengthOrNil(s.about.Retention),
	}
	if s.about.MaxPast > 0 {
		status.EarliestStartTime = timestamppb.New(now.Add(-s.about.MaxPast))
	}
	if s.about.MaxFuture > 0 {
		status.LatestStartTime = timestamppb.New(now.Add(s.about.MaxFuture))
	}
	return status
}

func (s *statusService) ingest() *pb.IngestStatus {
	if s.about.Ingest == nil {
		return nil
	}
	in := s.about.Ingest()
	return &pb.IngestStatus{
		QueueSpans: int64(in.QueueSpans), QueueSpansLimit: int64(in.QueueSpansLimit),
		QueueBytes: int64(in.QueueBytes), QueueBytesLimit: int64(in.QueueBytesLimit),
		StoredSpans: in.Stored, DuplicateSpans: in.Duplicates, RejectedSpans: in.Rejected,
		RefusedRequests: in.Refused, FailedCommits: in.Failures,
		LastCommitTime: timeOrNil(in.LastCommit), LastFailureTime: timeOrNil(in.LastFailure),
	}
}

func (s *statusService) settling(leases []repo.HeldLease) *pb.SettlingStatus {
	if s.about.Settling == nil {
		return nil
	}
	own := s.about.Settling()
	status := &pb.SettlingStatus{Active: own.Active, PendingTraces: int64(own.Pending)}
	if own.Active {
		status.Lag = durationpb.New(own.Lag)
	}
	for _, lease := range leases {
		if lease.Name == settle.LeaseName {
			status.Holder, status.LeaseExpireTime = lease.Holder, timestamppb.New(lease.Until)
		}
	}
	return status
}

func timeOrNil(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func lengthOrNil(d time.Duration) *durationpb.Duration {
	if d <= 0 {
		return nil
	}
	return durationpb.New(d)
}
