package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"strings"

	"github.com/agenttrace/agenttrace/internal/model"
	"github.com/agenttrace/agenttrace/internal/repo"
)

// Bills reads the bills and sums them up here: SQLite would sort them all to
// group them, which takes three times as long.
func (s *Store) Bills(ctx context.Context, project string, q repo.BillQuery) ([]repo.BillSum, error) {
	b := newBilling(&q)
	err := s.read(ctx, "sum up bills", func(db *sql.DB) error {
		query, args := billTexts(project, &q)
		return readRows(ctx, db, query, args, b.add)
	})
	if err != nil {
		return nil, err
	}
	return b.result(), nil
}

// end stands behind each label of a bill and behind the bill. No label has it:
// what is narrow has none.
const (
	end    = "\x00"
	endSQL = `char(0)`
)

// billTexts returns the query for the bills that q selects. Each row is an hour,
// and the bills of a trace in that hour as one text: a row for each would take
// longer than what there is to be read. Grouped as they lie, they are not sorted.
func billTexts(project string, q *repo.BillQuery) (query string, args []any) {
	bill := `numbers || coalesce(latencies, '')`
	for i := len(q.By) - 1; i >= 0; i-- {
		if column := billColumn(q.By[i]); column != "" {
			bill = `coalesce(` + column + `, '') || ` + endSQL + ` || ` + bill
		}
	}
	var c conditions
	c.add(`project = ?`, project)
	if q.Start.Start != 0 {
		c.add(`hour >= ?`, model.Hour(q.Start.Start)/model.NanosPerHour)
	}
	if q.Start.End != 0 {
		c.add(`hour <= ?`, model.Hour(q.Start.End)/model.NanosPerHour)
	}
	c.addRange(q.Start)
	for _, f := range [...]struct{ term, value string }{
		{`agent = ?`, q.Agent}, {`team = ?`, q.Team}, {`workflow = ?`, q.Workflow},
		{`session_id = ?`, q.Session}, {`user_id = ?`, q.User}, {`run_id = ?`, q.Run},
		{`model = ?`, q.Model}, {`provider = ?`, q.Provider}, {`tool_name = ?`, q.Tool},
		{`service = ?`, q.Service}, {`environment = ?`, q.Environment},
	} {
		c.addText(f.term, f.value)
	}
	return `SELECT hour, group_concat(` + bill + `, ` + endSQL + `) FROM bills WHERE ` + c.String() + ` GROUP BY hour, trace_id`, c.args
}

// billColumn names the column of a field, "" for one of time.
func billColumn(f repo.BillField) string {
	columns := [...]string{
		repo.ByAgent: `agent`, repo.ByTeam: `team`, repo.ByWorkflow: `workflow`, repo.BySession: `session_id`, repo.ByUser: `user_id`,
		repo.ByRun: `run_id`, repo.ByModel: `model`, repo.ByProvider: `provider`, repo.ByTool: `tool_name`, repo.ByService: `service`,
		repo.ByEnvironment: `environment`,
	}
	if int(f) < len(columns) {
		return columns[f]
	}
	return ""
}

// billing sums bills up.
type billing struct {
	asked   *repo.BillQuery
	columns []string // of asked.By, "" for those of time
	sums    map[string]*billSum
	key     []byte // of the sum at hand
	numbers billNumbers
}

// billSum is a sum that is still growing: one bill of each kind.
type billSum struct {
	repo.BillSum
	kinds     [2]model.Bill
	latencies [2][]byte
}

func newBilling(q *repo.BillQuery) *billing {
	b := &billing{asked: q, sums: make(map[string]*billSum)}
	for _, by := range q.By {
		b.columns = append(b.columns, billColumn(by))
	}
	return b
}

// add adds a row of billTexts.
func (b *billing) add(r *row) error {
	hour, text := r.int()*model.NanosPerHour, r.text()
	if r.err != nil {
		return r.err
	}
	time := b.timeOf(hour)
	for more := true; more; {
		labels := text
		var err error
		if text, err = b.findSum(time, text); err != nil {
			return err
		}
		s, err := b.sum(time, labels)
		if err != nil {
			return err
		}
		var latencies string
		if latencies, err = b.numbers.parse(text); err != nil {
			return err
		}
		latencies, text, more = strings.Cut(latencies, end)
		kind := 0
		if model.CallKind(b.numbers[0]) == model.CallsOfTool {
			kind = 1
		}
		b.numbers.addTo(&s.kinds[kind])
		s.latencies[kind] = append(s.latencies[kind], latencies...)
	}
	return nil
}

// timeOf returns what of an hour tells sums apart.
func (b *billing) timeOf(hour int64) (time int64) {
	for _, by := range b.asked.By {
		switch by {
		case repo.ByHour:
			return hour
		case repo.ByDay:
			time = model.Day(hour)
		}
	}
	return time
}

// findSum makes the key of the sum that a bill belongs to from the labels at the
// beginning of its text, and returns what comes behind them.
func (b *billing) findSum(time int64, text string) (rest string, err error) {
	b.key, rest = binary.AppendVarint(b.key[:0], time), text
	for _, column := range b.columns {
		if column == "" {
			continue
		}
		_, behind, found := strings.Cut(rest, end)
		if !found {
			return "", errNumbers
		}
		rest = behind
	}
	b.key = append(b.key, text[:len(text)-len(rest)]...)
	return rest, nil
}

// sum finds or makes the sum for the key at hand.
func (b *billing) sum(time int64, labels string) (*billSum, error) {
	if s, ok := b.sums[string(b.key)]; ok {
		return s, nil
	}
	if len(b.sums) >= b.asked.MaxSums {
		return nil, repo.ErrTooMany
	}
	s := &billSum{BillSum: repo.BillSum{Labels: make([]string, len(b.columns)), Time: time}}
	for i, column := range b.columns {
		if column != "" {
			label, rest, _ := strings.Cut(labels, end)
			s.Labels[i], labels = strings.Clone(label), rest
		}
	}
	b.sums[string(b.key)] = s
	return s, nil
}

func (b *billing) result() []repo.BillSum {
	sums := make([]repo.BillSum, 0, len(b.sums))
	for _, s := range b.sums {
		for i, kind := range [...]model.CallKind{model.CallsOfModel, model.CallsOfTool} {
			s.kinds[i].Kind, s.kinds[i].Latencies = kind, string(s.latencies[i])
			s.Add(&s.kinds[i])
		}
		sums = append(sums, s.BillSum)
	}
	return sums
}
