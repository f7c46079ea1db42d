package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/mobilecitizens"
)

func mobileCitizensFile(data string) string { return filepath.Join(data, "mobile-citizens.jsonl") }

// openMobileCitizens is the mobile-citizens base: the configured service, or the
// list in data.
func openMobileCitizens(c config, k keys) command.MobileCitizens {
	if c.mobile != "" {
		return mobilecitizens.NewService(c.mobile)
	}
	return mobilecitizens.NewFile(mobileCitizensFile(c.data), k.person.PersonID)
}

type mobileCitizenCommand struct {
	Data  string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	IIN   string `name:"iin" help:"Whose telephone it is." required:""`
	Phone string `help:"The telephone, such as +77010000000; without it the person is taken off the list."`
}

func (c *mobileCitizenCommand) Run() error {
	var refused *domain.Error
	iin, err := domain.ParseIIN(c.IIN)
	if errors.As(err, &refused) {
		return fmt.Errorf("--iin: %s", refused.Message)
	}
	k, err := existingKeys(c.Data)
	if err != nil {
		return err
	}
	return mobilecitizens.NewFile(mobileCitizensFile(c.Data), k.person.PersonID).Bind(iin, domain.Personal(c.Phone))
}
