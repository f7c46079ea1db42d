package projections

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

func TestR6_ACaseThatWaitsForCoOwnersIsDueAndNotUnfinished(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		applied := deregistration(s, 1, 1, 1, 2)
		applied.CoOwners, applied.ConfirmBy, applied.Deadline = []domain.PersonID{personID(3),
			personID(4)}, day.AddDays(3).Start(), time.Time{}
		s.add(caseID(1).Stream(), applied)
		term := s.now.Add(30 * time.Minute)
		r := projected(t, client, s)
		expect := func(what string, due domain.TaskKind, unfinished int, state CaseState, answers ...residence.Confirmation) {
			t.Helper()
			reach(t, r, s.head())
			duties, err := r.DueTasks(ctx, applied.ConfirmBy, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			var want []domain.Task
			switch due {
			case domain.TaskConfirmations:
				want = []domain.Task{{Kind: due, Stream: caseID(1).Stream(), At: applied.ConfirmBy.UTC()}}
			case domain.TaskDecision:
				want = []domain.Task{{Kind: due, Stream: caseID(1).Stream(), At: term.UTC().Truncate(time.Millisecond)}}
			}
			same(t, duties, want)
			acts, err := r.Unfinished(ctx, s.now, 0, 10)
			if err != nil || len(acts) != unfinished {
				t.Errorf("%s: unfinished %v, %v", what, acts, err)
			}
			c, err := r.Case(ctx, caseID(1))
			if err != nil {
				t.Fatal(err)
			}
			same(t, c.State, state)
			same(t, c.CoOwners, []CoOwner{{personID(3), answers[0]}, {personID(4), answers[1]}})
		}
		const waiting, none = domain.TaskConfirmations, domain.TaskKind("")
		const asked = residence.ConfirmationRequested
		const yes, no = residence.ConfirmationConfirmed, residence.ConfirmationDeclined
		expect("received", waiting, 0, procedure.AwaitingCoOwners, asked, asked)
		s.add(caseID(1).Stream(), residence.CoOwnerConfirmed{CaseID: caseID(1), PersonID: personID(3), ConfirmedAt: s.now})
		expect("one confirmed", waiting, 0, procedure.AwaitingCoOwners, yes, asked)
		s.add(caseID(1).Stream(), residence.ConfirmationRevoked{CaseID: caseID(1), PersonID: personID(3), RevokedAt: s.now})
		expect("revoked", waiting, 0, procedure.AwaitingCoOwners, asked, asked)
		s.add(caseID(1).Stream(), residence.CoOwnerConfirmed{CaseID: caseID(1), PersonID: personID(4), ConfirmedAt: s.now})
		s.add(caseID(1).Stream(), residence.CoOwnerConfirmed{CaseID: caseID(1), PersonID: personID(3), ConfirmedAt: s.now,
			Deadline: term})
		expect("all confirmed", domain.TaskDecision, 1, procedure.InReview, yes, yes)
		s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), DecidedAt: s.now})
		expect("decided", none, 0, procedure.Refused, yes, yes)

		applied.CaseID = caseID(2)
		s.add(caseID(2).Stream(), applied)
		s.add(caseID(2).Stream(), residence.CoOwnerDeclined{CaseID: caseID(2), PersonID: personID(4), DeclinedAt: s.now})
		s.add(caseID(2).Stream(), residence.DeregistrationDecided{CaseID: caseID(2), DecidedAt: s.now})
		reach(t, r, s.head())
		c, err := r.Case(ctx, caseID(2))
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.CoOwners, []CoOwner{{personID(3), asked}, {personID(4), no}})
		if duties, err := r.DueTasks(ctx, applied.ConfirmBy, 0, 10); err != nil || len(duties) != 0 {
			t.Errorf("a declined case is due: %v, %v", duties, err)
		}
	})
}

