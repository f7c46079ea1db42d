package projections

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// script is a log in memory. It delivers every event twice.
type script struct {
	mu        sync.Mutex
	log       []domain.Delivery
	revisions map[string]uint64
	grown     chan struct{}   // closed, and replaced, with every append
	held      domain.Position // nothing after it is delivered yet; 0: everything is
	now       time.Time

	released []domain.EventRef
}

func newScript() *script {
	return &script{revisions: make(map[string]uint64), grown: make(chan struct{}),
		now: time.Date(2026, 3, 2, 9, 0, 0, 0, domain.Zone)}
}

// add appends an event to its stream, a minute after the one before. Positions
// leave gaps, as those of a real log do.
func (s *script) add(stream string, event domain.Event, meta ...domain.Meta) domain.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := domain.Recorded{ID: uuid.New(), Stream: stream, Revision: s.revisions[stream], Position: s.next(),
		Created: s.now, Event: event}
	if len(meta) > 0 {
		rec.Meta = meta[0]
	}
	s.append(domain.Delivery{Position: rec.Position, Recorded: &rec})
	return rec
}

// addPoison appends an event that cannot be decoded.
func (s *script) addPoison(stream string) domain.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := domain.Recorded{ID: uuid.New(), Stream: stream, Revision: s.revisions[stream], Position: s.next(),
		Created: s.now}
	s.append(domain.Delivery{Position: rec.Position, Recorded: &rec, Poison: fmt.Errorf("unknown type Gibberish")})
	return rec
}

func (s *script) next() domain.Position { return domain.Position(7 + 13*len(s.log)) }

func (s *script) append(d domain.Delivery) {
	s.log = append(s.log, d)
	s.revisions[d.Recorded.Stream]++
	s.now = s.now.Add(time.Minute)
	s.wake()
}

func (s *script) wake() { close(s.grown); s.grown = make(chan struct{}) }

func (s *script) head() domain.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.log) == 0 {
		return 0
	}
	return s.log[len(s.log)-1].Position
}

func (s *script) Head(context.Context) (domain.Position, error) { return s.head(), nil }

// EventOf implements [LogEvents].
func (s *script) EventOf(_ context.Context, ref domain.EventRef) (domain.Recorded, bool, error) {
	for _, rec := range s.recorded() {
		if rec.Stream == ref.Stream && rec.Revision == ref.Revision {
			return rec, true, nil
		}
	}
	return domain.Recorded{}, false, nil
}

// ReadPage implements [FirstEvents].
func (s *script) ReadPage(_ context.Context, stream string, from uint64, limit int) (page []domain.Recorded, err error) {
	for _, rec := range s.recorded() {
		if rec.Stream == stream && rec.Revision >= from && len(page) < limit {
			page = append(page, rec)
		}
	}
	return page, nil
}

// cutBack takes the events after the position out of the log, as one does that is restored
// from an older backup.
func (s *script) cutBack(to domain.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = slices.DeleteFunc(s.log, func(d domain.Delivery) bool {
		if d.Position > to {
			s.revisions[d.Recorded.Stream]--
		}
		return d.Position > to
	})
	s.wake()
}

// holdAfter delivers nothing after the position until release.
func (s *script) holdAfter(p domain.Position) { s.mu.Lock(); s.held = p; s.wake(); s.mu.Unlock() }
func (s *script) release()                    { s.holdAfter(0) }

// mend lets the poisoned event be read.
func (s *script) mend(at domain.Position, event domain.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range s.log {
		if d.Position == at {
			rec := *d.Recorded
			rec.Event = event
			s.log[i] = domain.Delivery{Position: at, Recorded: &rec}
		}
	}
}

// giveUp releases the event: the log shows what stands for it.
func (s *script) giveUp(rec domain.Recorded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range s.log {
		if d.Position != rec.Position {
			continue
		}
		if _, already := d.Recorded.Event.(domain.Skipped); already {
			return
		}
		skipped := domain.Skipped{Type: "Gibberish", Basis: "order 7", ReleasedBy: "operator-3", ReleasedAt: s.now}
		if d.Poison != nil {
			skipped.Why = d.Poison.Error()
		}
		shown := *d.Recorded
		shown.Event = skipped.Skip(*d.Recorded)
		s.log[i] = domain.Delivery{Position: d.Position, Recorded: &shown}
	}
	s.released = append(s.released, domain.EventRef{Stream: rec.Stream, Revision: rec.Revision})
}

func (s *script) ReleasedAfter(_ context.Context, known int) ([]domain.EventRef, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.released[known:]), nil
}

func (s *script) recorded() []domain.Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []domain.Recorded
	for _, d := range s.log {
		all = append(all, *d.Recorded)
	}
	return all
}

