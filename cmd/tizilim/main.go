// Command tizilim is the registry of residence and of the lists of those in need of
// service housing: the server and its tools. Every subcommand has a file that is
// named after it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
)

// commandLine is every subcommand with its flags. An environment variable that
// stands for a flag begins with TIZILIM_.
type commandLine struct {
	LogLevel *slog.Level      `help:"Least level that is logged to standard error: debug, info, warn, error. Default: warn on a terminal, else info." placeholder:"LEVEL" env:"TIZILIM_LOG_LEVEL"`
	Version  kong.VersionFlag `help:"Print the version and exit."`

	Serve         serveCommand         `cmd:"" help:"Serve the API. Without flags it needs nothing installed."`
	Token         tokenCommand         `cmd:"" help:"Print a token of the registry, revoke tokens, and change the keys that sign them."`
	Sign          signCommand          `cmd:"" help:"Sign a request with a key of the demonstration authority."`
	MobileCitizen mobileCitizenCommand `cmd:"" help:"Bind a telephone to an IIN in the file that replaces the mobile-citizens base."`
	Demo          demoCommand          `cmd:"" help:"Show both services step by step on a running server."`
	Verify        verifyCommand        `cmd:"" help:"Compute the read model from the log and compare it with Redis, key by key."`
	Rebuild       rebuildCommand       `cmd:"" help:"Build a new read model beside the current one, then switch to it."`
	Audit         auditCommand         `cmd:"" help:"Check what the log proves, without trusting the server."`
	Report        reportCommand        `cmd:"" help:"Print the figures of both services for a period, as JSON or CSV."`
	Quarantine    quarantineCommand    `cmd:"" help:"Events that the read model could not take: list, retry or release them."`
	TrialClock    trialClockCommand    `cmd:"" help:"Move the clock of a server that was started with --trial-clock."`
	Import        importCommand        `cmd:"" help:"Check files of another register, and import persons, dwellings, registrations and lists."`
	Export        exportCommand        `cmd:"" help:"Write persons, dwellings, registrations and lists into a file that import takes, in clear."`
	Backup        backupCommand        `cmd:"" help:"Write event store and keys into one encrypted file, also while the server runs."`
	Restore       restoreCommand       `cmd:"" help:"Check such a file and restore a data directory from it."`
	Keys          keysCommand          `cmd:"" help:"Keys that belong to the log: compare them with it, or record a change."`
	Log           logCommand           `cmd:"" help:"The log as a whole: record that a part of it is lost and the registry goes on."`
	Eventstore    eventstoreCommand    `cmd:"" help:"Serve and maintain the embedded event store; set up, read, append to and copy any event store."`
	Openapi       openapiCommand       `cmd:"" help:"Print the OpenAPI 3.1 description of the API."`
}

func main() {
	makePrivateFiles()
	forgetEmptyVariables()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks the program to end, a second one ends it at once
	os.Exit(run(ctx, os.Args[1:]))
}

// forgetEmptyVariables unsets the variables of this program that are empty. Compose
// files and systemd units leave a variable empty to mean that it is not set, and an
// empty address would listen on every address of the machine.
func forgetEmptyVariables() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); value == "" && strings.HasPrefix(name, "TIZILIM_") {
			_ = os.Unsetenv(name) // fails only for a malformed name
		}
	}
}

// run carries out one command line and returns the exit code: 2 for a wrong command
// line, 3 for an audit that leaves something open and an import that leaves lines out, 1 for another error. Every error is
// one sentence on standard error.
func run(ctx context.Context, args []string) int {
	var cli commandLine
	parser, err := kong.New(
		&cli,
		kong.Name(
			"tizilim",
		),
		kong.Description("Register of residence and lists for service housing, recorded as events."),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		panic(err) // the struct tags of commandLine are wrong
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tizilim: %v; see tizilim --help\n", err)
		return 2
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cli.logLevel()})))
	err = parsed.Run()
	switch serves := strings.HasSuffix(parsed.Command(), "serve"); {
	case err == nil, serves && errors.Is(err, context.Canceled): // a server runs until it is stopped
		return 0
	case ctx.Err() != nil && !serves: // the error only tells that the context has ended
		err = errors.New("stopped before it was finished")
	}
	fmt.Fprintln(os.Stderr, "tizilim:", err)
	if errors.Is(err, errLeftOpen) || errors.Is(err, errLinesLeft) {
		return 3
	}
	return 1
}

// logLevel is the level of the flag. Without the flag, a log that is collected gets
// Info, and a person at a terminal sees only what needs attention.
func (c *commandLine) logLevel() slog.Level {
	switch {
	case c.LogLevel != nil:
		return *c.LogLevel
	case isatty.IsTerminal(os.Stderr.Fd()):
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// version is the version of the module, or, where it was built from a working tree,
// the revision of the source.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "development"
}
