// Command agenttrace is the command line of agenttrace: it asks a server, built on
// the Go client, and draws what it hears for people or prints it as JSON for
// scripts.
//
// Each command is a file and a struct: its fields are its flags, its Run method
// gets a context, which the first signal ends, and the [App]. The grammar lists
// them. docs/cli.md describes them with examples; exit.go lists the exit codes.
package main
