package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds that no sensible setting leaves. They exist so that a slip of the
// keyboard (64 for 64MiB) is told at start and not by a server that refuses
// everything.
const (
	minMessage  Size = 64 << 10
	maxMessage  Size = math.MaxInt32 // gRPC frames and OTLP lengths are 32 bits
	minSpan     Size = 4 << 10
	maxShards        = 256
	maxConns         = 1000
	maxSeries        = 100_000 // an answer holds them all at once
	maxPoints        = 10_000_000
	maxInFuture      = Duration(366 * day)
	minTimeout       = Duration(100 * time.Millisecond)
	maxTimeout       = Duration(day)
)

// check returns every setting that cannot be right, joined.
func (c *Config) check() error {
	problems := []error{
		within("read-connections", c.ReadConnections, 1, maxConns),
		within("write-connections", c.WriteConnections, 0, maxConns),
	}
	if c.Command == CommandServe {
		problems = append(problems, c.checkListen(), c.checkTLS(), c.checkTimes(), c.checkSizes(), c.checkQueries(), c.checkSettling())
	}
	return errors.Join(problems...)
}

func (c *Config) checkSettling() error {
	problems := []error{
		within("settle-after", c.SettleAfter, minTimeout, Duration(day)),
		within("settle-at-most", c.SettleAtMost, minTimeout, Duration(day)),
	}
	if c.SettleAtMost < c.SettleAfter {
		problems = append(problems, wrong("settle-at-most", c.SettleAtMost, "must be at least --settle-after (%v)", c.SettleAfter))
	}
	return errors.Join(problems...)
}

func (c *Config) checkTimes() error {
	problems := []error{
		within("max-past", c.MaxPast, Duration(time.Minute), math.MaxInt64),
		within("max-future", c.MaxFuture, Duration(time.Minute), maxInFuture),
		within("read-timeout", c.ReadTimeout, minTimeout, maxTimeout),
		within("write-timeout", c.WriteTimeout, minTimeout, maxTimeout),
		within("stall-timeout", c.StallTimeout, minTimeout, maxTimeout),
		within("statement-timeout", c.StatementTimeout, minTimeout, maxTimeout),
		within("commit-timeout", c.CommitTimeout, minTimeout, maxTimeout),
		within("batch-linger", c.BatchLinger, 0, Duration(time.Minute)),
		within("shutdown-timeout", c.ShutdownTimeout, Duration(time.Second), math.MaxInt64),
	}
	if c.Retention != 0 && c.Retention < Duration(day) {
		problems = append(problems, wrong("retention", c.Retention, "must be 0, to keep everything, or at least 1d: whole days are removed"))
	}
	return errors.Join(problems...)
}

func (c *Config) checkSizes() error {
	problems := []error{
		within("max-message-bytes", c.MaxMessageBytes, minMessage, maxMessage),
		within("max-span-bytes", c.MaxSpanBytes, minSpan, maxMessage),
		within("max-trace-bytes", c.MaxTraceBytes, minMessage, maxMessage),
		within("max-trace-spans", c.MaxTraceSpans, 1, math.MaxInt32),
		within("shards", c.Shards, 0, maxShards),
		within("batch-spans", c.BatchSpans, 1, math.MaxInt32),
		within("batch-bytes", c.BatchBytes, 1, math.MaxInt64),
		within("queue-spans", c.QueueSpans, 1, math.MaxInt32),
	}
	if c.MaxInflight < c.MaxMessageBytes {
		problems = append(problems, wrong("max-inflight-bytes", c.MaxInflight,
			"must be at least --max-message-bytes (%v), or the largest request would never be read", c.MaxMessageBytes))
	}
	if c.QueueBytes < c.MaxMessageBytes {
		problems = append(problems, wrong("queue-bytes", c.QueueBytes,
			"must be at least --max-message-bytes (%v), or the largest request finds room only while nothing else waits", c.MaxMessageBytes))
	}
	return errors.Join(problems...)
}

func (c *Config) checkQueries() error {
	return errors.Join(
		within("max-query-traces", c.MaxQueryTraces, 1, math.MaxInt32),
		within("max-query-bytes", c.MaxQueryBytes, minMessage, math.MaxInt64),
		within("max-query-series", c.MaxQuerySeries, 1, maxSeries),
		within("max-query-points", c.MaxQueryPoints, 1, maxPoints),
		within("query-timeout", c.QueryTimeout, minTimeout, maxTimeout),
	)
}

func (c *Config) checkTLS() error {
	switch {
	case c.TLSCert != "" && c.TLSKey == "":
		return wrong("tls-key", `""`, "must name the private key of --tls-cert %s", c.TLSCert)
	case c.TLSKey != "" && c.TLSCert == "":
		return wrong("tls-cert", `""`, "must name the certificate of --tls-key %s", c.TLSKey)
	}
	return nil
}

func (c *Config) checkListen() error {
	if len(c.Listen) == 0 {
		return wrong("listen", `""`, "must be at least one HOST:PORT, such as 127.0.0.1:4318")
	}
	var problems []error
	for i, address := range c.Listen {
		host, port, err := net.SplitHostPort(address)
		number, portErr := strconv.ParseUint(port, 10, 16)
		switch {
		case err != nil || portErr != nil:
			problems = append(problems, wrong("listen", address, "must be HOST:PORT, such as 127.0.0.1:4318 or [::1]:4318"))
		case number != 0 && slices.Contains(c.Listen[:i], address):
			problems = append(problems, wrong("listen", address, "must be named once"))
		case !c.Insecure && !isLoopback(host):
			problems = append(problems, wrong("listen", address,
				"other machines can reach that address, and this version does not know yet who may do what: whoever reaches it could read, and write, every trace. "+
					"Listen on 127.0.0.1, put a proxy that authenticates in front of it, or accept the risk with --insecure"))
		}
	}
	return errors.Join(problems...)
}

// isLoopback does not ask a name server: what it answers may change after the
// question.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	host, _, _ = strings.Cut(host, "%") // the zone of an IPv6 address
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Past returns how long ago a span may have started: what would be removed at
// the next opportunity is not taken.
func (c *Config) Past() time.Duration {
	if c.Retention > 0 {
		return time.Duration(min(c.MaxPast, c.Retention))
	}
	return time.Duration(c.MaxPast)
}

func within[T ~int | ~int64](flag string, value, least, most T) error {
	switch {
	case value < least:
		return wrong(flag, value, "must be at least %v", least)
	case value > most:
		return wrong(flag, value, "must be at most %v", most)
	}
	return nil
}

// wrong names a setting the two ways in which it may have been given.
func wrong(flag string, value any, format string, args ...any) error {
	return fmt.Errorf("--%s (%s) is %v: %s", flag, Variable(flag), value, fmt.Sprintf(format, args...))
}
