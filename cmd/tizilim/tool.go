package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// tool is the registry as a command of the operator uses it: the log, the read model and the commands.
type tool struct {
	store    *eventstore.Store
	model    *projections.Reader
	commands *command.Handler
	keys     keys
	book     rules.Book
	catchUp  func(context.Context) error
	closers  []func() error
}

func (t *tool) close() error {
	var errs []error
	for _, c := range slices.Backward(t.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// openTool opens the registry of a running server. Nothing that the commands of a tool do is signed, and
// nothing is sent.
func (p registryParts) openTool(ctx context.Context, rulesFile, calendarFile string) (t *tool, err error) {
	t = &tool{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.book, err = openBook(rulesFile, calendarFile); err != nil {
		return t, err
	}
	if t.keys, err = existingKeys(ctx, p.Data); err != nil {
		return t, err
	}
	store, client, err := p.open(ctx)
	if err != nil {
		return t, err
	}
	t.closers = append(t.closers, store.Close, client.Close)
	if err := useKeys(store, keysDir(p.Data)); err != nil {
		return t, err
	}
	options := projections.Options{Logger: slog.Default()}
	t.store, t.model = store, projections.NewReader(client, options)
	watch, err := projections.NewWatch(t.model, store, options)
	if err != nil {
		return t, err
	}
	t.catchUp = func(ctx context.Context) error { return patiently(ctx, watch.CatchUp) }
	directory := command.NewDirectory(store, false)
	follow, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); directory.Run(follow, store) }()
	t.closers = append(t.closers, func() error { stop(); <-done; return nil })
	t.commands, err = command.New(command.Config{
		Log: store, Model: patientModel{t.model, t.catchUp}, Now: time.Now, Rules: t.book,
		Signatures: absent{}, MobileCitizens: absent{}, Gateway: absent{},
		PasswordKey: t.keys.password, CheckKey: t.keys.check, Logger: slog.Default(),
		Bodies: directory, Keys: store, Records: records{t.model},
	})
	return t, err
}

// patientModel is a read model that is waited for as long as it takes: an import may be ahead of it by
// minutes.
type patientModel struct {
	*projections.Reader
	catchUp func(context.Context) error
}

func (m patientModel) CatchUp(ctx context.Context) error { return m.catchUp(ctx) }

// modelPatience is how long a tool waits for the read model.
const modelPatience = 10 * time.Minute

// patiently repeats what waits for the read model while the model is behind.
func patiently(ctx context.Context, catchUp func(context.Context) error) error {
	for began := time.Now(); ; {
		err := catchUp(ctx)
		if !domain.IsKind(err, domain.Unavailable) || time.Since(began) > modelPatience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // between two tries
		}
	}
}

// absent stands for the services that a tool does not use.
type absent struct{}

var errAbsent = errors.New("a tool of the operator does not use this service")

func (absent) Holder([]byte) (domain.Holder, error) { return domain.Holder{}, errAbsent }

func (absent) Verify(context.Context, []byte, []byte, time.Time) (domain.Evidence, error) {
	return domain.Evidence{}, errAbsent
}
func (absent) Phone(context.Context, domain.IIN) (domain.Personal, error) { return "", errAbsent }
func (absent) Send(context.Context, command.Message) error                { return errAbsent }
