package main

import (
	"errors"
	"fmt"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

type tokenCommand struct {
	Data    string        `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Role    string        `help:"citizen, operator, provider, commission, auditor or administrator." required:"" enum:"citizen,operator,provider,commission,auditor,administrator"`
	IIN     string        `name:"iin" help:"IIN of the citizen." xor:"who"`
	Account string        `help:"Name of the account, one for each desk, without personal data." xor:"who"`
	Valid   time.Duration `help:"How long the token is accepted." default:"12h"`
}

func (c *tokenCommand) Run() error {
	p := token.Principal{Role: domain.Role(c.Role), Account: c.Account}
	var iin domain.IIN
	switch {
	case c.Valid <= 0:
		return errors.New("--valid must be a positive duration, such as 12h")
	case p.Role != domain.RoleCitizen && c.IIN != "":
		return fmt.Errorf("--iin is for the role citizen: the role %s takes --account", c.Role)
	case p.Role == domain.RoleCitizen && c.IIN == "":
		return errors.New("the role citizen needs --iin: the token is for that person")
	case p.Role == domain.RoleCitizen:
		var err error
		if iin, err = parseIIN(c.IIN); err != nil {
			return err
		}
	case p.Account == "":
		p.Account = c.Role + "-1"
	}
	k, err := openKeys(keysDir(c.Data))
	if err != nil {
		return err
	}
	if p.Role == domain.RoleCitizen {
		p.PersonID = k.person.PersonID(iin)
	}
	token, err := k.tokens.Issue(p, time.Now(), c.Valid)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}
