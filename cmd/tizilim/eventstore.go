package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"tizilim/eventstore/embedded"
)

// eventstoreCommand is the embedded node standing alone and its care, and what
// looks into any event store.
type eventstoreCommand struct {
	Serve   storeServeCommand   `cmd:"" default:"withargs" help:"Serve the embedded event store alone, for any EventStoreDB client."`
	Backup  storeBackupCommand  `cmd:"" help:"Copy the store, also while it is served."`
	Restore storeRestoreCommand `cmd:"" help:"Check a backup and copy it into an empty directory."`
	Check   storeCheckCommand   `cmd:"" help:"Read the whole store and prove its positions, revisions and indexes, also while it is served."`
	Stats   storeStatsCommand   `cmd:"" help:"Say how much is in the store, also while it is served."`

	Scavenge storeScavengeCommand `cmd:"" help:"Take deleted events off the disk, also while the store is served. If stopped, the next one goes on."`

	Setup  storeSetupCommand  `cmd:"" help:"Make a user of least right for the registry on an EventStoreDB."`
	Read   storeReadCommand   `cmd:"" help:"Print the events of a stream or of the whole log."`
	Tail   storeTailCommand   `cmd:"" help:"Print events as they come."`
	Append storeAppendCommand `cmd:"" help:"Append events from the standard input."`
	Copy   storeCopyCommand   `cmd:"" help:"Carry a whole log into another store, and compare both."`
}

// storeDir is the directory of the store: of tizilim serve it is eventstore in
// the data directory.
type storeDir struct {
	Data string `help:"Directory of the store; that of tizilim serve is eventstore in its data directory." default:"./data/eventstore" type:"path"`
}

// exists refuses a directory that holds no store: opening it would make one.
func (d storeDir) exists() error {
	if !holdsStore(d.Data) {
		return fmt.Errorf("there is no event store in %s: give its directory with --data", d.Data)
	}
	return nil
}

// holdsStore reports whether a store, or a backup of one, is in the directory:
// its engine keeps a file there that names its manifest.
func holdsStore(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), "marker.manifest.")
	})
}

type storeServeCommand struct {
	storeDir
	Listen       string `help:"Address for clients." default:"127.0.0.1:2113"`
	TLSCert      string `name:"tls-cert" help:"Certificate in PEM; with --tls-key, clients must use TLS." type:"existingfile" env:"TIZILIM_EVENTSTORE_TLS_CERT"`
	TLSKey       string `name:"tls-key" help:"Key of the certificate in PEM." type:"existingfile" env:"TIZILIM_EVENTSTORE_TLS_KEY"`
	Username     string `help:"With TLS: the one user whom the node admits." env:"TIZILIM_EVENTSTORE_USERNAME"`
	Password     string `help:"Password of the user, seen by everybody on this machine: better in TIZILIM_EVENTSTORE_PASSWORD or a file."`
	PasswordFile string `name:"password-file" help:"File with the password of the user." placeholder:"FILE" type:"path" env:"TIZILIM_EVENTSTORE_PASSWORD_FILE"`
}

func (c *storeServeCommand) Run(ctx context.Context) (err error) {
	options := []embedded.Option{embedded.WithLogger(slog.Default())}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("TLS needs both --tls-cert and --tls-key")
	}
	if c.TLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("load the certificate: %w", err)
		}
		options = append(options, embedded.WithTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	if c.Username != "" {
		options = append(options, embedded.WithCredentials(c.Username, password))
	}
	node, err := embedded.Open(c.Data, options...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	care, err := serveCare(node, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, care.Close()) }()
	if err := node.Start(c.Listen); err != nil {
		return err
	}
	fmt.Println(node.ConnectionString())
	<-ctx.Done()
	return nil
}

// password is that of the one user; none where there is no user.
func (c *storeServeCommand) password() (password string, err error) {
	password = cmp.Or(c.Password, os.Getenv(passwordVariable))
	switch {
	case c.Password != "":
		slog.Warn("--password is seen by everybody on this machine: give it in a file or in " + passwordVariable)
	case c.PasswordFile != "":
		if password, err = readPassword(c.PasswordFile); err != nil {
			return "", err
		}
	}
	switch {
	case c.Username != "" && password == "":
		return "", errors.New("--username needs a password: give it with --password-file or in " + passwordVariable)
	case c.Username == "" && password != "":
		return "", errors.New("there is a password but no user, so everybody would be let in: " +
			"name the user with --username")
	case c.Username != "" && c.TLSCert == "":
		return "", errors.New("a user needs TLS: give --tls-cert and --tls-key, " +
			"or clients would send the password in the clear")
	}
	return password, nil
}

type storeBackupCommand struct {
	storeDir
	To string `arg:"" help:"Directory to make; it must not exist." type:"path"`
}

func (c *storeBackupCommand) Run(ctx context.Context) error {
	if _, err := os.Lstat(c.To); err == nil {
		return fmt.Errorf("%s exists: a backup makes a directory of its own", c.To)
	}
	if err := c.exists(); err != nil {
		return err
	}
	done, err := askCare(ctx, c.Data, "backup", c.To, nil)
	if err == nil && !done {
		err = c.offline(func(node *embedded.Node) error { return node.Backup(c.To) })
	}
	if err != nil {
		return err
	}
	fmt.Println("backed up to", c.To)
	return nil
}

type storeRestoreCommand struct {
	storeDir
	From string `arg:"" help:"Backup." type:"existingdir"`
}

func (c *storeRestoreCommand) Run(ctx context.Context) error {
	if !holdsStore(c.From) {
		return fmt.Errorf("there is no backup of an event store in %s", c.From)
	}
	if err := embedded.Restore(ctx, c.From, c.Data); err != nil {
		return err
	}
	fmt.Println("restored to", c.Data)
	return nil
}

type storeCheckCommand struct{ storeDir }

func (c *storeCheckCommand) Run(ctx context.Context) error {
	if err := c.exists(); err != nil {
		return err
	}
	var report embedded.Report
	done, err := askCare(ctx, c.Data, "check", "", &report)
	if err == nil && !done {
		report, err = embedded.Check(ctx, c.Data)
	}
	if err != nil {
		return err
	}
	if err := printJSON(report); err != nil {
		return err
	}
	if !report.Sound() {
		return errors.New("the store is damaged: restore a backup")
	}
	return nil
}

type storeStatsCommand struct{ storeDir }

func (c *storeStatsCommand) Run(ctx context.Context) error {
	if err := c.exists(); err != nil {
		return err
	}
	var stats embedded.Stats
	done, err := askCare(ctx, c.Data, "stats", "", &stats)
	if err == nil && !done {
		stats, err = embedded.ReadStats(c.Data)
	}
	if err != nil {
		return err
	}
	return printJSON(stats)
}

func printJSON(v any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// offline opens a store that nobody serves, and which is known to be there.
func (d storeDir) offline(do func(*embedded.Node) error) error {
	node, err := embedded.Open(d.Data, embedded.WithLogger(slog.Default()))
	if err != nil {
		return err
	}
	return errors.Join(do(node), node.Close())
}
