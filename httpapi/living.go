package httpapi

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

const (
	// lifeKnown is how long reads go by one look at the log. A death that another process
	// recorded is known here after that time at the latest.
	lifeKnown = 10 * time.Minute
	// lifePatience is how long a read waits for that look.
	lifePatience = 500 * time.Millisecond
	// livingCached bounds the persons whose look is remembered, of about 150 bytes each.
	livingCached = 100_000
)

// living refuses whoever has died: a token or an account may outlive its person (R27).
// A command looks at the log each time. Of the reads by one person, only the first in
// lifeKnown does, so that a read of a number stays one look at the read model.
type living struct {
	commands *command.Handler
	now      func() time.Time
	looked   *lru.Cache[domain.PersonID, time.Time] // when the log had no death of the person
}

func newLiving(commands *command.Handler, now func() time.Time) *living {
	looked, err := lru.New[domain.PersonID, time.Time](livingCached)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &living{commands, now, looked}
}

// check refuses a person who has died. The zero id is of nobody.
func (l *living) check(ctx context.Context, id domain.PersonID, changes bool) error {
	switch {
	case id.IsZero():
		return nil
	case changes:
		return l.commands.CheckAlive(ctx, id, "")
	}
	now := l.now()
	if at, ok := l.looked.Get(id); ok && now.Sub(at) < lifeKnown {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lifePatience)
	defer cancel()
	err := l.commands.CheckAlive(ctx, id, "")
	switch {
	case domain.IsKind(err, domain.Unavailable) || ctx.Err() != nil:
		return nil // who lives reads on while the log is away; the next read looks again
	case err == nil:
		l.looked.Add(id, now)
	}
	return err
}

// forget has the next read by the person look at the log.
func (l *living) forget(id domain.PersonID) { l.looked.Remove(id) }