func TestR13_TheTasksHoldTheTermsThatNoFactHasSettled(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		s.register(2, 1, 2, residence.Temporary, day.AddMonths(3))
		s.register(3, 2, 2, residence.Temporary, day.AddMonths(2))
		s.register(4, 3, 2, residence.Temporary, day.AddMonths(1))
		s.end(4, 3, 2, residence.Temporary)
		r := projected(t, client, s)
		expect := func(by time.Time, limit int, want ...domain.Task) {
			t.Helper()
			got, err := r.DueTasks(ctx, by, 0, limit)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		duty := func(person, registration int, until domain.Date) domain.Task {
			return domain.Task{Kind: domain.TaskTerm, Stream: personID(person).Stream(),
				Item: registrationID(registration).String(), At: until.Start().UTC()}
		}
		early, late := duty(2, 3, day.AddMonths(2)), duty(1, 2, day.AddMonths(3))
		expect(early.At.Add(-time.Millisecond), 10)
		expect(early.At, 10, early)
		expect(late.At, 10, early, late)
		expect(late.At, 1, early)

		correct := func(now residence.Standing) {
			s.add(personID(1).Stream(), residence.RegistrationCorrected{
				PersonID: personID(1), RegistrationID: registrationID(2), DwellingID: dwellingID(2), Kind: residence.Temporary,
				Now: now,
			})
			reach(t, r, s.head())
		}
		correct(residence.Standing{From: day, Until: day.AddMonths(1)})
		expect(late.At, 10, duty(1, 2, day.AddMonths(1)), early)
		correct(residence.Standing{From: day, Until: day.AddMonths(1), Void: true})
		expect(late.At, 10, early)
		s.end(3, 2, 2, residence.Temporary)
		reach(t, r, s.head())
		expect(late.At, 10)
	})
}

// TestC20_TheTasksHoldTheLastDaysOfConsents: of an application until its entry
// has the consent, and of the entry.
func TestC20_TheTasksHoldTheLastDaysOfConsents(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.list(1)
		until := func(d domain.Date) housing.ConsentTerms {
			return housing.ConsentTerms{Purpose: housing.ForHousing, Until: d}
		}
		received := application(s, 1, 1, 1)
		received.Terms = until(day.AddDays(3))
		s.add(caseID(1).Stream(), received)
		refused := application(s, 2, 1, 2)
		refused.Consent = false
		refused.Terms = until(day.AddDays(3))
		s.add(caseID(2).Stream(), refused)
		r := projected(t, client, s)
		expect := func(what, stream, item string, last domain.Date) {
			t.Helper()
			reach(t, r, s.head())
			duties, err := r.DueTasks(ctx, day.AddMonths(60).Start(), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []domain.Task
			for _, d := range duties {
				if d.Kind == domain.TaskConsent {
					got = append(got, d)
				}
			}
			if stream != "" {
				want = []domain.Task{{Kind: domain.TaskConsent, Stream: stream, Item: item, At: last.AddDays(1).Start().UTC()}}
			}
			t.Log(what)
			same(t, got, want)
		}
		inCase, onList, item := caseID(1).Stream(), listID(1).Stream(), entryID(1).String()
		expect("given with the application", inCase, "", day.AddDays(3))
		s.add(inCase, housing.LookupConsentWithdrawn{CaseID: caseID(1), PersonID: personID(1), WithdrawnAt: s.now})
		expect("withdrawn", "", "", domain.Date{})
		s.add(inCase, housing.LookupConsentRenewed{CaseID: caseID(1), PersonID: personID(1),
			ConsentTerms: until(day.AddDays(5)), RenewedAt: s.now})
		expect("given again", inCase, "", day.AddDays(5))
		s.add(inCase, housing.LookupConsentExpired{CaseID: caseID(1), PersonID: personID(1), ExpiredAt: s.now})
		expect("expired", "", "", domain.Date{})
		s.add(inCase, housing.LookupConsentRenewed{CaseID: caseID(1), PersonID: personID(1),
			ConsentTerms: until(day.AddDays(6)), RenewedAt: s.now})
		s.add(onList, housing.EntryPlaced{
			ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), CaseID: caseID(1), Number: 1, PlacedAt: s.now,
			Seniority: housing.Seniority{At: s.now, Position: 5}, Consent: housing.Consent{State: housing.ConsentGiven,
				ConsentTerms: until(day.AddDays(6))},
		})
		s.add(inCase, housing.PlacementCertified{CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1), Number: 1,
			CertifiedAt: s.now})
		expect("the entry has it", onList, item, day.AddDays(6))
		s.add(onList, housing.LookupConsentExpired{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1),
			ExpiredAt: s.now})
		expect("expired on the list", "", "", domain.Date{})
		s.add(onList, housing.LookupConsentRenewed{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1),
			ConsentTerms: until(day.AddDays(9)), RenewedAt: s.now})
		expect("given again there", onList, item, day.AddDays(9))
		s.add(onList, housing.LookupConsentRenewed{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1),
			RenewedAt: s.now})
		expect("without a last day", "", "", domain.Date{})
		s.add(onList, housing.LookupConsentRenewed{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1),
			ConsentTerms: until(day.AddDays(9)), RenewedAt: s.now})
		s.add(onList, housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1), From: personID(1),
			PersonID: personID(2), TransferredAt: s.now})
		expect("it was the former holder's", "", "", domain.Date{})
		c, err := r.Case(ctx, caseID(1))
		if err != nil {
			t.Fatal(err)
		}
		if c.Consent.State != housing.ConsentGiven || c.Consent.Until != day.AddDays(6) {
			t.Errorf("the case tells of the consent of its entry: %+v", c.Consent)
		}
	})
}

