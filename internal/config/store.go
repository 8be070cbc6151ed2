package config

import (
	"cmp"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
)

// Kind is a kind of database.
type Kind string

// The databases that spans can be kept in.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// Store names a database. It prints itself without its password.
type Store struct {
	Kind Kind
	// Path is the file of an SQLite database.
	Path string
	// DSN is the connection string of a PostgreSQL database. It may hold a
	// password: hand it to the driver, print the Store.
	DSN Secret
}

// Secret is a text that is not for printing.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(hidden)" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "(hidden)" }

// LogValue hides the secret from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

// The messages do not repeat what was given: it may hold a password.
var (
	errStoreScheme = errors.New("must be sqlite:PATH, such as sqlite:agenttrace.db, or postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	errStorePath   = errors.New("must name a file after sqlite:, such as sqlite:agenttrace.db or sqlite:/var/lib/agenttrace/agenttrace.db (no //)")
	errStoreMemory = errors.New("cannot keep an SQLite database in memory: acknowledged spans must survive the process; name a file, such as sqlite:agenttrace.db")
	errStoreURL    = errors.New("is not a valid postgres:// URL: write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, and characters such as @ / : # ? % in the password as %40 %2F %3A %23 %3F %25")
)

// UnmarshalText reads sqlite:PATH or postgres://….
func (s *Store) UnmarshalText(text []byte) error {
	value := string(text)
	scheme, rest, _ := strings.Cut(value, ":")
	switch strings.ToLower(scheme) {
	case "sqlite":
		return s.setPath(rest)
	case "postgres", "postgresql":
		if !strings.HasPrefix(rest, "//") {
			return errStoreURL
		}
		if _, err := url.Parse(value); err != nil {
			return errStoreURL // err repeats the URL with its password
		}
		*s = Store{Kind: Postgres, DSN: Secret(value)}
		return nil
	default:
		return errStoreScheme
	}
}

func (s *Store) setPath(path string) error {
	switch {
	case strings.Contains(path, ":memory:"):
		return errStoreMemory
	case path == "" || strings.HasPrefix(path, "//") || strings.HasSuffix(path, "/"):
		return errStorePath
	}
	*s = Store{Kind: SQLite, Path: path}
	return nil
}

// String names the database as people look for it: the file by its absolute
// path, the server by user, host and database.
func (s Store) String() string {
	if s.Kind != Postgres {
		path := s.Path
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		return "sqlite:" + path
	}
	u, err := url.Parse(string(s.DSN))
	if err != nil {
		return "postgres://(unreadable)"
	}
	query := u.Query() // of which only these say where, and hold no secret
	var b strings.Builder
	b.WriteString("postgres://")
	if user := cmp.Or(u.User.Username(), query.Get("user")); user != "" {
		b.WriteString(user + "@")
	}
	host := cmp.Or(u.Host, query.Get("host"))
	if strings.HasPrefix(host, "/") { // the directory of a socket
		host = "[" + host + "]"
	}
	b.WriteString(host + "/" + cmp.Or(strings.TrimPrefix(u.Path, "/"), query.Get("dbname"), query.Get("database")))
	return b.String()
}

// LogValue is String.
func (s Store) LogValue() slog.Value { return slog.StringValue(s.String()) }
