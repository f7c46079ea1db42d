package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"tizilim/httpapi/operation"
)

type signCommand struct {
	Request string `arg:"" help:"Method and path of the request, such as 'POST /v1/deregistrations'."`
	Data    string `help:"Data directory of the server, for its demonstration authority." default:"./data" type:"path" env:"TIZILIM_DATA"`
	IIN     string `name:"iin" help:"IIN of the person who signs." required:""`
	Name    string `help:"Name of the person who signs: surname, first name, patronymic. Only a request by which they record themselves needs it."`
	Key     string `help:"Idempotency-Key of the request." required:""`
}

// Run reads the body of a request from standard input and prints it with a signature.
func (c *signCommand) Run(ctx context.Context) error {
	iin, err := parseIIN(c.IIN)
	if err != nil {
		return err
	}
	if err := operation.CheckKey(c.Key, "--key"); err != nil {
		return err
	}
	k, err := existingKeys(ctx, c.Data)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return fmt.Errorf("the body on standard input is not a JSON object: %w", err)
	}
	signature, err := k.authority.signature(iin, c.Name, c.Request, c.Key, body, nowIn(c.Data))
	if err != nil {
		return err
	}
	if members["signature"], err = json.Marshal(signature); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(members)
}
