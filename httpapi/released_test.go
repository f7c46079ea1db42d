package httpapi_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	bodies "tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/domain/revocation"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/httpapi/token"
)

// poisoned appends to the stream an event of a type that this release does not know, as a
// later one of the registry would write it.
func (r *registry) poisoned(stream string) domain.Recorded {
	r.t.Helper()
	at := eventstore.NoStream
	for e, err := range r.store.ReadRaw(r.ctx(), eventstore.RawRead{Stream: stream, Backwards: true, Limit: 1}) {
		must(r.t, err)
		at = eventstore.Expected(e.Revision)
	}
	e := eventstore.RawEvent{
		ID: uuid.New(), Type: "OfALaterRelease", JSON: true, Data: []byte(`{}`), Metadata: []byte(`{"schema":"1"}`),
	}
	e = r.store.MarkRaw(stream, uint64(at+1), e)
	revision, _, err := r.store.AppendRaw(r.ctx(), stream, at, []eventstore.RawEvent{e})
	must(r.t, err)
	return domain.Recorded{ID: e.ID, Stream: stream, Revision: revision}
}

// release gives the event up, as tizilim quarantine release does. It reports whether that
// was new.
func (r *registry) release(event domain.Recorded) bool {
	r.t.Helper()
	cmd := domain.Command{
		ID: domain.CommandID{UUID: uuid.New()}, Actor: "command-line", Role: domain.RoleSystem, Now: r.clock.Now(),
	}
	anew, err := command.Release(r.ctx(), r.store, cmd, event, "OfALaterRelease", "order 21", "operator-3")
	must(r.t, err)
	return anew
}

// followReleases has the process act on releases until the test ends.
func (r *registry) followReleases() {
	ctx, cancel := context.WithCancel(r.ctx())
	done := make(chan struct{})
	go func() {
		defer close(done)
		command.FollowReleases(ctx, r.store, r.config.Commands, r.directory, r.log)
	}()
	r.t.Cleanup(func() { cancel(); <-done })
}

func TestAListGoesOnWithoutAnEventThatIsReleased(t *testing.T) {
	r := start(t)
	r.followReleases()
	s := r.at(t)
	list := s.list()
	_, first, _ := s.entry(list)
	waiting := s.applied(s.citizen(), list)
	bad := r.poisoned("queue-" + list)
	commission := s.token(domain.RoleCommission)

	decision := "/v1/cases/" + waiting + "/decision"
	s.command(decision, commission, placing).refused(http.StatusServiceUnavailable, domain.CodeRecordUnread, "")
	s.until("the event is in quarantine", func() bool {
		status, err := r.model.Status(r.ctx())
		return err == nil && status.Held == 1
	})
	s.get(entryPath(list, first), commission).refused(http.StatusServiceUnavailable, domain.CodeModelNotReady, "")

	if !r.release(bad) || r.release(bad) {
		t.Error("the event is not released once")
	}
	if got := s.placed(waiting).at("placement", "number"); got != 2.0 {
		t.Errorf("the next number is %v", got)
	}
	s.until("the list is shown again", func() bool {
		status, err := r.model.Status(r.ctx())
		return err == nil && status.Held == 0
	})
	third, entry, a := s.entry(list)
	same := func() {
		t.Helper()
		if got := s.seen(entryPath(list, entry), s.as(third), a).at("number"); got != 3.0 {
			t.Errorf("the model shows the number %v", got)
		}
		r.verified()
	}
	same()
	must(t, r.projection.Rebuild(r.ctx(), nil))
	same()

	// Another process, which reads everything for the first time, goes on likewise.
	r.restarted(unchanged[command.Log])
	if _, _, a := s.entry(list); a.at("placement", "number") != 4.0 {
		t.Errorf("in another process the next number is %v", a.at("placement", "number"))
	}
}

func TestAHistoryShowsWhoReleasedAnEventAndOnWhatBasis(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, home := s.citizen(), s.dwelling()
	bad := r.poisoned("residence-" + person)
	r.release(bad)
	moved := s.registered(person, home, "2026-03-01", "").is(http.StatusCreated)
	position := header{"Tizilim-Position", moved.header.Get("Tizilim-Position")}
	var history *answer
	s.until("the model has taken up the release", func() bool { // until then the record is held back: 503
		history = s.get("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), position)
		return history.status != http.StatusServiceUnavailable
	})
	events := history.is(http.StatusOK).at("events").([]any)
	for _, e := range events {
		if e := e.(map[string]any); e["event_id"] == bad.ID.String() {
			data := e["data"].(map[string]any)
			if e["type"] != "EventSkipped" || data["type"] != "OfALaterRelease" || data["basis"] != "order 21" ||
				data["released_by"] != "operator-3" || data["released_at"] == nil || data["why"] == nil {
				t.Errorf("the history shows %v", e)
			}
			return
		}
	}
	t.Errorf("the history hides the event: %v", events)
}

// The read model could not take it, or an operator would not release it.
func TestNothingRestsOnAReadableEventOnceItIsReleased(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	s.entry(list)
	second, waiting := s.applied(s.citizen(), list), s.applied(s.citizen(), list)
	key := header{"Idempotency-Key", r.key()}
	place := func() *answer {
		return s.command("/v1/cases/"+second+"/decision", s.token(domain.RoleCommission), placing, key).is(http.StatusOK)
	}
	place()
	events := s.stream("queue-" + list)
	r.release(events[len(events)-1])
	r.followReleases()
	s.until("the process has given the list up", func() bool {
		for rec, err := range r.store.Read(r.ctx(), "queue-"+list, uint64(len(events)-1)) {
			must(t, err)
			_, skipped := rec.Event.(domain.Skipped)
			return skipped
		}
		return false
	})
	s.until("the next number is counted without the event", func() bool {
		a := s.command("/v1/cases/"+waiting+"/decision?dry_run=true", s.token(domain.RoleCommission), placing)
		return a.is(http.StatusOK).at("placement", "number") == 2.0
	})

	place() // the request whose event was released counts as not carried out
	if again := s.stream("queue-" + list); len(again) != len(events)+1 ||
		again[len(events)].Event.EventType() != (housing.EntryPlaced{}).EventType() {
		t.Errorf("the repeated request recorded %d events", len(again)-len(events))
	}
}

func TestStaffActAgainOnceAnUnreadableRevocationIsReleased(t *testing.T) {
	r := start(t)
	revocations := token.NewRevocations(r.store, r.log)
	bad := r.poisoned(revocation.Stream)
	if err := revocations.ReadOn(r.ctx()); domain.CodeOf(err) != domain.CodeRecordUnread {
		t.Fatalf("an unreadable revocation: %v", err)
	}
	r.release(bad)
	must(t, revocations.ReadOn(r.ctx()))
}

func TestABodyActsAgainOnceAnUnreadableEventOfItIsReleased(t *testing.T) {
	r := start(t)
	r.followReleases()
	id := bodies.Default(domain.RoleCommission)
	bad := r.poisoned(id.Stream())
	s := r.at(t)
	s.until("nobody acts for the body", func() bool {
		_, err := r.directory.Body(r.ctx(), id)
		return domain.CodeOf(err) == domain.CodeRecordUnread
	})
	r.release(bad)
	s.until("its accounts act again", func() bool {
		_, err := r.directory.Body(r.ctx(), id)
		return err == nil
	})
}
