package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
	"github.com/agenttrace/agenttrace/gen/agenttrace/v1/agenttracev1connect"
	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/price"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// soon makes servers settle as fast as they can, and so that many traces settle
// before they are whole, and again.
var soon = []string{"--settle-after=100ms", "--settle-at-most=300ms"}

// meant is what some traces mean: what a settled server must say of them,
// whatever happened on the way.
type meant struct {
	Traces map[string]string // what is worked out of each, by id
	Runs   map[string]string // by the ids of trace and span
	Usage  map[string]string // by model
}

// meaning works it out from the spans that were sent.
func (all told) meaning(t *testing.T) meant {
	t.Helper()
	prices, err := price.Default()
	if err != nil {
		t.Fatal(err)
	}
	m := meant{Traces: map[string]string{}, Runs: map[string]string{}, Usage: map[string]string{}}
	byModel := map[string]model.Tally{}
	for id, spans := range all.traces {
		of := runs.Of(spans, prices)
		var usage model.Usage
		var cost model.Cost
		for _, part := range of.Parts {
			usage, cost = usage.Plus(part.Usage), cost.Plus(part.Cost)
		}
		m.Traces[id] = fmt.Sprintf("%d runs, %d tokens in, %d out, %d nano", len(of.Runs), usage.Input, usage.Output, cost.Nano)
		for _, run := range of.Runs {
			total := run.Detail.Total
			m.Runs[key(id, run.SpanID.String())] = fmt.Sprintf("failed %v, %d+%d calls, %d tokens in, %d nano, session %s, parent %s", run.Failed,
				total.ModelCalls, total.ToolCalls, total.Usage.Input, total.Cost.Nano, run.Identity.SessionID, parentOf(run))
		}
		for _, bill := range of.Bills {
			if bill.Kind == model.CallsOfModel {
				byModel[bill.Model] = byModel[bill.Model].Plus(model.Tally{ModelCalls: bill.Calls, ModelFailures: bill.Failures, Usage: bill.Usage, Cost: bill.Cost})
			}
		}
	}
	for name, sum := range byModel {
		m.Usage[name] = usageLine(sum.ModelCalls, sum.ModelFailures, sum.Usage.Sum(), sum.Cost.Nano, sum.Cost.UnpricedCalls)
	}
	return m
}

func parentOf(run *model.Run) string {
	if run.Detail.ParentSpanID.IsZero() {
		return ""
	}
	return run.Detail.ParentSpanID.String()
}

func usageLine(calls, failures, tokens, nano, unpriced int64) string {
	return fmt.Sprintf("%d calls, %d failed, %d tokens, %d nano, %d unpriced", calls, failures, tokens, nano, unpriced)
}

// settled waits until a server says that all of these traces have settled.
func (all told) settled(t *testing.T, s *server) {
	t.Helper()
	await(t, "all traces settle", func() bool {
		traces := listTraces(t, reader(t, s, "default"), 1000)
		return len(traces) == len(all.traces) && !slices.ContainsFunc(traces, func(trace *agenttracev1.Trace) bool { return !trace.GetSettled() })
	})
}

// mustMean holds what a server says to what the traces mean.
func (all told) mustMean(t *testing.T, s *server) {
	t.Helper()
	all.settled(t, s)
	got := meant{Traces: map[string]string{}, Runs: map[string]string{}, Usage: map[string]string{}}
	for _, trace := range listTraces(t, reader(t, s, "default"), 1000) {
		got.Traces[trace.GetTraceId()] = fmt.Sprintf("%d runs, %d tokens in, %d out, %d nano", trace.GetRunCount(),
			trace.GetUsage().GetInputTokens(), trace.GetUsage().GetOutputTokens(), trace.GetCost().GetNanoUsd())
	}
	for _, run := range listRuns(t, s) {
		k := key(run.GetTraceId(), run.GetSpanId())
		if got.Runs[k] != "" {
			t.Errorf("run %s is listed twice", k)
		}
		total := run.GetTotal()
		got.Runs[k] = fmt.Sprintf("failed %v, %d+%d calls, %d tokens in, %d nano, session %s, parent %s", run.GetFailed(), total.GetModelCalls(),
			total.GetToolCalls(), total.GetUsage().GetInputTokens(), total.GetCost().GetNanoUsd(), run.GetIdentity().GetSessionId(), run.GetParentSpanId())
		if !run.GetSettled() {
			t.Errorf("run %s of a settled trace has not settled", k)
		}
	}
	for _, row := range usageByModel(t, s).GetRows() {
		if row.GetModelCalls().GetCalls() == 0 && row.GetUsage().GetTotalTokens() == 0 {
			continue // calls of tools
		}
		got.Usage[row.GetLabels()[0].GetValue()] = usageLine(row.GetModelCalls().GetCalls(), row.GetModelCalls().GetFailures(),
			row.GetUsage().GetTotalTokens(), row.GetCost().GetNanoUsd(), row.GetCost().GetUnpricedCalls())
	}
	if diff := gocmp.Diff(all.meaning(t), got); diff != "" {
		t.Errorf("what settled is not what was sent (-want +got):\n%s", diff)
	}
}

