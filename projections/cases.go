package projections

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// storedApplication is what a case begins with.
type storedApplication struct {
	Applicant      domain.PersonID   `json:"applicant"`
	Channel        domain.Channel    `json:"channel"`
	Language       domain.Language   `json:"language"`
	List           domain.ListID     `json:"list,omitzero"`
	Dwelling       domain.DwellingID `json:"dwelling,omitzero"`
	Ground         residence.Ground  `json:"ground,omitempty"`
	Persons        []domain.PersonID `json:"persons,omitempty"`
	DepartureSheet bool              `json:"departure_sheet,omitempty"`
	CoOwners       []domain.PersonID `json:"co_owners,omitempty"`
	ConfirmBy      time.Time         `json:"confirm_by,omitzero"`
	ReceivedAt     time.Time         `json:"received_at"`
	RegisteredAt   time.Time         `json:"registered_at"`
	Deadline       time.Time         `json:"deadline"`
}

// cases keeps the present state of every application, and of every review of an
// entry, which is read with the entry.
func cases(rec domain.Recorded) []op {
	file := fileOf(rec)
	if file == "" {
		return nil
	}
	if moves, ok := rec.Event.(procedure.Moves); ok {
		ops := []op{set(file, "state", string(moves.MovesTo()))}
		if begins, ok := moves.(procedure.Begins); ok {
			subject := begins.Begun().Subject.String()
			ops = append(ops, set(file, "subject", subject), join(subjectPrefix+subject, file))
		}
		return slices.Concat(ops, duties(rec, file), decisions(rec))
	}
	return slices.Concat(steps(rec, file), duties(rec, file), decisions(rec))
}

// fileOf returns the key of the case that the event is a step of: that of its
// stream, or of the case that it names in the stream of a list; "" for all other
// events.
func fileOf(rec domain.Recorded) string {
	if strings.HasPrefix(rec.Stream, "case-") {
		return rec.Stream
	}
	if e, ok := rec.Event.(procedure.OfCase); ok {
		return e.Of().Stream()
	}
	return ""
}

// duties are what the body owes in the case, and what of that was ever late:
// lateness is kept when the duty is done.
func duties(rec domain.Recorded, file string) (ops []op) {
	owed, done := procedure.DutiesOf(rec.Event)
	for _, d := range done {
		ops = append(ops, unset(file, owesPrefix+string(d)))
	}
	for _, o := range owed {
		ops = append(ops, set(file, owesPrefix+string(o.Duty), o.By.String()))
	}
	if e, ok := rec.Event.(procedure.DutyMissed); ok {
		ops = append(ops, set(file, latePrefix+string(e.Duty), e.By.String()))
	}
	return ops
}

// Members of a case's record: a duty, and the last day for it.
const (
	owesPrefix = "owes:"
	latePrefix = "late:"
)

