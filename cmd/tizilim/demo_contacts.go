package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"

	"tizilim/domain"
)

// demoPhone draws a made-up telephone number, so that the demonstration can be repeated:
// the codes to one telephone are limited.
func demoPhone() string { return fmt.Sprintf("+7701%07d", rand.IntN(1e7)) }

// demoEmail draws a made-up address.
func demoEmail() string { return fmt.Sprintf("iliyas.%07d@example.com", rand.IntN(1e7)) }

// contacts are an answer about contacts, which masks them.
type contacts struct {
	Phone       string `json:"phone"`
	Email       string `json:"email"`
	Unconfirmed struct {
		Phone string `json:"phone"`
		Email string `json:"email"`
	} `json:"unconfirmed"`
}

// confirmContact has the person state a contact, "phone" or "email", and confirm it with
// the code in the outbox file of the server. confirmed is false where the code is not
// there.
func (t *storyteller) confirmContact(
	ctx context.Context, p person, contact, address string,
) (answer contacts, confirmed bool, err error) {
	if err := t.post(ctx, citizen(p.id), "/v1/me/contacts", map[string]any{
		contact: address, "language": "kk",
	}, &answer); err != nil {
		return answer, false, err
	}
	if answer.Phone+answer.Email != "" || answer.Unconfirmed.Phone+answer.Unconfirmed.Email == "" {
		return answer, false, fmt.Errorf("a contact was in force before its code: %+v", answer)
	}
	code, err := codeTo(outboxFile(t.data), address)
	if err != nil || code == "" {
		return answer, false, err
	}
	answer = contacts{}
	err = t.post(ctx, citizen(p.id), "/v1/me/contacts/confirmation", map[string]any{
		"contact": contact, "code": code,
	}, &answer)
	return answer, err == nil, err
}

// codeTo returns the code that was sent last to the address; empty where the outbox has
// none, or is not there.
func codeTo(outbox, address string) (code string, err error) {
	text, err := os.ReadFile(outbox)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for line := range bytes.Lines(text) {
		var message struct {
			To   domain.Personal `json:"to"`
			Text string          `json:"text"`
		}
		// The last line may be incomplete, but it is not this one: the server has answered.
		if json.Unmarshal(line, &message) == nil && string(message.To) == address {
			code = sixDigits.FindString(message.Text)
		}
	}
	return code, err
}
