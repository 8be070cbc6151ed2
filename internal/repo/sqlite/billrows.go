package sqlite

import (
	"database/sql/driver"
	"errors"
	"strconv"

	"github.com/agenttrace/agenttrace/internal/model"
)

const (
	billColumns = `project, hour, trace_id, place, start_ns, numbers, latencies, ` +
		`agent, team, workflow, session_id, user_id, run_id, model, provider, tool_name, service, environment`

	insertBill = `INSERT INTO bills (` + billColumns + `) VALUES (` + tenMarks + `?, ?, ?, ?, ?, ?, ?, ?)`

	deleteBillsOfTrace = `DELETE FROM bills INDEXED BY bills_trace WHERE project = ? AND trace_id = ?`
)

// billArgs returns the arguments of insertBill.
func billArgs(b *model.Bill, place int64) []driver.NamedValue {
	numbers := numbersOf(b)
	return args(
		b.Project, b.StartNano/model.NanosPerHour, b.TraceID[:], place, b.StartNano, numbers.String(), text(b.Latencies),
		text(b.Agent), text(b.Team), text(b.Workflow), text(b.Session), text(b.User), text(b.Run),
		text(b.Model), text(b.Provider), text(b.Tool), text(b.Service), text(b.Environment),
	)
}

// billNumbers are the numbers of a bill, in the order in which they are stored.
type billNumbers [18]int64

func numbersOf(b *model.Bill) billNumbers {
	u, c := &b.Usage, &b.Cost
	return billNumbers{
		int64(b.Kind), b.Calls, b.Failures, b.Nanos,
		u.Input, u.CacheRead, u.CacheWrite, u.Output, u.Reasoning, u.AudioInput, u.AudioOutput, u.Total,
		c.Nano, c.Reported, c.Computed, c.ReportedCalls, c.ComputedCalls, c.UnpricedCalls,
	}
}

// addTo adds the numbers to a bill of the same kind.
func (n *billNumbers) addTo(b *model.Bill) {
	b.Calls, b.Failures, b.Nanos = model.Sum(b.Calls, n[1]), model.Sum(b.Failures, n[2]), model.Sum(b.Nanos, n[3])
	b.Usage = b.Usage.Plus(model.Usage{
		Input: n[4], CacheRead: n[5], CacheWrite: n[6], Output: n[7], Reasoning: n[8], AudioInput: n[9], AudioOutput: n[10], Total: n[11],
	})
	b.Cost = b.Cost.Plus(model.Cost{
		Nano: n[12], Reported: n[13], Computed: n[14], ReportedCalls: n[15], ComputedCalls: n[16], UnpricedCalls: n[17],
	})
}

// String writes a JSON array, without the zeros at its end.
func (n *billNumbers) String() string {
	last := len(n)
	for last > 1 && n[last-1] == 0 {
		last--
	}
	out := []byte{'['}
	for i, v := range n[:last] {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendInt(out, v, 10)
	}
	return string(append(out, ']'))
}

var errNumbers = errors.New("numbers of a bill are damaged")

// parse reads what String has written at the beginning of a text, and returns
// what comes behind.
func (n *billNumbers) parse(text string) (rest string, err error) {
	*n = billNumbers{}
	if text == "" || text[0] != '[' {
		return "", errNumbers
	}
	for i := range n {
		number, ok := int64(0), false
		if number, text, ok = leadingNumber(text[1:]); !ok || text == "" {
			return "", errNumbers
		}
		n[i] = number
		switch text[0] {
		case ',':
		case ']':
			return text[1:], nil
		default:
			return "", errNumbers
		}
	}
	return "", errNumbers
}

// shortNumber is how many digits always fit into 64 bits.
const shortNumber = 18

// leadingNumber reads the number at the beginning of a text: strconv wants to
// know first where it ends, which takes longer than reading it.
func leadingNumber(text string) (n int64, rest string, ok bool) {
	length := 0
	if text != "" && text[0] == '-' {
		length = 1
	}
	digits := length
	for ; length < len(text) && '0' <= text[length] && text[length] <= '9'; length++ {
		n = n*10 + int64(text[length]-'0')
	}
	switch {
	case length == digits:
		return 0, text, false
	case length-digits > shortNumber:
		n, err := strconv.ParseInt(text[:length], 10, 64)
		return n, text[length:], err == nil
	case digits == 1:
		n = -n
	}
	return n, text[length:], true
}
