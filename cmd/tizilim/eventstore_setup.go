package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"tizilim/eventstore"
)

type storeSetupCommand struct {
	Eventstore string `help:"EventStoreDB." placeholder:"URL" env:"TIZILIM_EVENTSTORE" required:""`
	credentials
	Login     string `name:"login" help:"User to create, with which the registry logs in." default:"tizilim" placeholder:"NAME"`
	Group     string `help:"Group that gets the rights." default:"tizilim" placeholder:"NAME"`
	LoginFile string `name:"login-password-file" help:"File with the password of that user. A missing file is created with a random password." placeholder:"FILE" type:"path" required:""`
	DryRun    bool   `help:"Only print what would be done."`
}

func (c *storeSetupCommand) Help() string {
	return "It logs in as an administrator of the server: --eventstore-user, " +
		"with the password in TIZILIM_EVENTSTORE_PASSWORD or in a file."
}

func (c *storeSetupCommand) Run(ctx context.Context) error {
	admin, password, err := c.login(c.Eventstore, passwordVariable)
	if err != nil {
		return err
	}
	setup := eventstore.Setup{Login: c.Login, Group: c.Group, DryRun: c.DryRun, Generate: c.makePassword}
	if _, err := os.Stat(c.LoginFile); !errors.Is(err, fs.ErrNotExist) {
		if setup.Password, err = readPassword(c.LoginFile); err != nil {
			return err
		}
	}
	steps, err := eventstore.SetUp(ctx, c.Eventstore, admin, password, slog.Default(), setup)
	for _, step := range steps {
		done := "nothing to do"
		switch {
		case step.Done != "" && c.DryRun:
			done = "would be " + step.Done
		case step.Done != "":
			done = "now " + step.Done
		}
		fmt.Printf("%s: %s; %s\n", step.About, step.Found, done)
	}
	if err != nil {
		return err
	}
	fmt.Printf("these default rights apply to every stream of this server without rights of its own: "+
		"another system on this server needs the group %s, or rights on its own streams\n", c.Group)
	return nil
}

// makePassword makes a random password and writes it to the file. The server gets it
// only afterwards, so that a crash loses no password that is in use.
func (c *storeSetupCommand) makePassword() (string, error) {
	password := rand.Text()
	file, err := os.OpenFile(c.LoginFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("the password cannot be written: %w", err)
	}
	_, err = file.WriteString(password + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", fmt.Errorf("the password cannot be written: %w", err)
	}
	return password, nil
}
