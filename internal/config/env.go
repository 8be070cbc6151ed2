package config

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// envPrefix begins the name of every environment variable that is read.
const envPrefix = "AGENTTRACE_"

// Variable returns the name of the environment variable of a flag, which is
// named without its dashes.
func Variable(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Flag is one thing that can be set, as documentation lists it.
type Flag struct {
	Name    string // without dashes
	Default string
}

// Flags lists everything that can be set, in the order of --help.
func Flags() ([]Flag, error) {
	parser, err := newParser(new(Config), nil, io.Discard, func(int) {})
	if err != nil {
		return nil, fmt.Errorf("describe flags: %w", err)
	}
	var flags []Flag
	for _, f := range parser.Model.Flags {
		if f.Name != "help" {
			flags = append(flags, Flag{Name: f.Name, Default: f.Default})
		}
	}
	return flags, nil
}

// UnknownVariables returns the names in environ that look like settings and are
// none: most likely misspelt.
func UnknownVariables(environ []string) ([]string, error) {
	flags, err := Flags()
	if err != nil {
		return nil, err
	}
	var unknown []string
	for name := range settingsOf(environ) {
		known := slices.ContainsFunc(flags, func(f Flag) bool { return Variable(f.Name) == name })
		if !known && !setByKubernetes(name) && !setForTheCommandLine(name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown, nil
}

// settingsOf picks the variables with our prefix.
func settingsOf(environ []string) map[string]string {
	settings := make(map[string]string)
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, envPrefix) {
			settings[name] = value
		}
	}
	return settings
}

// whereToLook ends a message about a value of which only the flag is known: it
// may have come from the environment.
func whereToLook(environ []string) string {
	names := slices.Sorted(maps.Keys(settingsOf(environ)))
	if len(names) == 0 {
		return "see --help"
	}
	return "see --help; the environment has " + strings.Join(names, ", ")
}

func setByKubernetes(name string) bool {
	return strings.HasPrefix(name, envPrefix+"PORT") || strings.HasPrefix(name, envPrefix+"SERVICE_")
}

// setForTheCommandLine reports whether cmd/agenttrace reads a variable: people export
// these in the shell in which they also start a server.
func setForTheCommandLine(name string) bool {
	return slices.Contains([]string{"SERVER", "PROJECT", "TOKEN", "TIMEOUT", "GRPC", "CA"}, strings.TrimPrefix(name, envPrefix))
}
