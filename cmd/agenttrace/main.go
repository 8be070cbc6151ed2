package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is set by the linker in releases (-X main.version=v1.2.3). It is a
// variable of the package because the linker knows no other.
var version string

func main() {
	// With the signal ignored, writing to a pipe that nobody reads any more is an
	// error, which ends the command in order, streams of the server included.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, process{
		args: os.Args[1:], environ: os.Environ(), now: time.Now,
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
	})
	stop()
	os.Exit(code)
}

// process is what surrounds the program.
type process struct {
	args, environ  []string
	now            func() time.Time
	stdin          io.Reader
	stdout, stderr io.Writer
}
