package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agenttrace/agenttrace/internal/repo"
)

// place is what a cursor of the change log says: all that the snapshot from
// shows has been read. While pages are left, to is the snapshot up to which they
// go, and x and part are the last entry of the page before.
type place struct {
	from, to string
	x        int64
	part     int
	// trims is how often the log had been trimmed when the first page was read.
	trims int64
}

// nothing is the snapshot that shows nothing at all.
const nothing = "1:1:"

func (p place) paging() bool { return p.to != "" }

// expired says what a gap in the log means. Who begins with whatever is left
// cannot miss what was removed before that.
func (p place) expired(gap bool, trims int64) bool {
	if p.from == nothing {
		return p.paging() && p.trims != trims
	}
	return gap
}

func (p place) cursor() repo.Cursor {
	if !p.paging() {
		return repo.Cursor(p.from)
	}
	return repo.Cursor(fmt.Sprintf("%s %s %d %d %d", p.from, p.to, p.x, p.part, p.trims))
}

// parseCursor reads what cursor wrote. Anything else is the cursor of another
// store, which this one cannot follow.
func parseCursor(c repo.Cursor) (place, error) {
	if c == "" {
		return place{from: nothing}, nil
	}
	fields := strings.Split(string(c), " ")
	p := place{from: fields[0]}
	ok := isSnapshot(p.from)
	switch len(fields) {
	case 1:
	case 5:
		p.to = fields[1]
		ok = ok && isSnapshot(p.to)
		var errs [3]error
		p.x, errs[0] = strconv.ParseInt(fields[2], 10, 64)
		p.part, errs[1] = strconv.Atoi(fields[3])
		p.trims, errs[2] = strconv.ParseInt(fields[4], 10, 64)
		ok = ok && errs == [3]error{}
	default:
		ok = false
	}
	if !ok {
		return place{}, fmt.Errorf("%w: %.64q is no cursor of this store", repo.ErrCursorExpired, c)
	}
	return p, nil
}

// A snapshot's text is "xmin:xmax:" and the ids, separated by commas, of the
// transactions from xmin on that were running, in order and before xmax;
// PostgreSQL says so of pg_snapshot, and refuses any other.
func isSnapshot(s string) bool {
	fields := strings.Split(s, ":")
	if len(fields) != 3 {
		return false
	}
	if fields[2] != "" {
		fields = append(fields[:2], strings.Split(fields[2], ",")...)
	} else {
		fields = fields[:2]
	}
	numbers := make([]int64, len(fields))
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || n <= 0 {
			return false
		}
		numbers[i] = n
	}
	xmin, xmax, running := numbers[0], numbers[1], numbers[2:]
	return xmin <= xmax && slices.IsSorted(running) &&
		(len(running) == 0 || xmin <= running[0] && running[len(running)-1] < xmax)
}

func xmaxOf(snapshot string) int64 {
	// isSnapshot has read it already.
	n, _ := strconv.ParseInt(strings.Split(snapshot, ":")[1], 10, 64)
	return n
}

// unseenBy returns the transactions that a snapshot does not show, as an
// int8multirange; none for no snapshot.
func unseenBy(snapshot string) string {
	if snapshot == "" {
		return "{}"
	}
	fields := strings.Split(snapshot, ":")
	var b strings.Builder
	b.WriteString("{")
	if fields[2] != "" {
		for x := range strings.SplitSeq(fields[2], ",") {
			b.WriteString("[" + x + "," + x + "],")
		}
	}
	b.WriteString("[" + fields[1] + ",)}")
	return b.String()
}
