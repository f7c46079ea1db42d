package command_test

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/rules"
	"tizilim/eventstore/command"
)

// newHandler returns a handler on the log. Unless the options say otherwise its
// clock stands still, and its model knows no other list and nobody registered.
func newHandler(l command.Log, with ...func(*command.Config)) *command.Handler {
	c := command.Config{
		Log: l, Model: model{}, Now: clock, Signatures: signatures{}, MobileCitizens: phones{}, Gateway: &post{},
		PasswordKey: passwordKey, CheckKey: certificates.CheckKey("another"), Logger: slog.New(slog.DiscardHandler),
	}
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

func withPasswords(base command.MobileCitizens, g command.Gateway) func(*command.Config) {
	return func(c *command.Config) { c.MobileCitizens, c.Gateway = base, g }
}

// passwordKey is the one behind the codes of one-time passwords.
var passwordKey = command.PasswordKey("a key that no registry has")

// signatures finds a signature in order: that of the person whose id it is.
type signatures struct{}

func (signatures) Verify(_ context.Context, _, cms []byte, _ time.Time) (domain.Evidence, error) {
	id, err := uuid.FromBytes(cms)
	return domaintest.Signed(domain.SignatureEDS, domain.PersonID{UUID: id}), err
}

func (signatures) Holder([]byte) (domain.Holder, error) { return domain.Holder{}, nil }

// phones is a mobile-citizens base.
type phones map[domain.IIN]domain.Personal

func (p phones) Phone(_ context.Context, iin domain.IIN) (domain.Personal, error) { return p[iin], nil }

// model is a read model. Once it is asked, it tells what it was given.
type model struct {
	behind    error // what CatchUp answers
	occupants func(domain.DwellingID, domain.Date) []domain.PersonID
	lists     map[string][]domain.ListID
	street    func(after string) ([]domain.DwellingID, string)
}

func (m model) CatchUp(context.Context) error { return m.behind }

func (m model) Occupants(_ context.Context, id domain.DwellingID, on domain.Date) ([]domain.PersonID, error) {
	if m.occupants == nil {
		return nil, nil
	}
	return m.occupants(id, on), nil
}

func (m model) Street(_ context.Context, _ domain.KATO, _, after string) ([]domain.DwellingID, string, error) {
	dwellings, next := m.street(after)
	return dwellings, next, nil
}

func (m model) Keeps(context.Context, domain.BodyID) (bool, error) { return false, nil }

func (m model) ListsOf(_ context.Context, body string) ([]domain.ListID, error) {
	return m.lists[body], nil
}