func listRuns(t *testing.T, s *server) (all []*agenttracev1.Run) {
	t.Helper()
	client := agenttracev1connect.NewRunServiceClient(newClient(t), s.url())
	req := &agenttracev1.ListRunsRequest{PageSize: 37}
	for {
		page, err := client.ListRuns(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.GetRuns()...)
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

func usageByModel(t *testing.T, s *server) *agenttracev1.QueryUsageResponse {
	t.Helper()
	usage, err := agenttracev1connect.NewUsageServiceClient(newClient(t), s.url()).QueryUsage(t.Context(), &agenttracev1.QueryUsageRequest{
		GroupBy: []agenttracev1.UsageField{agenttracev1.UsageField_USAGE_FIELD_MODEL}, PageSize: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return usage
}

// deliver sends a request until a server has it.
func deliver(t *testing.T, client *http.Client, s *server, body []byte) {
	t.Helper()
	await(t, "a request is acknowledged", func() bool {
		return exportGRPC(t.Context(), client, s.url(), "default", body).acknowledged
	})
}

// TestCrashSettling kills the server at moments when it reads, works out and
// stores what whole traces mean.
func TestCrashSettling(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		random := rand.New(rand.NewPCG(seed(t), 3))
		all := tell(t, 120)
		s := startServer(t, append(soon, "--store="+store)...)
		client := newClient(t)
		kills := crashes(t)
		for i, body := range all.bodies {
			deliver(t, client, s, body)
			if i*kills/len(all.bodies) != (i+1)*kills/len(all.bodies) {
				// Not a wait for something: chance itself.
				<-time.After(time.Duration(random.IntN(500)) * time.Millisecond)
				s.kill()
				s.check()
				s.start()
			}
		}
		for range kills {
			<-time.After(time.Duration(random.IntN(500)) * time.Millisecond)
			s.kill()
			s.check()
			s.start()
		}
		all.mustMean(t, s)
		s.stop()
	})
}

// TestAnotherServerSettlesWhenTheOneThatDidIsKilled sends to two servers on one
// database and kills, again and again, the one that settles.
func TestAnotherServerSettlesWhenTheOneThatDidIsKilled(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		all := tell(t, 80)
		servers := []*server{startServer(t, append(soon, "--store="+store)...), startServer(t, append(soon, "--store="+store)...)}
		client := newClient(t)
		for half := range slices.Chunk(all.bodies, len(all.bodies)/2+1) {
			for i, body := range half {
				deliver(t, client, servers[i%2], body)
			}
			holder := holderOf(t, servers)
			holder.kill()
			holder.check()
			other := servers[0]
			if holder == other {
				other = servers[1]
			}
			await(t, "the other server settles", func() bool { return metric(t, other, "agenttrace_settle_lease_held") == 1 })
			holder.start()
		}
		all.mustMean(t, servers[0])
		all.mustMean(t, servers[1])
		for _, s := range servers {
			s.stop()
		}
	})
}

// holderOf waits until one of the servers settles, and demands that no other does.
func holderOf(t *testing.T, servers []*server) (holder *server) {
	t.Helper()
	await(t, "a server settles", func() bool {
		holder = nil
		for _, s := range servers {
			if metric(t, s, "agenttrace_settle_lease_held") != 1 {
				continue
			}
			if holder != nil {
				t.Fatal("two servers say that they settle")
			}
			holder = s
		}
		return holder != nil
	})
	return holder
}

// metric reads one number without labels; -1 where there is none.
func metric(t *testing.T, s *server, name string) float64 {
	t.Helper()
	res, err := newClient(t).Get(s.url() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %s, %v", res.Status, err)
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

// TestRepricingTakesNewPricesOnce stops a server and computes its costs again.
func TestRepricingTakesNewPricesOnce(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		all := tell(t, 40)
		s := startServer(t, append(soon, "--store="+store)...)
		all.send(t, s)
		all.settled(t, s)
		before := usageByModel(t, s).GetTotal().GetCost().GetNanoUsd()
		s.stop()

		prices := filepath.Join(t.TempDir(), "prices.json")
		if err := os.WriteFile(prices, []byte(expensive), 0o600); err != nil {
			t.Fatal(err)
		}
		first, second := repriced(t, store, prices), repriced(t, store, prices)
		if !changedSome.MatchString(first) || !changedNone.MatchString(second) {
			t.Errorf("repricing says\n%s\nthe second time\n%s", first, second)
		}
		s.start()
		after := usageByModel(t, s).GetTotal()
		tokens := after.GetUsage().GetTotalTokens()
		if got := after.GetCost().GetNanoUsd(); got != tokens*(model.NanosPerDollar/1000) || got == before {
			t.Errorf("%d tokens cost %d nano at a dollar for 1,000, before %d", tokens, got, before)
		}
		s.stop()
	})
}

// expensive is a dollar for a thousand tokens of whatever kind and model.
const expensive = `{"models": [{"model": {"regex": ".*"}, "prices": [{"input": 1000, "output": 1000}]}]}`

var (
	changedSome = regexp.MustCompile(`(?m)^40 traces of project default, [1-9]\d* of them cost something else now`)
	changedNone = regexp.MustCompile(`(?m)^40 traces of project default, 0 of them cost something else now`)
)

func repriced(t *testing.T, store, prices string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), serverBinary, "reprice", "--store="+store, "--prices="+prices, "--reprice-from=2h")
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("reprice: %v\n%s", err, out)
	}
	return string(out)
}
