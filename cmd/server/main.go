package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/agenttrace/agenttrace/internal/config"
	"github.com/agenttrace/agenttrace/internal/obs"
)

// version is set by the linker in releases (-X main.version=v1.2.3). It is a
// variable of the package because the linker knows no other.
var version string

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

func run(args, environ []string, stdout, stderr io.Writer) int {
	c, err := config.Parse(args, environ, stdout)
	switch {
	case errors.Is(err, config.ErrHelp):
		return exitOK
	case err != nil:
		complain(stderr, err)
		return exitUsage
	}
	build := obs.ReadBuild(version)
	if c.Command == config.CommandVersion {
		fmt.Fprintln(stdout, build)
		return exitOK
	}
	log, err := obs.NewLogger(stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		complain(stderr, err)
		return exitUsage
	}
	warnOfUnknown(log, environ)
	ctx, release := untilSignal(context.Background(), log, os.Exit)
	defer release()

	switch c.Command {
	case config.CommandMigrate:
		err = migrate(ctx, c, stdout)
	case config.CommandReprice:
		err = reprice(ctx, c, log, time.Now, stdout)
	default:
		err = serve(ctx, &Server{Config: c, Build: build, Log: log, Now: time.Now}, stdout)
	}
	if err != nil {
		complain(stderr, err)
		return exitFailed
	}
	return exitOK
}

// serve runs s until ctx ends or s fails by itself.
func serve(ctx context.Context, s *Server, stdout io.Writer) error {
	if err := s.Start(ctx); err != nil {
		return err
	}
	fmt.Fprint(stdout, s.Greeting())
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-s.Failed():
	}
	return errors.Join(failure, s.Drain(context.WithoutCancel(ctx)))
}

// untilSignal returns a context that the first SIGINT or SIGTERM ends. The
// second calls exit: whoever sends it does not want to wait.
func untilSignal(ctx context.Context, log *slog.Logger, exit func(int)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for count := 0; ; count++ {
			select {
			case <-done:
				return
			case sig := <-signals:
				if count > 0 {
					log.Warn("second signal: ending at once", "signal", sig.String())
					exit(exitCodeOf(sig))
				}
				log.Info("signal: draining; send it again to end at once", "signal", sig.String())
				cancel()
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// exitCodeOf is the code that shells give to a process that a signal ended.
func exitCodeOf(sig os.Signal) int {
	if n, ok := sig.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return exitFailed
}

func warnOfUnknown(log *slog.Logger, environ []string) {
	unknown, err := config.UnknownVariables(environ)
	if err != nil {
		log.Error("environment not checked", "error", err)
	}
	if len(unknown) > 0 {
		log.Warn("environment variables that set nothing; misspelt?", "names", strings.Join(unknown, " "))
	}
}

func complain(w io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(w, "server: %s\n", strings.TrimSuffix(line, "\n"))
	}
}
