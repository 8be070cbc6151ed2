package service_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/ingest"
	"github.com/agenttrace/agenttrace/internal/repo"
	"github.com/agenttrace/agenttrace/internal/service"
	"github.com/agenttrace/agenttrace/internal/settle"
)

// inspected is a repo.Inspector that knows what it says.
type inspected struct {
	is  repo.Inspection
	err error
}

func (i inspected) Inspect(context.Context) (repo.Inspection, error) { return i.is, i.err }

// today returns the beginning of a day, seen from that on which test servers live.
func today(days int) int64 {
	return time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC).AddDate(0, 0, days).UnixNano()
}

func (s *server) status(t *testing.T, project string) *pb.GetStatusResponse {
	t.Helper()
	ctx := t.Context()
	if project != "" {
		ctx = inProject(ctx, project)
	}
	client := agenttracev1connect.NewStatusServiceClient(s.h2, s.url, connect.WithGRPC())
	status, err := client.GetStatus(ctx, &pb.GetStatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestStatusTellsEverything(t *testing.T) {
	inspection := repo.Inspection{
		Version: "17.5", Schema: 3, KnownSchema: 4, Partitioned: true,
		Clock:  &repo.ClockReading{Ahead: -3 * time.Second, Within: time.Millisecond},
		Days:   []int64{today(-40), today(-1), today(0), today(1), today(2), today(4)},
		Leases: []repo.HeldLease{{Lease: repo.Lease{Name: "other", Holder: "nobody"}}, {Lease: repo.Lease{Name: settle.LeaseName, Holder: "somebody"}, Until: now.Add(time.Second)}},
		Bytes:  1, FreeBytes: 2, TotalBytes: 3,
	}
	s := newServer(t, func(c *service.Config) {
		c.Status = service.Status{
			Version: "v1.2.3", Commit: "abc", Go: "go1.26", Started: now.Add(-time.Hour), TLS: true,
			Addresses: func() []string { return []string{"127.0.0.1:4317", "127.0.0.1:4318"} },
			Database:  pb.DatabaseKind_DATABASE_KIND_POSTGRES, Inspector: inspected{is: inspection},
			Ingest: func() ingest.Status {
				return ingest.Status{QueueSpans: 1, QueueSpansLimit: 2, QueueBytes: 3, QueueBytesLimit: 4, Stored: 5, Duplicates: 6,
					Rejected: 7, Refused: 8, Failures: 9, LastCommit: now.Add(-time.Minute)}
			},
			Settling: func() settle.Status { return settle.Status{Active: true, Pending: 2, Lag: time.Second} },
			MaxPast:  48 * time.Hour, MaxFuture: time.Hour, Retention: 72 * time.Hour,
		}
	})
	got := s.status(t, "shop")
	if got.GetDatabase().GetPingDuration().AsDuration() <= 0 {
		t.Errorf("the ping took %v", got.GetDatabase().GetPingDuration())
	}
	got.Database.PingDuration = nil
	want := &pb.GetStatusResponse{
		Project: "shop",
		Server: &pb.ServerStatus{
			Version: "v1.2.3", Commit: "abc", GoVersion: "go1.26", Tls: true,
			StartTime: timestamppb.New(now.Add(-time.Hour)), CurrentTime: timestamppb.New(now),
			ListenAddresses: []string{"127.0.0.1:4317", "127.0.0.1:4318"},
		},
		Database: &pb.DatabaseStatus{
			Kind: pb.DatabaseKind_DATABASE_KIND_POSTGRES, Reachable: true, Version: "17.5", SchemaVersion: 3, KnownSchemaVersion: 4,
			ClockAhead: durationpb.New(-3 * time.Second), ClockUncertainty: durationpb.New(time.Millisecond),
			Partitions: &pb.PartitionStatus{
				Days: 6, Today: true, DaysAhead: 2,
				FirstDayTime: timestamppb.New(time.Unix(0, today(-40))), LastDayTime: timestamppb.New(time.Unix(0, today(4))),
			},
			SizeBytes: 1, DiskFreeBytes: 2, DiskTotalBytes: 3,
		},
		Acceptance: &pb.AcceptanceStatus{
			MaxPast: durationpb.New(48 * time.Hour), MaxFuture: durationpb.New(time.Hour), Retention: durationpb.New(72 * time.Hour),
			EarliestStartTime: timestamppb.New(now.Add(-48 * time.Hour)), LatestStartTime: timestamppb.New(now.Add(time.Hour)),
		},
		Ingest: &pb.IngestStatus{QueueSpans: 1, QueueSpansLimit: 2, QueueBytes: 3, QueueBytesLimit: 4, StoredSpans: 5, DuplicateSpans: 6,
			RejectedSpans: 7, RefusedRequests: 8, FailedCommits: 9, LastCommitTime: timestamppb.New(now.Add(-time.Minute))},
		Settling: &pb.SettlingStatus{Active: true, Holder: "somebody", LeaseExpireTime: timestamppb.New(now.Add(time.Second)),
			PendingTraces: 2, Lag: durationpb.New(time.Second)},
	}
	if diff := gocmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("status (- want, + got):\n%s", diff)
	}
}

func TestStatusTellsHowFarPartitionsReach(t *testing.T) {
	for name, c := range map[string]struct {
		days  []int64
		today bool
		ahead int32
	}{
		"none":                       {nil, false, 0},
		"long ago":                   {[]int64{today(-3), today(-2)}, false, 0},
		"up to today":                {[]int64{today(-1), today(0)}, true, 0},
		"today missing":              {[]int64{today(-1), today(1), today(2)}, false, 2},
		"three days ahead":           {[]int64{today(0), today(1), today(2), today(3)}, true, 3},
		"a gap, then more":           {[]int64{today(0), today(1), today(3)}, true, 1},
		"tomorrow missing, not more": {[]int64{today(0), today(2)}, true, 0},
	} {
		s := newServer(t, func(config *service.Config) {
			config.Status.Inspector = inspected{is: repo.Inspection{Partitioned: true, Days: c.days}}
		})
		got := s.status(t, "").GetDatabase().GetPartitions()
		if got.GetDays() != int32(len(c.days)) || got.GetToday() != c.today || got.GetDaysAhead() != c.ahead {
			t.Errorf("%s: %v, want today %t and %d ahead", name, got, c.today, c.ahead)
		}
	}
}

// TestStatusIsAnsweredWithoutTheDatabase has a database that says no, one that
// says so only when it is inspected, and one that does not say anything.
func TestStatusIsAnsweredWithoutTheDatabase(t *testing.T) {
	secret := errors.New("connect to host=db.internal user=admin: refused")
	for name, change := range map[string]func(*service.Config){
		"refuses": func(c *service.Config) { c.Ping = func(context.Context) error { return secret } },
		"refuses later": func(c *service.Config) {
			c.Status.Inspector = inspected{err: secret}
		},
		"hangs": func(c *service.Config) {
			c.Ping = func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, change, func(c *service.Config) { c.Status.Database = pb.DatabaseKind_DATABASE_KIND_POSTGRES })
			got := s.status(t, "")
			want := &pb.DatabaseStatus{Kind: pb.DatabaseKind_DATABASE_KIND_POSTGRES}
			if diff := gocmp.Diff(want, got.GetDatabase(), protocmp.Transform()); diff != "" {
				t.Errorf("database (- want, + got):\n%s", diff)
			}
			if text := protojson.Format(got); strings.Contains(text, "db.internal") || got.GetServer().GetCurrentTime() == nil {
				t.Errorf("status: %s", text)
			}
		})
	}
}
