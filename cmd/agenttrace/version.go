package main

import (
	"context"

	"github.com/agenttrace/agenttrace/cmd/agenttrace/internal/shell"
	"github.com/agenttrace/agenttrace/internal/obs"
)

// versionCommand prints which program this is. It asks no server.
type versionCommand struct{}

// Help is the text of --help.
func (versionCommand) Help() string {
	return `Example:

    agenttrace version
`
}

// Run prints the version.
func (versionCommand) Run(_ context.Context, app *App) error {
	build := obs.ReadBuild(version)
	if app.JSON {
		return app.printJSON(map[string]string{"version": build.Version, "commit": build.Commit, "go": build.Go})
	}
	return app.Print(shell.Say(build.String()))
}
