package command_test

import (
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
	h := command.New(l, clock)
	rehearsed, err := depart(h, order("depart"), command.Options{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	done, err := depart(h, order("depart"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"case: DeregistrationApplied", "residence: RegistrationEnded", "residence: RegistrationEnded",
		"case: DeregistrationDecided", "case: DepartureSheetIssued", "case: DepartureSheetIssued",
	}
	if got := typesOf(rehearsed.Events); !slices.Equal(got, want) {
		t.Errorf("rehearsed %v, want %v", got, want)
	}
	if got := typesOf(done.Events); !slices.Equal(got, want) {
		t.Fatalf("carried out %v, want %v", got, want)
	}
	ended := done.Events[1].Event.(residence.RegistrationEnded)
	sheet := done.Events[4].Event.(residence.DepartureSheetIssued)
	if sheet.RegistrationID != ended.RegistrationID || sheet.PersonID != daur || sheet.DwellingID != flat || sheet.On != ended.On {
		t.Errorf("the sheet %+v is not of the ending %+v", sheet, ended)
	}
	file, err := h.Certificates(ctx, departure)
	if err != nil || len(file.Documents) != 3 || file.Revision != done.Revision {
		t.Errorf("%+v, %v", file, err)
	}

	// Once more by another process: the same sheets, and no more of them.
	again, err := depart(command.New(l, clock), order("depart"), command.Options{})
	if err != nil || !again.Repeated || !slices.Equal(typesOf(again.Events), want) {
		t.Errorf("repeated %v, %v", typesOf(again.Events), err)
	}
}

func TestR17_NoSheetWhereNoneWasAskedFor(t *testing.T) {
	l := world(t)
	done, err := deregister(command.New(l, clock), order("deregister"), command.Options{})
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
	left, err := depart(command.New(l, clock), order("depart"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sheet := left.Events[4].Event.(residence.DepartureSheetIssued).CertificateID
	desks := []*command.Handler{command.New(l, clock), command.New(l, clock)}
	for _, h := range desks { // both have seen the sheet valid
		if f, err := h.Certificates(ctx, departure); err != nil || !f.Documents[1].Valid() {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	if _, err := desks[0].DuplicateCertificate(ctx, order("one desk"), departure, sheet, command.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := desks[1].DuplicateCertificate(ctx, order("other desk"), departure, sheet, command.Options{}); domain.CodeOf(err) != domain.CodeCertificateSuperseded {
		t.Errorf("the second duplicate: %v, want %s", err, domain.CodeCertificateSuperseded)
	}
	file, err := desks[1].Certificates(ctx, departure)
	if err != nil {
		t.Fatal(err)
	}
	valid := 0
	for _, d := range file.Documents {
		if d.Kind == certificates.DepartureSheet && d.Valid() && file.Named(d) == daur {
			valid++
		}
	}
	if valid != 1 {
		t.Errorf("%d valid sheets of one ending", valid)
	}
}
