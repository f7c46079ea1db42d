package main

import (
	"os"

	"tizilim/httpapi"
)

type openapiCommand struct{}

func (openapiCommand) Run() error {
	text, err := httpapi.OpenAPI(version())
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
