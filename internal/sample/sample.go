package sample

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/agenttrace/agenttrace/internal/model"
)

// Options says what traces to make. The zero value is a good mixture.
type Options struct {
	// Seed decides everything: equal options make equal traces.
	Seed uint64

	// AgentsOnly leaves out teams and workflows.
	AgentsOnly bool

	// Replicas is how many processes each of the three services has; default
	// 2. Those of generators with different seeds are different processes.
	Replicas int

	// FailureRate is the share of traces in which something fails; default
	// 0.1, negative for none.
	FailureRate float64
}

// Generator makes traces, each of 8 to 40 spans of 2 to 3 KB on average.
type Generator struct {
	options  Options
	rand     *rand.Rand
	world    *world
	prose    *prose
	replicas map[*service][][]byte // their Resource messages
	sessions map[string][]session  // by id of who serves them

	arena, attrs []byte // scratch space of one builder after the other
}

// session is a conversation of a user, which several runs belong to.
type session struct {
	id, user string
	runs     int // left
}

// New returns a generator.
func New(o Options) *Generator {
	if o.Replicas <= 0 {
		o.Replicas = 2
	}
	if o.FailureRate == 0 {
		o.FailureRate = 0.1
	}
	g := &Generator{
		options:  o,
		rand:     rand.New(rand.NewPCG(o.Seed, 0x6167656e74)),
		world:    newWorld(),
		prose:    newProse(),
		replicas: map[*service][][]byte{},
		sessions: map[string][]session{},
	}
	for _, a := range g.world.agents {
		if g.replicas[a.service] == nil {
			g.replicas[a.service] = g.resources(a.service)
		}
	}
	return g
}

// resources describes the replicas of a service. The last of several is for
// staging.
func (g *Generator) resources(s *service) [][]byte {
	resources := make([][]byte, g.options.Replicas)
	for i := range resources {
		environment := "production"
		if i > 0 && i == len(resources)-1 {
			environment = "staging"
		}
		var r []byte
		for _, kv := range [][2]string{
			{"telemetry.sdk.language", "python"},
			{"telemetry.sdk.name", "opentelemetry"},
			{"telemetry.sdk.version", "1.39.0"},
			{"service.name", s.name},
			{"service.instance.id", g.uuid()},
			{"deployment.environment.name", environment},
			{"openinference.project.name", s.name},
		} {
			r = appendText(r, attributesOfResource, kv[0], kv[1])
		}
		resources[i] = r
	}
	return resources
}

// Trace makes the next trace, which starts at the given time.
func (g *Generator) Trace(start time.Time) Trace {
	w, kind := g.world, 0
	if !g.options.AgentsOnly {
		kind = g.rand.IntN(20)
	}
	switch {
	case kind < 8:
		a := w.agents[g.rand.IntN(len(w.agents))]
		b := g.begin(a.service, a.id)
		b.runAgent(task{agent: a, input: g.question(), at: start.UnixNano(), rounds: g.rounds(2, 6, 8)})
		return b.finish()
	case kind < 14:
		t := w.teams[g.rand.IntN(len(w.teams))]
		b := g.begin(t.leader.service, t.leader.id)
		b.runAgent(task{agent: t.leader, team: t, input: g.question(), at: start.UnixNano(), rounds: g.delegations()})
		return b.finish()
	default:
		f := w.workflows[g.rand.IntN(len(w.workflows))]
		b := g.begin(f.service, f.id)
		b.runWorkflow(f, g.question(), start.UnixNano(), 0)
		return b.finish()
	}
}

// LargeTrace makes a trace of at least the given number of spans, and few more:
// a workflow that would not stop drafting.
func (g *Generator) LargeTrace(start time.Time, spans int) Trace {
	f := g.world.workflows[0]
	b := g.begin(f.service, f.id)
	b.runWorkflow(f, g.question(), start.UnixNano(), spans)
	return b.finish()
}

// begin chooses the process, the session and the fate of the next trace.
func (g *Generator) begin(s *service, server string) *builder {
	b := &builder{
		Generator: g,
		arena:     g.arena[:0],
		attrs:     g.attrs[:0],
		dual:      s.dual,
		session:   g.nextSession(server),
		style:     style{async: g.rand.IntN(3) == 0, stream: g.rand.IntN(4) == 0},
	}
	binary.BigEndian.PutUint64(b.trace.ID[:8], g.rand.Uint64())
	binary.BigEndian.PutUint64(b.trace.ID[8:], g.rand.Uint64()|1) // never zero
	replicas := g.replicas[s]
	b.trace.Resource = replicas[g.rand.IntN(len(replicas))]
	if g.rand.Float64() < g.options.FailureRate {
		b.failure = failures[g.rand.IntN(len(failures))]
	}
	return b
}

// nextSession continues one of the sessions that are open with a server, or
// opens one.
func (g *Generator) nextSession(server string) session {
	open := g.sessions[server]
	i := g.rand.IntN(4)
	if i >= len(open) {
		i = len(open)
		open = append(open, session{id: g.uuid(), user: users[g.rand.IntN(len(users))], runs: 1 + g.rand.IntN(6)})
	}
	s := open[i]
	if open[i].runs--; open[i].runs == 0 {
		open = append(open[:i], open[i+1:]...)
	}
	g.sessions[server] = open
	return s
}

// users are who asks; the empty one did not say who they are.
var users = [...]string{"amara", "bjorn", "chiara", "dmitri", "elena", "farid", "greta", "hugo", "ines", "jonas", "keiko", ""}

// question is what a user asks.
func (g *Generator) question() string {
	return g.prose.text(g.rand, 1+g.rand.IntN(3)) + " What should we do about it?"
}

// rounds plans an agent's run: how many tools each of its model calls asks
// for, but the last one. It plans so many calls of models, and at least the
// given number of spans in all.
func (g *Generator) rounds(fewest, most, spans int) []int {
	rounds := make([]int, fewest-1+g.rand.IntN(most-fewest+1))
	total := 1 + len(rounds) + 1
	for i := range rounds {
		rounds[i] = 1 + g.rand.IntN(2)
		total += rounds[i]
	}
	for ; len(rounds) > 0 && total < spans; total++ {
		rounds[g.rand.IntN(len(rounds))]++
	}
	return rounds
}

// delegations plans a team leader's run the same way: two or three members in
// all, in one round or two.
func (g *Generator) delegations() []int {
	return [...][]int{{2}, {3}, {1, 1}, {1, 2}}[g.rand.IntN(4)]
}

func (g *Generator) between(least, most time.Duration) int64 {
	return int64(least) + g.rand.Int64N(int64(most-least))
}

// uuid returns a random (version 4) UUID.
func (g *Generator) uuid() string {
	a, b := g.rand.Uint64()&^0xf000|0x4000, g.rand.Uint64()&^(3<<62)|1<<63
	id := appendHex(make([]byte, 0, 36), a>>32, 8)
	id = appendHex(append(id, '-'), a>>16, 4)
	id = appendHex(append(id, '-'), a, 4)
	id = appendHex(append(id, '-'), b>>48, 4)
	id = appendHex(append(id, '-'), b, 12)
	return string(id)
}

// appendHex appends the lowest digits of n.
func appendHex(dst []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[n>>(4*i)&15])
	}
	return dst
}

// newSpanID returns a random id that is not zero.
func (g *Generator) newSpanID() model.SpanID {
	return model.SpanIDFromInt64(int64(g.rand.Uint64() | 1))
}
