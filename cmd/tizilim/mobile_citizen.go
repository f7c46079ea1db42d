package main

import (
	"context"
	"path/filepath"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/mobilecitizens"
)

// mobileCitizensFile is the file that replaces the mobile-citizens base where no
// service is configured.
func mobileCitizensFile(data string) string { return filepath.Join(data, "mobile-citizens.jsonl") }

// openMobileCitizens returns the mobile-citizens base: the configured service, or the
// file in the data directory.
func openMobileCitizens(c config, k keys) command.MobileCitizens {
	if c.mobile != "" {
		return mobilecitizens.NewService(c.mobile)
	}
	return mobilecitizens.NewFile(mobileCitizensFile(c.data), k.person.PersonID)
}

type mobileCitizenCommand struct {
	Data  string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	IIN   string `name:"iin" help:"IIN of the owner of the telephone." required:""`
	Phone string `help:"Telephone, such as +77010000000. Without it the entry of the person is deleted."`
}

func (c *mobileCitizenCommand) Run(ctx context.Context) error {
	iin, err := parseIIN(c.IIN)
	if err != nil {
		return err
	}
	k, err := existingKeys(ctx, c.Data)
	if err != nil {
		return err
	}
	return mobilecitizens.NewFile(mobileCitizensFile(c.Data), k.person.PersonID).Bind(iin, domain.Personal(c.Phone))
}
