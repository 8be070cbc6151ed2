package doctor

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	agenttrace "github.com/agenttrace/agenttrace/clients/go"
)

// Bounds between what is fine and what is not.
const (
	clockOff     = 2 * time.Second // what is shown as "now" is visibly not
	slowPing     = time.Second
	fewDaysAhead = 1
	lowDisk      = 2 << 30
	fullDisk     = 200 << 20
	lateSettling = time.Minute
)

// release finds the version of a release in what git describe says of a build.
var release = regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)`)

func (e *examination) version() Finding {
	const check = "version"
	theirs, ours := e.status.GetServer().GetVersion(), e.Version
	us, them := release.FindStringSubmatch(ours), release.FindStringSubmatch(theirs)
	switch {
	case theirs == ours:
		return ok(check, fmt.Sprintf("This program and the server are both %s.", ours))
	case us == nil || them == nil:
		return ok(check, fmt.Sprintf("This program is %s, the server %s; builds that are no release are not compared.", ours, theirs))
	case us[1] == them[1] && us[2] == them[2]:
		return ok(check, fmt.Sprintf("This program is %s, the server %s: they fit.", ours, theirs))
	}
	return warning(check, fmt.Sprintf("This program is %s, the server %s: the older may not know what the newer asks or tells.", ours, theirs), "Update the older of the two.")
}

// clock compares the server's clock with this machine's. Spans bear the time of the
// machine of their agent, which may be this one.
func (e *examination) clock() Finding {
	const check = "clock"
	off := max(0, e.ahead.Abs()-e.within)
	direction := "ahead of"
	if e.ahead < 0 {
		direction = "behind"
	}
	says := fmt.Sprintf("The server's clock is %s %s this machine's.", length(e.ahead), direction)
	mend := []string{"Let both machines take their time from the network: NTP, chrony, systemd-timesyncd (timedatectl status)."}
	accepts := e.status.GetAcceptance()
	switch {
	case e.ahead < 0 && accepts.GetMaxFuture() != nil && off > accepts.GetMaxFuture().AsDuration(),
		e.ahead > 0 && accepts.GetMaxPast() != nil && off > accepts.GetMaxPast().AsDuration():
		return failure(check, says+" The server refuses what agents on this machine send: it takes their spans for impossible.", mend...)
	case off > clockOff:
		return warning(check, says+" Spans of agents here are shown at the wrong time, and may not be found by the time they are looked for.", mend...)
	}
	return ok(check, fmt.Sprintf("The server's clock agrees with this machine's, to %s.", length(max(e.within, time.Millisecond))))
}

func (e *examination) databaseName() string {
	switch e.status.GetDatabase().GetKind() {
	case agenttrace.DatabaseKindSqlite:
		return "SQLite"
	case agenttrace.DatabaseKindPostgres:
		return "PostgreSQL"
	}
	return "The database"
}

func (e *examination) database() Finding {
	const check = "database"
	db := e.status.GetDatabase()
	name := strings.TrimSpace(e.databaseName() + " " + db.GetVersion())
	switch took := db.GetPingDuration().AsDuration(); {
	case !db.GetReachable() && db.GetKind() == agenttrace.DatabaseKindPostgres:
		return failure(check, "PostgreSQL does not answer the server. Nothing can be stored or read; senders are told to come back.",
			"See that PostgreSQL runs and takes connections: pg_isready, and its log for too many connections.",
			"See that the server reaches it: AGENTTRACE_STORE where the server runs; its log says what the connection failed with.")
	case !db.GetReachable():
		return failure(check, name+" does not answer the server. Nothing can be stored or read; senders are told to come back.",
			"See the server's log: a full disk, a missing permission and a damaged file look like this.")
	case took > slowPing:
		return warning(check, fmt.Sprintf("%s answers, but takes %s for the smallest question.", name, length(took)),
			"See what keeps it busy: long queries, a slow disk, too few connections (AGENTTRACE_READ_CONNECTIONS), or the network between.")
	default:
		return ok(check, fmt.Sprintf("%s answers in %s and takes %s on its disk.", name, length(took), size(db.GetSizeBytes())))
	}
}

// databaseClock is about PostgreSQL alone, and nothing is said of it where it is as
// it should be: it is seldom another machine's.
func (e *examination) databaseClock() Finding {
	const check = "database clock"
	db := e.status.GetDatabase()
	if db.GetClockAhead() == nil {
		return Finding{}
	}
	ahead, within := db.GetClockAhead().AsDuration(), db.GetClockUncertainty().AsDuration()
	if max(0, ahead.Abs()-within) <= clockOff {
		return ok(check, fmt.Sprintf("The database's clock agrees with the server's, to %s.", length(max(within, time.Millisecond))))
	}
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	return warning(check, fmt.Sprintf("The database's clock is %s %s the server's.", length(ahead), direction),
		"Let both machines take their time from the network: NTP, chrony, systemd-timesyncd.")
}

func (e *examination) schema() Finding {
	const check = "schema"
	db := e.status.GetDatabase()
	has, knows := db.GetSchemaVersion(), db.GetKnownSchemaVersion()
	switch {
	case !db.GetReachable() || knows == 0:
		return Finding{}
	case has < knows:
		return failure(check, fmt.Sprintf("The database's schema is version %d, and the server needs %d.", has, knows),
			"Run: server migrate, with the server's AGENTTRACE_STORE; or start the server without AGENTTRACE_SKIP_MIGRATIONS.")
	case has > knows:
		return warning(check, fmt.Sprintf("The database's schema is version %d, and this server knows %d: a newer server has migrated it.", has, knows),
			"Update this server, or see that servers of two versions do not share a database for longer than an update takes.")
	}
	return ok(check, fmt.Sprintf("The schema is up to date (version %d).", has))
}

// partitions is about PostgreSQL alone.
func (e *examination) partitions() Finding {
	const check = "partitions"
	p := e.status.GetDatabase().GetPartitions()
	if p == nil {
		return Finding{}
	}
	mend := []string{
		"See the server's log for \"retention\": it makes the partitions of coming days every hour, and says why it cannot.",
		"Its database user must be allowed to create tables: GRANT CREATE ON SCHEMA public TO the user. Starting the server anew makes what is missing at once.",
	}
	says := fmt.Sprintf("%d days have partitions", p.GetDays())
	if p.GetDays() > 0 {
		says += fmt.Sprintf(", %s to %s (UTC)", dayOf(p.GetFirstDayTime().AsTime()), dayOf(p.GetLastDayTime().AsTime()))
	}
	switch {
	case !p.GetToday():
		return failure(check, says+". Today has none, or not all: its first spans have to wait until they are made, or are refused.", mend...)
	case p.GetDaysAhead() < fewDaysAhead:
		return warning(check, says+". Tomorrow has none yet.", mend...)
	}
	return ok(check, fmt.Sprintf("%s: today's are there, and those of the next %d days.", says, p.GetDaysAhead()))
}

func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
