package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

type tokenCommand struct {
	Print  tokenPrintCommand  `cmd:"" default:"withargs" help:"Print a token that a server with the same data directory accepts."`
	Revoke tokenRevokeCommand `cmd:"" help:"Have every server refuse a token, or all tokens of an account that were issued until now."`
	Keys   tokenKeysCommand   `cmd:"" help:"List, rotate and remove the keys that sign these tokens."`
}

type tokenPrintCommand struct {
	Data    string        `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Role    string        `help:"citizen, operator, provider, commission, auditor, administrator or consumer." required:"" enum:"citizen,operator,provider,commission,auditor,administrator,consumer"`
	IIN     string        `name:"iin" help:"IIN of the citizen; or of the person who uses the account."`
	Account string        `help:"Name of the account, one for each desk, without personal data. Default: the role and -1."`
	Body    string        `help:"Id of the body for which the account acts, a UUID." placeholder:"UUID"`
	Valid   time.Duration `help:"How long the token is accepted, at most 24h." default:"12h"`
}

func (c *tokenPrintCommand) Run(ctx context.Context) error {
	p := token.Principal{Role: domain.Role(c.Role), Account: c.Account}
	switch {
	case c.Valid <= 0:
		return errors.New("--valid must be a positive duration, such as 12h")
	case c.Valid > token.MaxLifetime:
		return fmt.Errorf("--valid is at most %d hours: a token that is stolen must not last",
			int(token.MaxLifetime.Hours()))
	case p.IsCitizen() && c.IIN == "":
		return errors.New("the role citizen needs --iin: the token is for that person")
	case p.IsCitizen() && (c.Account != "" || c.Body != ""):
		return errors.New("the role citizen takes neither --account nor --body: a citizen acts as the person of --iin")
	case !p.IsCitizen() && c.IIN != "" && c.Account == "":
		return fmt.Errorf("--iin names the citizen, or the person who uses an account: "+
			"the role %s takes --account, with or without --iin", c.Role)
	}
	var iin domain.IIN
	var err error
	if c.IIN != "" {
		if iin, err = parseIIN(c.IIN); err != nil {
			return err
		}
	}
	if p.BodyID, err = parseBody(c.Body); err != nil {
		return err
	}
	if !p.IsCitizen() {
		if p.Account == "" {
			p.Account = c.Role + "-1"
		}
		if err := checkAccount(p.Account); err != nil {
			return err
		}
	}
	k, err := keysOfTool(ctx, c.Data)
	if err != nil {
		return err
	}
	if iin != "" {
		p.PersonID = k.person.PersonID(iin)
	}
	text, err := k.tokens.Issue(p, time.Now(), c.Valid)
	if err != nil {
		return err
	}
	fmt.Println(text)
	return nil
}

// checkAccount checks the flag --account. Its error never repeats the text of the flag.
func checkAccount(name string) error {
	var refused *domain.Error
	if errors.As(domain.CheckAccount(name), &refused) {
		return fmt.Errorf("--account: %s", refused.Message)
	}
	return nil
}

// parseBody parses the flag --body; the zero id where it is not given.
func parseBody(text string) (domain.BodyID, error) {
	if text == "" {
		return domain.BodyID{}, nil
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil || len(text) != len(id.String()) {
		return domain.BodyID{}, errors.New("--body is not the id of a body: write it as a UUID, as the registry gave it")
	}
	return domain.BodyID{UUID: id}, nil
}