// steps are what the procedure does to a case.
func steps(rec domain.Recorded, file string) []op {
	to := func(s CaseState, fields ...string) op {
		return set(file, append([]string{"state", string(s)}, fields...)...)
	}
	switch e := rec.Event.(type) {
	case procedure.CorrectionRequested:
		return []op{to(procedure.AwaitingCorrection, "correction", stored(CaseCorrection{e.Missing, e.SystemsSilent, e.Until}))}
	case procedure.CorrectionReceived:
		return []op{to(procedure.Registered, "deadline", instant(e.Deadline)), unset(file, "correction", "overdue")}
	case procedure.CaseReturned:
		return []op{to(procedure.Returned)}
	case procedure.CaseForwarded:
		return []op{to(procedure.Forwarded)}
	case procedure.ReviewBegan:
		return []op{to(procedure.InReview, "decider", e.Decider)}
	case procedure.DeciderRecused:
		return []op{set(file, "decider", e.Decider)}
	case procedure.HearingAnnounced:
		return []op{to(procedure.HearingPending, "hearing", stored(CaseHearing{e.NotBefore, e.ObjectUntil}))}
	case procedure.ObjectionFiled:
		return []op{to(procedure.InReview)}
	case procedure.HearingClosed:
		if e.How == procedure.HearingWaived { // no day is waited for
			return []op{to(procedure.InReview), unset(file, "hearing")}
		}
		return []op{to(procedure.InReview)}
	case procedure.TermExtended:
		return []op{set(file, "deadline", instant(e.Deadline)), unset(file, "overdue")}
	case procedure.CaseWithdrawn:
		return []op{to(procedure.Withdrawn)}
	case procedure.CaseTerminated:
		if !e.DuplicateOf.IsZero() {
			return []op{to(procedure.Terminated, "duplicate_of", e.DuplicateOf.String())}
		}
		return []op{to(procedure.Terminated)}
	case procedure.DecisionNotified:
		return []op{set(file, "notified_at", instant(e.NotifiedAt))}
	case procedure.RemedyRecorded:
		return []op{set(file, "remedy", stored(CaseRemedy{e.How, e.Acts, e.NewCase, e.RecordedAt.UTC()}))}
	case procedure.DeadlinePassed:
		return []op{set(file, "overdue", instant(e.Deadline))}
	case procedure.ComplaintFiled:
		return []op{set(file, "complaint", stored(CaseComplaint{e.ComplainantID, e.FiledAt.UTC(), e.Late, e.ForwardBy}))}
	case procedure.ComplaintForwarded:
		return []op{set(file, "appeal", stored(CaseAppeal{e.To, e.DecideBy}))}
	case procedure.ComplaintDecided:
		ops := []op{unset(file, "complaint", "appeal")}
		if !e.Deadline.IsZero() { // the decision fell, with its certificate and its notice
			ops = append(ops, to(procedure.InReview, "deadline", instant(e.Deadline)),
				unset(file, "refusal", "edition", "hearing", "notified_at", "overdue", "duplicate_of"))
		}
		return ops
	}
	return nil
}

// instant is the text of a time that a model keeps, in the zone in which terms
// end.
func instant(t time.Time) string { return t.In(domain.Zone).Format(time.RFC3339Nano) }

// decisions are what the services themselves put into a case.
func decisions(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DeregistrationApplied:
		return []op{set(e.CaseID.Stream(), "service", string(S001),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, Dwelling: e.DwellingID,
				Ground: e.Ground, Persons: e.Persons, DepartureSheet: e.DepartureSheet,
				CoOwners: e.CoOwners, ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, ConfirmBy: e.ConfirmBy, Deadline: e.Deadline,
			}))}
	case residence.CoOwnerConfirmed:
		answer := set(e.CaseID.Stream(), answerField(e.PersonID), string(residence.ConfirmationConfirmed))
		if e.Deadline.IsZero() {
			return []op{answer}
		}
		return []op{answer, set(e.CaseID.Stream(), "deadline", instant(e.Deadline))}
	case residence.ConfirmationRevoked:
		return []op{unset(e.CaseID.Stream(), answerField(e.PersonID))}
	case residence.CoOwnerDeclined:
		return []op{set(e.CaseID.Stream(), answerField(e.PersonID), string(residence.ConfirmationDeclined))}
	case residence.ConfirmationsLapsed:
		var ops []op
		for _, p := range e.Silent {
			ops = append(ops, set(e.CaseID.Stream(), answerField(p), string(residence.ConfirmationLapsed)))
		}
		return ops
	case residence.DeregistrationDecided:
		return []op{set(e.CaseID.Stream(), "results", stored(e.Results), "edition", string(e.Edition))}
	case housing.ApplicationReceived:
		family := make([]domain.PersonID, len(e.Family))
		for i, m := range e.Family {
			family[i] = m.PersonID
		}
		return []op{set(e.CaseID.Stream(), "service", string(S000),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, List: e.ListID,
				Persons: family, ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, Deadline: e.Deadline,
			}))}
	case housing.PlacementCertified:
		return []op{set(e.CaseID.Stream(), "certificate", stored(PlacementCertificate{
			ID: e.CertificateID, EntryID: e.EntryID, Number: e.Number, RegisteredOn: e.RegisteredOn, CertifiedAt: e.CertifiedAt,
		}), "edition", string(e.Edition))}
	case housing.ApplicationRefused:
		return []op{set(e.CaseID.Stream(), "refusal", stored(RefusalCertificate{
			ID: e.CertificateID, Ground: e.Ground, Reasons: e.Reasons, AppealRoute: e.AppealRoute, RefusedAt: e.RefusedAt,
		}), "edition", string(e.Edition))}
	}
	return nil
}

// answerField is the member of a case's record that holds a co-owner's answer.
func answerField(p domain.PersonID) string { return "answer:" + p.String() }
