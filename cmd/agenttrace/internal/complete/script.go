package complete

import (
	"embed"
	"fmt"
	"slices"
)

// Shells are those that there is a script for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

//go:embed scripts
var scripts embed.FS

// Script returns the script that teaches a shell to ask the program.
func Script(shell string) (string, error) {
	if !slices.Contains(Shells(), shell) {
		return "", fmt.Errorf("no completion for the shell %q: there is one for %v", shell, Shells())
	}
	text, err := scripts.ReadFile("scripts/agenttrace." + shell)
	return string(text), err
}