func (s *script) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	to := make(chan domain.Delivery)
	go func() {
		defer close(to)
		send := func(d domain.Delivery) bool {
			select {
			case <-ctx.Done():
				return false
			case to <- d:
				return true
			}
		}
		last := after
		for i := 0; ; {
			s.mu.Lock()
			grown, held := s.grown, s.held
			var d *domain.Delivery
			if i < len(s.log) && (held == 0 || s.log[i].Position <= held) {
				d = &domain.Delivery{}
				*d = s.log[i]
			}
			end := i >= len(s.log)
			s.mu.Unlock()
			switch {
			case d != nil:
				i++
				if d.Position <= after {
					continue
				}
				last = d.Position
				for range 2 {
					if !send(*d) {
						return
					}
				}
			case end:
				if !send(domain.Delivery{Position: last, CaughtUp: true}) {
					return
				}
				fallthrough
			default:
				select {
				case <-ctx.Done():
					return
				case <-grown:
				}
			}
		}
	}()
	return to
}

// Ids with a readable tail.
func id(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}
func personID(n int) domain.PersonID             { return domain.PersonID{UUID: id(1000 + n)} }
func dwellingID(n int) domain.DwellingID         { return domain.DwellingID{UUID: id(2000 + n)} }
func registrationID(n int) domain.RegistrationID { return domain.RegistrationID{UUID: id(3000 + n)} }
func caseID(n int) domain.CaseID                 { return domain.CaseID{UUID: id(4000 + n)} }
func listID(n int) domain.ListID                 { return domain.ListID{UUID: id(5000 + n)} }
func entryID(n int) domain.EntryID               { return domain.EntryID{UUID: id(60000 + n)} }
func certificateID(n int) domain.CertificateID   { return domain.CertificateID{UUID: id(7000 + n)} }

var day = domain.NewDate(2026, 3, 2)

func (s *script) person(n int) domain.Recorded {
	return s.add(personID(n).Stream(), residence.PersonRecorded{
		PersonID: personID(n), Name: "SECRET NAME", IIN: "SECRET IIN", Class: residence.Citizen, RecordedAt: day.Start(),
	})
}

func (s *script) dwelling(n int, owners ...int) domain.Recorded {
	rec := s.add(dwellingID(n).Stream(), residence.DwellingRecorded{
		DwellingID: dwellingID(n), RKA: fmt.Sprintf("RKA%d",
			n), CadastralNumber: "21-318", KATO: "751110000", Address: "Abai 1", RecordedAt: s.now,
	})
	if len(owners) > 0 {
		e := residence.OwnersChanged{DwellingID: dwellingID(n), On: day}
		for _, o := range owners {
			e.Owners = append(e.Owners, residence.Owner{PersonID: personID(o), Share: "1/2"})
		}
		rec = s.add(dwellingID(n).Stream(), e)
	}
	return rec
}

func (s *script) register(n, person, dwelling int, kind residence.Kind, until domain.Date) domain.Recorded {
	return s.add(personID(person).Stream(), residence.RegistrationBegan{
		PersonID: personID(person), RegistrationID: registrationID(n), DwellingID: dwellingID(dwelling), Kind: kind,
		From: day, Until: until,
	})
}

func (s *script) end(n, person, dwelling int, kind residence.Kind) domain.Recorded {
	return s.add(personID(person).Stream(), residence.RegistrationEnded{
		PersonID: personID(person), RegistrationID: registrationID(n), DwellingID: dwellingID(dwelling), Kind: kind,
		Reason: residence.OwnerApplication, On: day.AddDays(1), CaseID: caseID(1),
	})
}

func (s *script) list(n int) domain.Recorded {
	return s.add(listID(n).Stream(), housing.ListOpened{
		ListID: listID(n), Body: "Akimat", Settlement: "Almaty", Title: fmt.Sprintf("List %d", n), OpenedAt: s.now,
	})
}

// refuses checks an error's kind and code.
func refuses(t *testing.T, err error, kind domain.Kind, code domain.Code) {
	t.Helper()
	e, ok := asError(err)
	if !ok || e.Kind != kind || e.Code != code {
		t.Fatalf("got error %v, want kind %d, code %s", err, kind, code)
	}
	if strings.TrimSpace(e.Message) == "" {
		t.Errorf("the error %s has no sentence", code)
	}
}

func pointers(page HistoryPage) []string {
	var refs []string
	for _, p := range page.Pointers {
		refs = append(refs, p.String())
	}
	return refs
}

func refs(recs ...domain.Recorded) []string {
	var refs []string
	for _, rec := range recs {
		refs = append(refs, eventRef(rec.Stream, rec.Revision))
	}
	return refs
}
