package draw

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	agenttracev1 "github.com/agenttrace/agenttrace/gen/agenttrace/v1"
)

// Duration returns a length of time in three digits or so: 850µs, 1.23s, 2m03s.
// It is empty for none.
func Duration(d *durationpb.Duration) string {
	if d == nil {
		return ""
	}
	return duration(d.AsDuration())
}

func duration(d time.Duration) string {
	switch {
	case d == 0:
		return "0s"
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", d)
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d/time.Microsecond)
	case d < time.Second:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d < 10*time.Second:
		return fmt.Sprintf("%.2fs", float64(d/(10*time.Millisecond))/100)
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", float64(d/(100*time.Millisecond))/10)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// Span returns a length of time as it is typed: 15m, 1h30m, 500ms.
func Span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Time returns a moment to the second in a time zone. It is empty for none.
func Time(t *timestamppb.Timestamp, zone *time.Location) string {
	if t == nil {
		return ""
	}
	return t.AsTime().In(zone).Format("2006-01-02 15:04:05")
}

// Count returns a number in three digits or so: 950, 1.2k, 34.5k, 1.2M.
func Count(n int64) string {
	if n > -1000 && n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return Number(float64(n))
}

// Number is [Count] for numbers with a fraction.
func Number(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	if v >= 1e15 {
		return sign + strconv.FormatFloat(v, 'e', 1, 64)
	}
	for _, unit := range []struct {
		size   float64
		suffix string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}} {
		if v >= unit.size || unit.size == 1 {
			return sign + digits(v/unit.size) + unit.suffix
		}
	}
	return ""
}

// digits returns at least two digits of a number that is less than 1000, or more
// where it is large.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 1:
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// tokens returns the number of all tokens; empty for none.
func tokens(u *agenttracev1.Usage) string {
	if u.GetTotalTokens() == 0 {
		return ""
	}
	return Count(u.GetTotalTokens())
}

const nanosPerDollar = 1e9

// Cost returns an amount of money. It is empty where nothing was used that costs,
// "?" where nobody knows a price, and begins with ≥ where some calls have none.
func Cost(c *agenttracev1.Cost) string {
	switch {
	case c == nil || c.GetSource() == agenttracev1.CostSource_COST_SOURCE_UNSPECIFIED && c.GetNanoUsd() == 0:
		return ""
	case c.GetSource() == agenttracev1.CostSource_COST_SOURCE_UNPRICED && c.GetNanoUsd() == 0:
		return "?"
	case c.GetSource() == agenttracev1.CostSource_COST_SOURCE_UNPRICED:
		return "≥" + dollars(c.GetNanoUsd())
	}
	return dollars(c.GetNanoUsd())
}

func dollars(nano int64) string {
	sign := ""
	if nano < 0 {
		sign, nano = "-", -nano
	}
	v := float64(nano) / nanosPerDollar
	switch {
	case nano == 0:
		return "$0"
	case v >= 1000:
		return sign + "$" + Number(v)
	case v >= 0.99995:
		return sign + "$" + strconv.FormatFloat(v, 'f', 2, 64)
	case v >= 0.001:
		return sign + "$" + strconv.FormatFloat(v, 'f', 4, 64)
	case v >= 0.000_000_5:
		return sign + "$" + strconv.FormatFloat(v, 'f', 6, 64)
	}
	return sign + "<$0.000001"
}

// Type returns what a span did in a word: agent, llm, tool. It is empty when
// nothing is known.
func Type(t agenttracev1.SpanType) string {
	if t == agenttracev1.SpanType_SPAN_TYPE_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(t.String(), "SPAN_TYPE_"))
}

// plural returns a number and a noun.
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}
