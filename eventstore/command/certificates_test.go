package command_test

import (
	"fmt"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// TestR17_SheetsFollowTheDecision: of three persons one resides elsewhere; the
// others get their sheets after the decision, and a rehearsal tells the same.
func TestR17_SheetsFollowTheDecision(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	rehearsed, err := depart(h, envelope("depart"), command.Options{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	done, err := depart(h, envelope("depart"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"case: DeregistrationApplied", "residence: RegistrationEnded", "residence: RegistrationEnded",
		"case: DeregistrationDecided", "case: DeregistrationRefusalIssued", "case: DepartureSheetIssued",
		"case: DepartureSheetIssued",
	}
	if got := typesOf(rehearsed.Events); !slices.Equal(got, want) {
		t.Errorf("rehearsed %v, want %v", got, want)
	}
	if got := typesOf(done.Events); !slices.Equal(got, want) {
		t.Fatalf("carried out %v, want %v", got, want)
	}
	ended := done.Events[1].Event.(residence.RegistrationEnded)
	sheet := done.Events[5].Event.(residence.DepartureSheetIssued)
	if sheet.RegistrationID != ended.RegistrationID || sheet.PersonID != daur || sheet.DwellingID != flat ||
		sheet.On != ended.On {
		t.Errorf("the sheet %+v is not of the ending %+v", sheet, ended)
	}
	file, err := h.Certificates(ctx, departure.Stream(), domain.CertificateID{})
	if err != nil || len(file.Documents) != 4 || file.Revision != done.Revision {
		t.Errorf("%+v, %v", file, err)
	}

	// Once more by another process: the same sheets, and no more of them.
	again, err := depart(newHandler(l), envelope("depart"), command.Options{})
	if err != nil || !again.Repeated || !slices.Equal(typesOf(again.Events), want) {
		t.Errorf("repeated %v, %v", typesOf(again.Events), err)
	}
}

func TestR17_NoSheetWhereNoneWasAskedFor(t *testing.T) {
	l := world(t)
	done, err := deregister(newHandler(l), envelope("deregister"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(typesOf(done.Events), "case: DepartureSheetIssued") {
		t.Errorf("carried out %v", typesOf(done.Events))
	}
}

// TestR17_OfTwoDuplicatesAtOnceOneIsIssued: two desks ask for a duplicate of the
// same sheet; the second learns that it has been replaced.
func TestR17_OfTwoDuplicatesAtOnceOneIsIssued(t *testing.T) {
	l := world(t)
	left, err := depart(newHandler(l), envelope("depart"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sheet := left.Events[5].Event.(residence.DepartureSheetIssued).CertificateID
	desks := []*command.Handler{newHandler(l), newHandler(l)}
	for _, h := range desks { // both have seen the sheet valid
		if f, err := h.Certificates(ctx, departure.Stream(), domain.CertificateID{}); err != nil ||
			f.Documents[1].Status() != certificates.Valid {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	if _, err := desks[0].DuplicateCertificate(ctx, envelope("one desk"), departure.Stream(), sheet, command.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := desks[1].DuplicateCertificate(ctx, envelope("other desk"), departure.Stream(), sheet, command.Options{}); domain.CodeOf(
		err,
	) != domain.CodeCertificateSuperseded {
		t.Errorf("the second duplicate: %v, want %s", err, domain.CodeCertificateSuperseded)
	}
	file, err := desks[1].Certificates(ctx, departure.Stream(), sheet)
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, d := range file.Documents {
		if d.Kind == certificates.DepartureSheet && d.Status() == certificates.Valid && file.Named(d) == daur {
			valid++
		}
	}
	if valid != 1 {
		t.Errorf("%d valid sheets of one ending", valid)
	}
}

// stayOf is the first registration of the person.
func stayOf(t testing.TB, l *memoryLog, person domain.PersonID) domain.RegistrationID {
	t.Helper()
	p, err := newHandler(l).Person(ctx, person)
	if err != nil {
		t.Fatal(err)
	}
	return p.Registrations[0].ID
}

// sheetOf asks for the departure sheet of a registration.
func sheetOf(
	person domain.PersonID, id domain.RegistrationID,
) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
	return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
		return h.RequestDepartureSheet(
			ctx,
			cmd,
			person,
			residence.RequestDepartureSheet{RegistrationID: id, Language: domain.Russian},
			opt,
		)
	}
}

// TestR17_OfTwoRequestsAtOnceOneIsGranted: two desks ask for the sheet of the same
// move, and neither has seen the other's.
func TestR17_OfTwoRequestsAtOnceOneIsGranted(t *testing.T) {
	l := world(t)
	stay := stayOf(t, l, daur)
	must(t, "daur moves", register(newHandler(l), daur, house, residence.Permanent, command.Options{}))
	desks := []*command.Handler{newHandler(l), newHandler(l)}
	for _, h := range desks { // both have seen the ending without a sheet
		if p, err := h.Person(ctx, daur); err != nil || !p.Registrations[0].Ended {
			t.Fatalf("%v, %v", p.Registrations, err)
		}
	}
	if _, err := sheetOf(daur, stay)(desks[0], envelope("one desk"), command.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := sheetOf(daur, stay)(desks[1], envelope("other desk"), command.Options{}); domain.CodeOf(
		err,
	) != domain.CodeSheetIssued {
		t.Errorf("the second request: %v, want %s", err, domain.CodeSheetIssued)
	}
}

// TestR17_ARequestFinishesTheCaseThatEndedTheRegistration: the process that
// carries the case out is stopped after each of its appends, and somebody asks for
// a sheet. Where the application asked for sheets, that of the case is the one.
func TestR17_ARequestFinishesTheCaseThatEndedTheRegistration(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*command.Handler, domain.Command, command.Options) (command.Receipt, error)
		want domain.Code
	}{
		"sheets asked for":    {depart, domain.CodeSheetIssued},
		"no sheets asked for": {deregister, ""},
	} {
		for n := 1; n <= 4; n++ {
			t.Run(fmt.Sprintf("R17 %s, stopped after %d appends", name, n), func(t *testing.T) {
				l := world(t)
				stay, before := stayOf(t, l, daur), l.len()
				l.faults(func(at int, _ string) error {
					if at > n {
						return errCrash
					}
					return nil
				}, nil)
				if _, err := c.do(newHandler(l), envelope("do"), command.Options{}); (err == nil) != (n == 4) {
					t.Fatal(err)
				}
				l.heal()
				want := c.want
				if n == 1 { // nothing has ended yet
					want = domain.CodeNotEnded
				}
				h := newHandler(l)
				if _, err := sheetOf(daur, stay)(h, envelope("rehearse"), command.Options{DryRun: true}); n > 1 &&
					n < 4 &&
					domain.CodeOf(err) != domain.CodeLostRace {
					t.Errorf("rehearsed: %v", err)
				}
				if _, err := sheetOf(daur, stay)(h, envelope("ask"), command.Options{}); domain.CodeOf(err) != want {
					t.Fatalf("%v, want %q", err, want)
				}
				sheets := 0
				for _, rec := range l.since(before) {
					if e, ok := rec.Event.(residence.DepartureSheetIssued); ok && e.RegistrationID == stay {
						sheets++
					}
				}
				if n > 1 && sheets != 1 {
					t.Errorf("%d sheets of one ending: %v", sheets, typesOf(l.since(before)))
				}
			})
		}
	}
}

// TestR17_ADuplicateOfASheetThatIsVoidIsNotIssued: the sheet is in the stream of
// its case, the correction in that of the person.
func TestR17_ADuplicateOfASheetThatIsVoidIsNotIssued(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	left, err := depart(h, envelope("depart"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	issued := left.Events[5].Event.(residence.DepartureSheetIssued)
	if ending := left.Events[1]; issued.Ending != (domain.EventRef{Stream: ending.Stream, Revision: ending.Revision}) {
		t.Errorf("the sheet testifies %s, the ending is %s@%d", issued.Ending, ending.Stream, ending.Revision)
	}
	must(t, "the ending was none", func(cmd domain.Command) (command.Receipt, error) {
		r, _, err := h.Correct(ctx, cmd, daur, residence.Correct{
			Ground: residence.ClericalError, Reasons: "somebody else left", Accept: []domain.Code{domain.CodeCaseContradicted},
			Changes: []residence.Change{{Fact: residence.FactName{Event: issued.Ending}, Action: residence.Annul}},
		}, command.Options{})
		return r, err
	})
	for _, desk := range []*command.Handler{h, newHandler(l)} {
		if _, err := desk.DuplicateCertificate(ctx, envelope("again"), departure.Stream(), issued.CertificateID, command.Options{}); domain.CodeOf(
			err,
		) != domain.CodeCertificateVoid {
			t.Errorf("a duplicate: %v, want %s", err, domain.CodeCertificateVoid)
		}
	}
}
