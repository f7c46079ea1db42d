package main

import (
	"errors"
	"fmt"

	"tizilim/domain"
)

// parseIIN parses the flag --iin. Its error never repeats the text of the flag.
func parseIIN(text string) (domain.IIN, error) {
	iin, err := domain.ParseIIN(text)
	var refused *domain.Error
	if errors.As(err, &refused) {
		return "", fmt.Errorf("--iin: %s", refused.Message)
	}
	return iin, err
}
