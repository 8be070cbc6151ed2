package runs_test

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/runs"
)

// printer writes down what was derived, for people to read: the runs as they
// nest, each with what it says, and what belongs to none.
type printer struct {
	*runs.Derived
	strings.Builder
	times bool // write down where the time went, too
	uuids map[string]string
}

// show writes down what is true of a trace however long things took.
func show(d *runs.Derived) string { return write(d, false) }

// showAll writes down everything.
func showAll(d *runs.Derived) string {
	var text strings.Builder
	text.WriteString(write(d, true))
	for _, b := range d.Bills {
		fmt.Fprintf(&text, "bill: %s\n", bill(&b))
	}
	return text.String()
}

func write(d *runs.Derived, times bool) string {
	p := &printer{Derived: d, times: times, uuids: map[string]string{}}
	for _, run := range d.Runs {
		if run.Detail.ParentSpanID.IsZero() {
			p.run(run, 0)
		}
	}
	for i, s := range d.Spans {
		if d.Owner(i) < 0 {
			fmt.Fprintf(p, "without a run: %s %s%s\n", s.Type, s.Name, mark(s.Failed, ", failed"))
		}
	}
	return p.String()
}

// run writes a run and those below it.
func (p *printer) run(r *model.Run, depth int) {
	line := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if text != "" {
			fmt.Fprintf(p, "%s%s\n", strings.Repeat("    ", depth), text)
		}
	}
	detail := &r.Detail
	line("%s %s, %s%s%s", r.Type, r.Name, statuses[r.Status], mark(detail.Detached, ", detached"), mark(r.Failed, ", failed"))
	line("  %s", p.who(r))
	if e := detail.Error; e != nil {
		line("  error: %s at %s", cmp.Or(e.Type, "no type"), strings.Join(e.Path, " > "))
	}
	line("  own: %s", tally(r.Own))
	if detail.Children > 0 {
		line("  with %s: %s", plural(detail.Children, "child run"), tally(detail.Total))
	}
	for _, kind := range []struct {
		name  string
		calls []model.NameCount
	}{{"models", detail.Models}, {"tools", detail.Tools}} {
		var called []string
		for _, c := range kind.calls {
			called = append(called, fmt.Sprintf("%s %d", c.Name, c.Calls))
		}
		if len(called) > 0 {
			line("  %s: %s", kind.name, strings.Join(called, ", "))
		}
	}
	if p.times {
		line("  time: %s", split(detail.Time))
	}
	for _, s := range detail.Steps {
		line("  step: %s %s%s", s.Type, s.Name, mark(s.Failed, ", failed"))
	}
	for _, child := range p.Runs {
		if child.Detail.ParentSpanID == r.SpanID && child != r {
			p.run(child, depth+1)
		}
	}
}

var statuses = map[model.StatusCode]string{model.StatusUnset: "status unset", model.StatusOK: "status OK", model.StatusError: "status ERROR"}

// who says on whose behalf a run ran.
func (p *printer) who(r *model.Run) string {
	w := r.Identity
	var all []string
	for _, f := range []struct{ name, id, full string }{
		{"agent", w.AgentID, w.AgentName}, {"team", w.TeamID, w.TeamName}, {"workflow", w.WorkflowID, w.WorkflowName},
		{"session", w.SessionID, ""}, {"user", w.UserID, ""}, {"run", w.RunID, ""}, {"root run", r.Detail.RootRunID, ""},
	} {
		if f.id == "" && f.full == "" || f.name == "root run" && r.Detail.RootSpanID == r.SpanID {
			continue
		}
		text := f.name
		if f.id != "" {
			text += " " + p.short(f.id)
		}
		if f.full != "" {
			text += fmt.Sprintf(" (%s)", f.full)
		}
		all = append(all, text)
	}
	return cmp.Or(strings.Join(all, ", "), "nobody")
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// short numbers random ids in the order in which they come.
func (p *printer) short(id string) string {
	if !uuid.MatchString(id) {
		return id
	}
	if p.uuids[id] == "" {
		p.uuids[id] = fmt.Sprintf("#%d", len(p.uuids)+1)
	}
	return p.uuids[id]
}

func tally(t model.Tally) string {
	all := []string{plural(t.Spans, "span")}
	for _, c := range []struct {
		n, failed int64
		name      string
	}{{t.ModelCalls, t.ModelFailures, "model call"}, {t.ToolCalls, t.ToolFailures, "tool call"}} {
		if c.n > 0 {
			all = append(all, plural(c.n, c.name)+mark(c.failed > 0, fmt.Sprintf(" (%d failed)", c.failed)))
		}
	}
	if t.Retries > 0 {
		all = append(all, fmt.Sprintf("retries %d", t.Retries))
	}
	return strings.Join(append(all, usage(t.Usage)+money(t.Cost)), ", ")
}

func usage(u model.Usage) string {
	var all []string
	for _, bucket := range []struct {
		n    int64
		name string
	}{
		{u.Input, "in"}, {u.CacheRead, "cached"}, {u.CacheWrite, "written"}, {u.Output, "out"}, {u.Reasoning, "reasoning"},
		{u.AudioInput, "audio in"}, {u.AudioOutput, "audio out"},
	} {
		if bucket.n != 0 {
			all = append(all, fmt.Sprintf("%d %s", bucket.n, bucket.name))
		}
	}
	return "tokens " + cmp.Or(strings.Join(all, " + "), "0")
}

func money(c model.Cost) string {
	text := ""
	if c.Nano > 0 {
		text = fmt.Sprintf(", cost %d", c.Nano)
	}
	for _, calls := range []struct {
		n    int64
		name string
	}{{c.ReportedCalls, "reported"}, {c.ComputedCalls, "computed"}, {c.UnpricedCalls, "unpriced"}} {
		if calls.n > 0 {
			text += fmt.Sprintf(", %s %d", calls.name, calls.n)
		}
	}
	return text
}

// split says where a run's time went, in milliseconds.
func split(t model.TimeSplit) string {
	return fmt.Sprintf("child %d, model %d, tool %d, own %d", t.Child/1e6, t.Model/1e6, t.Tool/1e6, t.Own/1e6)
}

// bill says whose calls a bill sums up, and what it says of them.
func bill(b *model.Bill) string {
	var whose []string
	for _, f := range []struct{ name, value string }{
		{"agent", b.Agent}, {"team", b.Team}, {"workflow", b.Workflow}, {"session", b.Session}, {"user", b.User}, {"run", b.Run},
		{"model", b.Model}, {"provider", b.Provider}, {"tool", b.Tool}, {"service", b.Service}, {"environment", b.Environment},
	} {
		if f.value != "" {
			whose = append(whose, f.name+" "+f.value)
		}
	}
	kind := map[model.CallKind]string{model.CallsOfModel: "model call", model.CallsOfTool: "tool call"}[b.Kind]
	return fmt.Sprintf("%s, %s: %s%s, %s%s", time.Unix(0, b.StartNano).UTC().Format("15:04:05.000"), strings.Join(whose, ", "),
		plural(b.Calls, kind), mark(b.Failures > 0, fmt.Sprintf(" (%d failed)", b.Failures)), usage(b.Usage), money(b.Cost))
}

func plural(n int64, name string) string { return fmt.Sprintf("%d %s%s", n, name, mark(n != 1, "s")) }

func mark(is bool, text string) string {
	if is {
		return text
	}
	return ""
}
