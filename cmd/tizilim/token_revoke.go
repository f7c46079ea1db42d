package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/revocation"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// commandLineActor is who revokes, in the log. Who may run the command on the stores of a
// registry, the machine decides.
const commandLineActor = "command-line"

type tokenRevokeCommand struct {
	Data       string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB. Default: that of the running server." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
	ID      string `name:"id" help:"Id of one token, its member jti." xor:"what"`
	Account string `help:"Account whose tokens are revoked." xor:"what"`
	IIN     string `name:"iin" help:"IIN of the citizen whose tokens are revoked." xor:"what"`
	Reason  string `help:"lost (the default), left or misuse." default:"lost" enum:"lost,left,misuse"`
}

func (c *tokenRevokeCommand) Run(ctx context.Context) error {
	if c.ID == "" && c.Account == "" && c.IIN == "" {
		return errors.New("say what is revoked: a token with --id, or the tokens of an account with --account or --iin")
	}
	account, person, err := c.account(ctx)
	if err != nil {
		return err
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	if !person.IsZero() {
		if person, err = command.WhoIs(ctx, store, person); err != nil {
			return errors.Join(err, store.Close())
		}
		account = person.String()
	}
	cmd := domain.Command{
		ID: domain.CommandID{UUID: uuid.New()}, Actor: commandLineActor, Role: domain.RoleSystem,
		Now: time.Now().UTC().Truncate(time.Microsecond),
	}
	anew, err := command.Revoke(ctx, store, cmd, func(l *revocation.List) ([]domain.Event, error) {
		if c.ID != "" {
			return l.RevokeToken(cmd, c.ID, revocation.Reason(c.Reason))
		}
		return l.RevokeAccount(cmd, account, revocation.Reason(c.Reason))
	})
	var refused *domain.Error
	if errors.As(err, &refused) {
		err = errors.New(refused.Message)
	}
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	if anew {
		fmt.Println("Revoked. Every server refuses it within a second.")
	} else {
		fmt.Println("It was revoked before.")
	}
	return nil
}

// account returns the account of the flags, or the id that follows from the IIN; both are zero
// where the flags name a token.
func (c *tokenRevokeCommand) account(ctx context.Context) (string, domain.PersonID, error) {
	if c.IIN == "" {
		if c.Account == "" {
			return "", domain.PersonID{}, nil
		}
		return c.Account, domain.PersonID{}, checkAccount(c.Account)
	}
	iin, err := parseIIN(c.IIN)
	if err != nil {
		return "", domain.PersonID{}, err
	}
	k, err := existingKeys(ctx, c.Data)
	return "", k.person.PersonID(iin), err
}

// open opens the event store that the flags name, or that of the running server.
func (c *tokenRevokeCommand) open(ctx context.Context) (*eventstore.Store, error) {
	options, err := optionsOf(c.Data)
	if err != nil {
		return nil, err
	}
	if c.Eventstore != "" {
		return c.connect(c.Eventstore, options...)
	}
	e, err := registryParts{Data: c.Data}.endpoints(ctx)
	if err != nil {
		return nil, fmt.Errorf("no server runs on %s: start one there, or give --eventstore", c.Data)
	}
	return e.openEventStore(c.credentials, options...)
}
