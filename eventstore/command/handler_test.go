package command_test

import (
	"context"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/eventstore/command"
)

// newHandler returns a handler on the log. Unless the options say otherwise its
// clock stands still, and its model knows no other list and nobody registered.
func newHandler(l command.Log, with ...func(*command.Config)) *command.Handler {
	c := command.Config{Log: l, Model: model{}, Now: clock}
	for _, set := range with {
		set(&c)
	}
	h, err := command.New(c)
	if err != nil {
		panic(err)
	}
	return h
}

func withClock(now func() time.Time) func(*command.Config) {
	return func(c *command.Config) { c.Now = now }
}
func withRules(b rules.Book) func(*command.Config)    { return func(c *command.Config) { c.Rules = b } }
func withModel(m command.Model) func(*command.Config) { return func(c *command.Config) { c.Model = m } }

// model is a read model. Once it is asked, it tells what it was given.
type model struct {
	behind    error // what CatchUp answers
	occupants func(domain.DwellingID, domain.Date) []domain.PersonID
	lists     map[string][]domain.ListID
}

func (m model) CatchUp(context.Context) error { return m.behind }

func (m model) Occupants(_ context.Context, id domain.DwellingID, on domain.Date) ([]domain.PersonID, error) {
	if m.occupants == nil {
		return nil, nil
	}
	return m.occupants(id, on), nil
}

func (m model) ListsOf(_ context.Context, body string) ([]domain.ListID, error) {
	return m.lists[body], nil
}