func TestR20_TheTasksHoldTheRepresentativesWhoseStreamsNameNoMinorYet(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		r := projected(t, client, s)
		recorded := residence.RepresentativeRecorded{PersonID: personID(1), RepresentativeID: personID(2),
			Kind: residence.Parent, RecordedAt: s.now}
		due := domain.Task{Kind: domain.TaskWard, Stream: personID(2).Stream(), Item: personID(1).String(),
			At: s.now.UTC().Truncate(time.Millisecond)}
		for _, c := range []struct {
			name string
			then domain.Event
			want []domain.Task
		}{
			{"recorded", recorded, []domain.Task{due}},
			{"noted", residence.WardNoted{PersonID: personID(2), WardID: personID(1), NotedAt: s.now}, nil},
			{"recorded again", recorded, []domain.Task{due}},
			{"ended", residence.RepresentationEnded{PersonID: personID(1), RepresentativeID: personID(2), EndedAt: s.now}, nil},
		} {
			stream := personID(1).Stream()
			if _, note := c.then.(residence.WardNoted); note {
				stream = personID(2).Stream()
			}
			s.add(stream, c.then)
			reach(t, r, s.head())
			got, err := r.DueTasks(ctx, s.now.Add(time.Hour), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil && len(got) == 0 {
				continue
			}
			same(t, got, c.want)
		}
	})
}

// TestQ43_TheTasksHoldTheDaysOnWhichNumbersGotWorse: one for each list and day, until its circular
// has begun.
func TestQ43_TheTasksHoldTheDaysOnWhichNumbersGotWorse(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.list(1)
		on := domain.DateOf(s.now)
		at := func(n int, overtakes int) {
			s.add(listID(1).Stream(), housing.EntryPlaced{
				ListID: listID(1), EntryID: entryID(n), PersonID: personID(n), CaseID: caseID(n), Overtakes: overtakes,
				Seniority: housing.Seniority{At: s.now, Position: domain.Position(100 - n)}, PlacedAt: s.now,
			})
		}
		at(1, 0)
		r := projected(t, client, s)
		expect := func(what string, want ...domain.Task) {
			t.Helper()
			reach(t, r, s.head())
			due, err := r.DueTasks(ctx, housing.WorseToldFrom(on), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(due, want) {
				t.Errorf("%s: %v, want %v", what, due, want)
			}
		}
		task := domain.Task{
			Kind: domain.TaskWorse, Stream: listID(1).Stream(), Item: on.String(), At: housing.WorseToldFrom(on).UTC(),
		}
		expect("nobody was overtaken")
		at(2, 1)
		at(3, 2)
		expect("two acts of a day", task)
		id := notice.DayCircularID(listID(1), notice.NumberWorse, on)
		s.add(id.Stream(), notice.CircularBegan{
			CircularID: id, Kind: notice.NumberWorse, About: domain.EventRef{Stream: listID(1).Stream(), Revision: 3},
			Day: on, BeganAt: s.now,
		})
		expect("the circular has begun")
	})
}
