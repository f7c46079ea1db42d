package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
	"tizilim/projections"
)

// rotateMasterCommand may be repeated, and must be where it did not come to its end.
type rotateMasterCommand struct {
	Data       string `help:"Data directory of the server, with its keys." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB. Default: that of the running server." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
	vaultFlags
	Keep bool `name:"keep-newest" help:"Make no new master key: wrap all data keys by the newest one that is there."`
}

func (c *rotateMasterCommand) Run(ctx context.Context) error {
	masters, err := c.masterKeys(ctx)
	if err != nil {
		return err
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := acceptKey(ctx, store, keysDir(c.Data), "master", "rotation of the master key"); err != nil {
		return err
	}
	if err := useKeys(store, keysDir(c.Data)); err != nil {
		return err
	}
	newest, err := masters.Newest(ctx)
	if err != nil {
		return err
	}
	bar := newBar("wrapping data keys")
	done, err := store.RewrapKeys(ctx, func(r eventstore.Rewrapped) {
		bar.show(projections.Progress{Position: domain.Position(r.Done), Target: domain.Position(r.Of)})
	})
	bar.finish()
	if err != nil {
		return fmt.Errorf("the rotation did not come to its end (%w): repeat it with --keep-newest", err)
	}
	fmt.Printf("master key %s wraps all data keys of the log now; %d of %d records were wrapped anew\n",
		newest, done.Changed, done.Of)
	if done.Kept > 0 {
		fmt.Printf("the old records of %d of them stay in the log, since only an administrator may remove them: "+
			"repeat the command with --keep-newest and --eventstore-user of an administrator\n", done.Kept)
	}
	return nil
}

// masterKeys returns the master keys, with a new one where one is asked for. The running
// servers read the changed file when they need it. In a Vault a new version of the key is
// made by whoever has the right to, and the newest version is taken.
func (c *rotateMasterCommand) masterKeys(ctx context.Context) (seal.MasterKeys, error) {
	held, err := readMasterVault(keysDir(c.Data))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	v, err := c.vaultFlags.over(held)
	if err != nil {
		return nil, err
	}
	if v.Address != "" {
		return c.keysInVault(ctx, held, v)
	}
	if os.Getenv(masterKeysVariable) == "" && !c.Keep {
		if _, err := existingKeys(ctx, c.Data); err != nil {
			return nil, err
		}
		if _, err := addMasterKey(masterKeysFile(c.Data)); err != nil {
			return nil, fmt.Errorf("make a master key: %w", err)
		}
	}
	return openMasterKeys(keysDir(c.Data))
}

// keysInVault has the directory of keys say that the master key is in the Vault from now on.
func (c *rotateMasterCommand) keysInVault(ctx context.Context, held, v masterVault) (seal.MasterKeys, error) {
	if _, err := existingKeys(ctx, c.Data); err != nil {
		return nil, err
	}
	if err := v.check(ctx); err != nil {
		return nil, err
	}
	if v != held {
		if err := v.write(keysDir(c.Data)); err != nil {
			return nil, err
		}
	}
	return openMasterKeys(keysDir(c.Data))
}

func (c *rotateMasterCommand) open(ctx context.Context) (*eventstore.Store, error) {
	p := registryParts{Data: c.Data, Eventstore: c.Eventstore, credentials: c.credentials, Redis: "redis://unused"}
	e, err := p.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	return e.openEventStore(c.credentials)
}
