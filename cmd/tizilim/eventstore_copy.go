package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/projections"
)

type storeCopyCommand struct {
	From             string `arg:"" help:"Address of an EventStoreDB, or directory of an embedded store."`
	To               string `arg:"" help:"The same for the target. It must be empty or hold the beginning of the same log."`
	FromUser         string `help:"User at FROM; the password is in TIZILIM_FROM_PASSWORD or in a file." placeholder:"NAME" env:"TIZILIM_FROM_USER"`
	FromPasswordFile string `help:"File with that password." placeholder:"FILE" type:"path" env:"TIZILIM_FROM_PASSWORD_FILE"`
	ToUser           string `help:"User at TO; the password is in TIZILIM_TO_PASSWORD or in a file." placeholder:"NAME" env:"TIZILIM_TO_USER"`
	ToPasswordFile   string `help:"File with that password." placeholder:"FILE" type:"path" env:"TIZILIM_TO_PASSWORD_FILE"`
}

func (c *storeCopyCommand) Run(ctx context.Context) (err error) {
	as := credentials{c.FromUser, c.FromPasswordFile}
	from, endFrom, err := openSide(ctx, c.From, as, "TIZILIM_FROM_PASSWORD", true)
	if err != nil {
		return fmt.Errorf("the source: %w", err)
	}
	defer func() { err = errors.Join(err, endFrom()) }()
	as = credentials{c.ToUser, c.ToPasswordFile}
	to, endTo, err := openSide(ctx, c.To, as, "TIZILIM_TO_PASSWORD", false)
	if err != nil {
		return fmt.Errorf("the target: %w", err)
	}
	defer func() { err = errors.Join(err, endTo()) }()
	var shown *bar
	var phase eventstore.CopyPhase
	report, err := eventstore.CopyLog(ctx, from, to, func(now eventstore.CopyPhase, done, of domain.Position) {
		if shown == nil || now != phase {
			if shown != nil {
				shown.finish()
			}
			shown, phase = newBar(string(now)), now
		}
		shown.show(projections.Progress{Position: done, Target: of})
	})
	if shown != nil {
		shown.finish()
	}
	for _, difference := range report.Differences {
		fmt.Println(difference)
	}
	if err != nil {
		return err
	}
	fmt.Printf(
		"%d events compared, %d of them copied now, %d differences\n", report.Events, report.Appended, report.Different,
	)
	if report.System > 0 {
		fmt.Printf(
			"%d events of system streams ($…) of the source were not copied: its users, rights and statistics\n",
			report.System,
		)
	}
	if report.Untimed > 0 {
		fmt.Printf(
			"%d events have metadata that is not a JSON object, so their original times are not kept\n", report.Untimed,
		)
	}
	if report.Rewritten > 0 {
		const said = "the target itself wrote %d events of stream metadata, with ids of its own\n"
		fmt.Printf(said, report.Rewritten)
	}
	if report.Different > 0 {
		return errors.New("the target is not a copy of the source")
	}
	return nil
}

// openSide opens one side of a copy, which is an address or a directory. variable is
// the environment variable with the password. A directory that does not exist is an
// error where mustExist is set, else a new store.
func openSide(
	ctx context.Context, place string, c credentials, variable string, mustExist bool,
) (*eventstore.Store, func() error, error) {
	if strings.Contains(place, "://") {
		user, password, err := c.login(place, variable)
		if err != nil {
			return nil, nil, err
		}
		store, err := openAs(place, user, password)
		if err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	}
	dir := storeDir{Data: place}
	switch missing := dir.exists(); { // the store itself, and not that of a server which runs beside it
	case missing == nil:
		return dir.reach(ctx, purpose(mustExist), c) // the source must exist, and is only read
	case mustExist:
		return nil, nil, missing
	case !empty(place):
		return nil, nil, fmt.Errorf("%s holds something that is not an event store", place)
	default:
		return openOffline(place, writing)
	}
}

// empty reports whether the directory holds nothing or does not exist.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return len(entries) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist))
}
