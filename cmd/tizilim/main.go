// Command tizilim is the registry of residence and of the queue for service
// housing: the server, and the tools around it.
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

// commandLine is every subcommand with its flags. What the environment can say
// too has the prefix TIZILIM_.
type commandLine struct {
	LogLevel *slog.Level      `help:"Least level of the log on standard error: debug, info, warn or error. Default: warn on a terminal, info elsewhere." placeholder:"LEVEL" env:"TIZILIM_LOG_LEVEL"`
	Version  kong.VersionFlag `help:"Print the version and exit."`

	Serve         serveCommand         `cmd:"" help:"Serve the API. Without flags it needs nothing installed."`
	Token         tokenCommand         `cmd:"" help:"Print a token that a server on the same data accepts."`
	Sign          signCommand          `cmd:"" help:"Sign a request with the demonstration authority, for trying the portal out."`
	MobileCitizen mobileCitizenCommand `cmd:"" help:"Bind a telephone to an IIN in the list that stands for the mobile-citizens base."`
	Demo          demoCommand          `cmd:"" help:"Tell the story of both services against a running server."`
	Verify        verifyCommand        `cmd:"" help:"Fold the log and compare it with Redis, key by key."`
	Rebuild       rebuildCommand       `cmd:"" help:"Fill the read model anew beside the serving one, then switch over."`
	Eventstore    eventstoreCommand    `cmd:"" help:"The embedded event store standing alone and its care; setup, read, tail, append and copy for any event store."`
	Openapi       openapiCommand       `cmd:"" help:"Print the OpenAPI 3.1 description of the API."`
}

func main() {
	forgetEmptyVariables()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends at once what the first one asked to end
	os.Exit(run(ctx, os.Args[1:]))
}

// forgetEmptyVariables takes a variable that is set to nothing for one that is not
// set, as those who write compose files and units mean it: an empty address would
// otherwise be every address of the machine.
func forgetEmptyVariables() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); value == "" && strings.HasPrefix(name, "TIZILIM_") {
			_ = os.Unsetenv(name) // the name is one that the environment has
		}
	}
}

// run carries out one command line and returns the exit code. An operator's
// mistake is one sentence on standard error.
func run(ctx context.Context, args []string) int {
	var cli commandLine
	parser, err := kong.New(&cli,
		kong.Name("tizilim"), kong.Description("Register of residence and queue for service housing, event by event."),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		panic(err) // the struct tags above are wrong
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tizilim: %v; see tizilim --help\n", err)
		return 2
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: cli.logLevel()})))
	err = parsed.Run()
	switch serves := strings.HasSuffix(parsed.Command(), "serve"); {
	case err == nil, serves && errors.Is(err, context.Canceled): // a server goes on until it is stopped
		return 0
	case ctx.Err() != nil && !serves: // its error is what the signal did to it
		err = errors.New("stopped before it was done")
	}
	fmt.Fprintln(os.Stderr, "tizilim:", err)
	return 1
}

// logLevel is what the operator asked for. Without that a log that is collected
// has everything of note, and a person at a terminal only what needs attention.
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

// version is the module's version where it was built from one, else the
// revision of the source.
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
