package command_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// replaced is a log in whose place another one can be put, under a handler that remembers
// the former.
type replaced struct{ *memoryLog }

// beforeCommand returns the log as it was before the first event of the command.
func (l *memoryLog) beforeCommand(id domain.CommandID) *memoryLog {
	c := newLog()
	for _, rec := range l.since(0) {
		if rec.Meta.Causation == id {
			break
		}
		c.all = append(c.all, rec)
		c.streams[rec.Stream] = append(c.streams[rec.Stream], rec)
	}
	return c
}

// unavailable expects an answer after which the client sends the request again.
func unavailable(t *testing.T, what string, err error) {
	t.Helper()
	var refusal *domain.Error
	if !errors.As(err, &refusal) || refusal.Kind != domain.Unavailable {
		t.Errorf("%s: %v, want an answer of kind Unavailable", what, err)
	}
}

// A command is repeated after the log was restored from before it: the registry remembers an
// outcome that the log does not have.
func TestV3_ARepeatedCommandOnALogThatLostItNeverPanics(t *testing.T) {
	l := world(t)
	must(t, "place aigul", approve(newHandler(l), caseOfAigul))
	for name, log := range map[string]*memoryLog{
		"nothing of it is there": l.beforeCommand(envelope("place aigul").ID),
		"the log is empty":       newLog(),
		"other commands took its place": func() *memoryLog {
			other := l.beforeCommand(envelope("place aigul").ID)
			must(t, "another places aigul", approve(newHandler(other), caseOfAigul))
			return other
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			under := &replaced{l}
			h := newHandler(under)
			place := func() error {
				_, err := approve(h, caseOfAigul)(envelope("place aigul"))
				return err
			}
			if err := place(); err != nil { // it is remembered
				t.Fatal(err)
			}
			under.memoryLog = log
			unavailable(t, "the first time", place())
			if err := place(); err != nil { // what was remembered is given up
				var refusal *domain.Error
				if !errors.As(err, &refusal) {
					t.Errorf("the second time: %v", err)
				}
			}
		})
	}
}

// A state of another log is given up once an event of this one does not follow from it, and
// read anew from the beginning.
func TestV3_AStateThatTheLogContradictsIsReadAnew(t *testing.T) {
	other := newLog()
	if _, err := other.Append(ctx, list.Stream(), eventstore.NoStream, []eventstore.NewEvent{
		{ID: uuid.New(), Event: residence.WardNoted{}}, // and no list is opened
	}); err != nil {
		t.Fatal(err)
	}
	under := &replaced{other}
	h := newHandler(under)
	if q, err := h.KnownList(ctx, list, true); err != nil || q.Known() {
		t.Fatalf("%+v, %v", q, err)
	}
	under.memoryLog = world(t) // whose next event places somebody
	_, err := h.KnownList(ctx, list, true)
	unavailable(t, "by what is remembered", err)
	if q, err := h.KnownList(ctx, list, true); err != nil || !q.Known() {
		t.Errorf("read anew: %v", err)
	}
}

// Somebody changes the list whenever a placement is about to append to it.
func TestV3_ALostRaceAfterTheFirstStepDoesNotSayThatNothingWasChanged(t *testing.T) {
	l := world(t)
	h, busy := newHandler(l), newHandler(l)
	n, inside := 0, false
	l.faults(func(_ int, stream string) error {
		if inside || stream != list.Stream() {
			return nil
		}
		inside = true
		defer func() { inside = false }()
		n++
		must(t, fmt.Sprint("busy ", n), func(cmd domain.Command) (command.Receipt, error) {
			c := housing.Review{EntryID: entryOfDaur, Close: n%2 == 0, Note: "n"}
			return busy.ReviewEntry(ctx, cmd, list, c, command.Options{})
		})
		return nil
	}, nil)
	_, err := approve(h, caseOfAigul)(envelope("slow"))
	var refusal *domain.Error
	if !errors.As(err, &refusal) || refusal.Code != domain.CodeLostRace || refusal.Kind != domain.Unavailable {
		t.Errorf("it is answered %v, want %s of kind Unavailable", err, domain.CodeLostRace)
	}
	l.heal()
	if _, err := approve(h, caseOfAigul)(envelope("slow")); err != nil {
		t.Errorf("sent again: %v", err)
	}
}
