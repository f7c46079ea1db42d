package main

import (
	"context"
	"fmt"
	"os"

	"tizilim/eventstore/embedded"
)

type storeBackupCommand struct {
	storeDir
	To string `arg:"" help:"Directory to create; it must not exist." type:"path"`
}

func (c *storeBackupCommand) Run(ctx context.Context) error {
	if _, err := os.Lstat(c.To); err == nil {
		return fmt.Errorf("%s exists: name a directory that does not exist", c.To)
	}
	if err := c.exists(); err != nil {
		return err
	}
	done, err := askAdmin(ctx, c.Data, "backup", c.To, nil)
	if err == nil && !done {
		err = c.lookOffline(func(node *embedded.Node) error { return node.Backup(c.To) })
	}
	if err != nil {
		return err
	}
	fmt.Printf("backed up to %s, which is not encrypted and has no keys: tizilim backup writes both into an "+
		"encrypted file\n", c.To)
	return nil
}
