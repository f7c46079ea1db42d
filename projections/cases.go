package projections

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
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
	Consenting     []domain.PersonID `json:"consenting,omitempty"`
	ConfirmBy      time.Time         `json:"confirm_by,omitzero"`
	ReceivedAt     time.Time         `json:"received_at"`
	RegisteredAt   time.Time         `json:"registered_at"`
	Deadline       time.Time         `json:"deadline"`
	Act            domain.EventRef   `json:"act,omitzero"` // that is contested
}

// cases keeps the present state of every application, and its place on the work lists. It
// keeps the state of a review of an entry too, which is read with the entry.
func cases(rec domain.Recorded) []op {
	key := caseKey(rec)
	if key == "" {
		return nil
	}
	var ops []op
	if moves, ok := rec.Event.(procedure.Moves); ok {
		ops = append(ops, set(key, "state", string(moves.MovesTo())))
	} else {
		ops = proceedings(rec, key)
	}
	if begins, ok := rec.Event.(procedure.Begins); ok && begins.Begun().Subject != uuid.Nil {
		subject := begins.Begun().Subject.String()
		ops = append(ops, set(key, "subject", subject), join(subjectPrefix+subject, key))
	}
	ops = slices.Concat(
		ops, duties(rec, key), deregistrationCase(rec), housingCase(rec), contestedCase(rec), numbered(rec),
	)
	return append(ops, work(rec, ops)...)
}

// numbered keeps which case has a number: an application, or an act that somebody contests.
func numbered(rec domain.Recorded) []op {
	switch rec.Event.(type) {
	case housing.ApplicationReceived, residence.DeregistrationApplied, procedure.ActContested:
		id := rec.Event.Concerns().Case
		return []op{join(numberKey(certificates.Locator(certificates.TalonOf(id))), id.String())}
	}
	return nil
}

// numberKey is of the cases whose number has the locator: one, but for the rare chance that two share it.
func numberKey(locator string) string { return "number:" + locator } // set: case

var numberedQuery = query(`return redis.call('SMEMBERS', g .. ARGV[5])`)

// Numbered returns the cases whose number has the locator, in no order. Who asks compares the numbers.
func (r *Reader) Numbered(ctx context.Context, locator string) ([]domain.CaseID, error) {
	data, _, err := r.read(ctx, numberedQuery, "", numberKey(locator))
	if err != nil {
		return nil, err
	}
	ids := make([]domain.CaseID, len(data))
	for i, id := range asTexts(data) {
		if ids[i].UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("case with a number", err)
		}
	}
	return ids, nil
}

// refOf names the event.
func refOf(rec domain.Recorded) domain.EventRef {
	return domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}
}

// caseKey returns the key of the record of the case that the event is a step of.
// It is "" for all other events.
func caseKey(rec domain.Recorded) string {
	if id := rec.Event.Concerns().Case; !id.IsZero() {
		return id.Stream()
	}
	return ""
}

// duties are what the body owes in the case, and which of that was ever late.
// A duty that was done late stays among the late ones.
func duties(rec domain.Recorded, key string) (ops []op) {
	owed, done := procedure.DutiesOf(rec.Event)
	for _, d := range done {
		ops = append(ops, unset(key, owedPrefix+string(d)))
	}
	for _, o := range owed {
		ops = append(ops, set(key, owedPrefix+string(o.Duty), o.By.String()))
	}
	if e, ok := rec.Event.(procedure.DutyMissed); ok {
		ops = append(ops, set(key, latePrefix+string(e.Duty), e.By.String()))
	}
	return ops
}

// Fields of a case's record, each with a duty behind the prefix. The value is the
// last day for the duty.
const (
	owedPrefix = "owes:"
	latePrefix = "late:"
)

// proceedings are what the procedure does to a case, whatever it is about.
func proceedings(rec domain.Recorded, key string) []op {
	to := func(s CaseState, fields ...string) op {
		return set(key, append([]string{"state", string(s)}, fields...)...)
	}
	switch e := rec.Event.(type) {
	case procedure.CorrectionRequested:
		correction := CaseCorrection{refOf(rec), e.SystemsSilent, e.Until}
		return []op{to(procedure.AwaitingCorrection, "correction", stored(correction)), unset(key, "cure_until")}
	case procedure.CorrectionReceived:
		return []op{to(procedure.Registered, "deadline", instant(e.Deadline)), unset(key, "correction", "overdue")}
	case procedure.CaseReturned:
		return []op{to(procedure.Returned)}
	case procedure.CaseForwarded:
		return []op{to(procedure.Forwarded)}
	case procedure.ReviewBegan:
		return []op{to(procedure.InReview, "decider", string(e.Decider))}
	case procedure.DeciderRecused:
		return []op{set(key, "decider", string(e.Decider))}
	case procedure.HearingAnnounced:
		return []op{to(procedure.HearingPending, "hearing", stored(CaseHearing{e.NotBefore, e.ObjectUntil}))}
	case procedure.ObjectionFiled:
		return []op{to(procedure.InReview)}
	case procedure.HearingClosed:
		if e.How == procedure.HearingWaived { // no day is waited for
			return []op{to(procedure.InReview), unset(key, "hearing")}
		}
		return []op{to(procedure.InReview)}
	case procedure.TermExtended:
		return []op{set(key, "deadline", instant(e.Deadline)), unset(key, "overdue")}
	case procedure.CaseWithdrawn:
		return []op{to(procedure.Withdrawn)}
	case procedure.CaseTerminated:
		fields := []string{"termination", string(e.Ground)}
		if !e.DuplicateOf.IsZero() {
			fields = append(fields, "duplicate_of", e.DuplicateOf.String())
		}
		return []op{to(procedure.Terminated, fields...)}
	case procedure.PartyDied:
		return []op{set(key, diedField(e.Death), stored(CaseDeath{e.PersonID, e.As, e.DiedOn}))}
	case procedure.PartyLives:
		return []op{unset(key, diedField(e.Death))}
	case procedure.DecisionNotified:
		return []op{set(key, "notified_at", instant(e.NotifiedAt))}
	case procedure.RemedyRecorded:
		return []op{set(key, "remedy", stored(CaseRemedy{e.How, e.Acts, e.NewCase, e.RecordedAt.UTC()}))}
	case procedure.DeadlinePassed:
		return []op{set(key, "overdue", instant(e.Deadline))}
	case procedure.StepAnnulled:
		return annulled(key, e)
	case procedure.ComplaintFiled:
		complaint := CaseComplaint{e.ComplainantID, e.FiledAt.UTC(), e.Late, e.ForwardBy}
		return []op{set(key, "complaint", stored(complaint))}
	case procedure.ComplaintForwarded:
		return []op{set(key, "appeal", stored(CaseAppeal{e.To, e.DecideBy}))}
	case procedure.ComplaintWithdrawn:
		return []op{unset(key, "complaint", "appeal")}
	case procedure.ComplaintDecided:
		return fell(key, e.Deadline)
	case procedure.CourtActRecorded:
		return append(fell(key, e.Deadline), set(key, "court", stored(CaseCourt{e.Act.On, e.Act.InForceOn, e.RecordedAt.UTC()})))
	}
	return nil
}

// fell ends a complaint. With a deadline the decision fell, with its certificate and its notice.
func fell(key string, deadline time.Time) []op {
	ops := []op{unset(key, "complaint", "appeal")}
	if deadline.IsZero() {
		return ops
	}
	return append(ops, set(key, "state", string(procedure.InReview), "deadline", instant(deadline)),
		unset(key, "refusal", "edition", "hearing", "notified_at", "overdue", "duplicate_of", "termination"))
}

// annulled undoes what a step of the registry did to a case.
func annulled(key string, e procedure.StepAnnulled) []op {
	switch e.Step {
	case procedure.DeadlinePassed{}.EventType():
		return []op{unset(key, "overdue")}
	case procedure.DutyMissed{}.EventType():
		return []op{unset(key, latePrefix+string(e.Duty))}
	case procedure.CaseReturned{}.EventType():
		return []op{set(key, "state", string(procedure.AwaitingCorrection), "cure_until", e.Until.String())}
	default: // the end of a hearing
		return []op{set(key, "state", string(procedure.HearingPending), "hearing", stored(CaseHearing{e.NotBefore, e.Until}))}
	}
}

// instant is the text of a time that a model keeps, in the zone in which terms
// end.
func instant(t time.Time) string { return t.In(domain.Zone).Format(time.RFC3339Nano) }

// deregistrationCase is what the service S001 puts into its cases.
func deregistrationCase(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DeregistrationApplied:
		return []op{set(e.CaseID.Stream(), "service", string(domain.S001),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, Dwelling: e.DwellingID,
				Ground: e.Ground, Persons: e.Persons, DepartureSheet: e.DepartureSheet,
				CoOwners: e.CoOwners, ConfirmBy: e.ConfirmBy,
				ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, Deadline: e.Deadline,
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
	case residence.SilenceAnnulled: // the decision fell, with its notice
		fields := []string{"results", "edition", "notified_at"}
		for _, p := range e.Silent {
			fields = append(fields, answerField(p))
		}
		return []op{set(e.CaseID.Stream(), "confirm_by", instant(e.ConfirmBy)), unset(e.CaseID.Stream(), fields...)}
	case residence.DeregistrationDecided:
		return []op{set(e.CaseID.Stream(), "results", stored(e.Results), "edition", string(e.Edition))}
	}
	return nil
}

// housingCase is what the service S000 puts into its cases.
func housingCase(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		family := make([]domain.PersonID, len(e.Family))
		for i, m := range e.Family {
			family[i] = m.PersonID
		}
		return []op{set(e.CaseID.Stream(), "service", string(domain.S000),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, List: e.ListID,
				Persons: family, Consenting: e.Consenting, ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, Deadline: e.Deadline,
			}),
			"consent", string(e.Answer().State), "consent_terms", stored(e.Terms))}
	case housing.MemberConsented:
		return []op{set(e.CaseID.Stream(), memberField(e.PersonID), stored(housing.Consent{
			State: housing.ConsentGiven, ConsentTerms: e.ConsentTerms,
		}))}
	case housing.MemberDeclined:
		return []op{set(e.CaseID.Stream(), memberField(e.PersonID), stored(housing.Consent{State: housing.ConsentRefused}))}
	case housing.MembersDropped:
		var ops []op
		for _, p := range e.Dropped {
			ops = append(ops, set(e.CaseID.Stream(), droppedField(p), "1"))
		}
		return ops
	case housing.NeedExamined:
		return []op{set(e.CaseID.Stream(), "judgement", stored(e.Judgement))}
	case housing.PlacementApproved:
		return []op{set(e.CaseID.Stream(), "judgement", stored(e.Judgement))}
	case housing.LookupConsentWithdrawn:
		return consents(e.CaseID, housing.ConsentWithdrawn)
	case housing.LookupConsentExpired:
		return consents(e.CaseID, housing.ConsentExpired)
	case housing.ConsentExpiryAnnulled:
		return consents(e.CaseID, housing.ConsentGiven)
	case housing.LookupConsentRenewed:
		return consents(e.CaseID, housing.ConsentGiven, "consent_terms", stored(e.ConsentTerms))
	case housing.PlacementCertified:
		return []op{set(e.CaseID.Stream(), "certificate", stored(PlacementCertificate{
			ID: e.CertificateID, EntryID: e.EntryID, Number: e.Number,
			RegisteredOn: e.RegisteredOn, CertifiedAt: e.CertifiedAt,
		}), "edition", string(e.Edition))}
	case housing.ApplicationRefused:
		refused := []op{set(e.CaseID.Stream(), "refusal", stored(RefusalCertificate{
			ID: e.CertificateID, Ground: e.Ground, Event: refOf(rec),
			AppealRoute: e.AppealRoute, RefusedAt: e.RefusedAt,
		}), "edition", string(e.Edition))}
		if e.Judgement != nil {
			refused = append(refused, set(e.CaseID.Stream(), "judgement", stored(e.Judgement)))
		}
		return refused
	}
	return nil
}

// contestedCase is an act that somebody contests (C28).
func contestedCase(rec domain.Recorded) []op {
	e, ok := rec.Event.(procedure.ActContested)
	if !ok {
		return nil
	}
	return []op{set(e.CaseID.Stream(), "service", string(domain.Complaint), "application", stored(storedApplication{
		Applicant: e.PersonID, Channel: e.Channel, Language: e.Language, List: e.ListID, Dwelling: e.DwellingID,
		ReceivedAt: e.At, RegisteredAt: e.At, Act: e.Act,
	}))}
}

// consents keeps where the consent of a case stands.
func consents(id domain.CaseID, state housing.ConsentState, fields ...string) []op {
	return []op{set(id.Stream(), append([]string{"consent", string(state)}, fields...)...)}
}

// memberField is the field of a case's record that holds the own consent of a member of
// the family, and droppedField that the applicant has dropped the member.
func memberField(p domain.PersonID) string  { return "member:" + p.String() }
func droppedField(p domain.PersonID) string { return "dropped:" + p.String() }

// answerField is the field of a case's record that holds a co-owner's answer.
func answerField(p domain.PersonID) string { return "answer:" + p.String() }

// subjectPrefix begins the key of the cases in which the same is asked for: set
// of streams.
const subjectPrefix = "subject:"

// CaseState is where an application stands.
type CaseState = procedure.State

// Case is the present state of an application.
type Case struct {
	ID             domain.CaseID
	Service        domain.Service
	State          CaseState
	ApplicantID    domain.PersonID
	Channel        domain.Channel
	Language       domain.Language
	ReceivedAt     time.Time                   // filed: the term and the seniority run from here
	RegisteredAt   time.Time                   // when the office had it (C4)
	Deadline       time.Time                   // as it was extended, or begins anew
	Owed           []procedure.Owed            // what the body owes beside the decision, and by when
	Late           []procedure.Owed            // what of that was ever late, done since or not
	SameSubject    []domain.CaseID             // other cases in which the same is asked for (C13)
	DuplicateOf    domain.CaseID               // of a case that was terminated as a duplicate
	Termination    procedure.TerminationGround // of a case that was terminated
	Deaths         []CaseDeath                 // of others who have a part in it (R49)
	Remedy         *CaseRemedy                 // of an act that fell
	Court          *CaseCourt                  // act of a court that set the decision aside
	Act            domain.EventRef             // that is contested; zero in a case of a service
	Overdue        bool                        // was marked after the deadline, without a decision (C9)
	Decider        string                      // account; empty before the review
	Correction     *CaseCorrection             // while it is awaited
	Hearing        *CaseHearing
	NotifiedAt     time.Time // zero before the notice of the decision
	Complaint      *CaseComplaint
	Appeal         *CaseAppeal       // of the complaint, once it is forwarded
	Persons        []domain.PersonID // S001: to be deregistered; S000: the family counted with the applicant
	DwellingID     domain.DwellingID // S001
	Ground         residence.Ground  // S001
	DepartureSheet bool              // S001: asked for
	CoOwners       []CoOwner         // S001: whose confirmation was asked for
	ConfirmBy      time.Time         // S001: until when
	Results        []residence.Result
	ListID         domain.ListID           // S000
	Consent        housing.Consent         // S000: to look-ups, as it was recorded last
	Members        []housing.MemberConsent // S000: of the family, who consent for themselves
	Judgement      *housing.Judgement      // S000: of the last examination of need, then of the decision
	Certificate    *PlacementCertificate   // S000, once granted
	Refusal        *RefusalCertificate     // S000, once refused
	Edition        rules.EditionID         // of the rules that it was judged by, once decided
	Documents      []CertificateRef        // issued, in that order
	Revision       uint64
	AsOf           domain.Position
}

// CaseDeath is the death of somebody who has a part in a case and is not its applicant.
type CaseDeath struct {
	PersonID domain.PersonID `json:"person"`
	As       procedure.Part  `json:"as"`
	DiedOn   domain.Date     `json:"died_on"`
}

const diedPrefix = "died:"

func diedField(death domain.EventRef) string { return diedPrefix + death.String() }

// CaseHearing is the latest hearing of a case (C8).
type CaseHearing struct {
	NotBefore   domain.Date `json:"not_before"` // a refusal comes on this day or later
	ObjectUntil domain.Date `json:"object_until"`
}

// CaseCorrection says that an application lacks something (C3). What it lacks is
// personal, and stands in the event alone.
type CaseCorrection struct {
	Event         domain.EventRef `json:"event"` // the [procedure.CorrectionRequested]
	SystemsSilent bool            `json:"systems_silent,omitempty"`
	Until         domain.Date     `json:"until"`
}

// CaseComplaint is a complaint that is not decided yet (C12).
type CaseComplaint struct {
	ComplainantID domain.PersonID `json:"complainant_id"`
	FiledAt       time.Time       `json:"filed_at"`
	Late          bool            `json:"late,omitempty"`
	ForwardBy     domain.Date     `json:"forward_by"`
}

// CaseCourt is the last act of a court that set the decision aside. Its number is personal, and
// stands in the event alone.
type CaseCourt struct {
	On         domain.Date `json:"on"`
	InForceOn  domain.Date `json:"in_force_on"`
	RecordedAt time.Time   `json:"recorded_at"`
}

// CaseRemedy says what was done about an act that fell after a complaint.
type CaseRemedy struct {
	How        procedure.RemedyKind `json:"how"`
	Acts       []domain.EventRef    `json:"acts,omitempty"`
	NewCase    domain.CaseID        `json:"new_case,omitzero"`
	RecordedAt time.Time            `json:"recorded_at"`
}

// CaseAppeal says which body reviews the complaint, and until when.
type CaseAppeal struct {
	To       string      `json:"to"`
	DecideBy domain.Date `json:"decide_by"`
}

// CoOwner of a dwelling, and where they stand towards an application.
type CoOwner struct {
	PersonID domain.PersonID
	State    residence.Confirmation
}

// PlacementCertificate is what an S000 case ends with when it is granted.
type PlacementCertificate struct {
	ID           domain.CertificateID `json:"id"`
	EntryID      domain.EntryID       `json:"entry_id"`
	Number       int                  `json:"number"` // on the day; the current one is [Reader.Number]
	RegisteredOn domain.Date          `json:"registered_on"`
	CertifiedAt  time.Time            `json:"certified_at"`
}

// RefusalCertificate is what an S000 case ends with when it is refused. The
// reasons are personal, and stand in the event alone.
type RefusalCertificate struct {
	ID          domain.CertificateID  `json:"id"`
	Ground      housing.RefusalGround `json:"ground"`
	Event       domain.EventRef       `json:"event"` // the [housing.ApplicationRefused]
	AppealRoute string                `json:"appeal_route"`
	RefusedAt   time.Time             `json:"refused_at"`
}

var caseQuery = query(`
local subject = redis.call('HGET', g .. ARGV[5], 'subject')
return {redis.call('HGETALL', g .. ARGV[5]), redis.call('ZRANGE', g .. ARGV[6], 0, -1),
  subject and redis.call('SMEMBERS', g .. ARGV[7] .. subject) or {}}`)

// Case returns the present state of an application.
// Error: [domain.CodeCaseUnknown].
func (r *Reader) Case(ctx context.Context, id domain.CaseID) (Case, error) {
	data, at, err := r.read(ctx, caseQuery, id.Stream(), id.Stream(), documentsKey(id.Stream()), subjectPrefix)
	if err != nil {
		return Case{}, err
	}
	c, err := caseOf(id, asRecord(data[0]), asTexts(data[1]), asTexts(data[2]))
	if err != nil {
		return Case{}, err
	}
	c.AsOf = at
	return c, nil
}

// caseOf reads the record of a case, its documents, and the streams of the cases
// with the same subject.
func caseOf(id domain.CaseID, rec record, documents, subject []string) (Case, error) {
	if !rec.has("application") {
		return Case{}, absent(id.Stream(), "application", domain.Refuse(domain.NotFound, domain.CodeCaseUnknown,
			"no application with this id was received"))
	}
	revision, err := rec.number("revision")
	if err != nil {
		return Case{}, err
	}
	var a storedApplication
	if err := json.Unmarshal([]byte(rec["application"]), &a); err != nil {
		return Case{}, corrupt("application", err)
	}
	c := a.asCase(rec)
	c.ID, c.Revision = id, revision
	err = rec.times(map[string]*time.Time{
		"deadline": &c.Deadline, "notified_at": &c.NotifiedAt, "confirm_by": &c.ConfirmBy,
	})
	if err != nil {
		return Case{}, err
	}
	err = rec.decode(map[string]any{
		"results": &c.Results, "certificate": &c.Certificate, "refusal": &c.Refusal,
		"correction": &c.Correction, "hearing": &c.Hearing, "complaint": &c.Complaint, "appeal": &c.Appeal,
		"judgement": &c.Judgement, "consent_terms": &c.Consent.ConsentTerms, "remedy": &c.Remedy, "court": &c.Court,
	})
	if err != nil {
		return Case{}, err
	}
	if rec.has("cure_until") && c.Correction != nil {
		if c.Correction.Until, err = domain.ParseDate(rec["cure_until"]); err != nil {
			return Case{}, corrupt("cure_until", err)
		}
	}
	for _, p := range a.Consenting {
		m := housing.MemberConsent{PersonID: p, Consent: housing.Consent{State: housing.ConsentRequested}}
		if err := rec.decode(map[string]any{memberField(p): &m.Consent}); err != nil {
			return Case{}, err
		}
		if !rec.has(droppedField(p)) {
			c.Members = append(c.Members, m)
		}
	}
	c.Persons = slices.DeleteFunc(c.Persons, func(p domain.PersonID) bool { return rec.has(droppedField(p)) })
	if c.Owed, err = rec.duties(owedPrefix); err != nil {
		return Case{}, err
	}
	if c.Late, err = rec.duties(latePrefix); err != nil {
		return Case{}, err
	}
	if rec.has("duplicate_of") {
		if c.DuplicateOf.UUID, err = uuid.Parse(rec["duplicate_of"]); err != nil {
			return Case{}, corrupt("duplicate_of", err)
		}
	}
	if c.Deaths, err = deathsIn(rec); err != nil {
		return Case{}, err
	}
	if c.SameSubject, err = otherCases(id, subject); err != nil {
		return Case{}, err
	}
	c.Documents, err = certificateRefs(documents)
	return c, err
}

// deathsIn reads who of the parties has died, the earliest death first.
func deathsIn(rec record) ([]CaseDeath, error) {
	var deaths []CaseDeath
	for field, value := range rec {
		if !strings.HasPrefix(field, diedPrefix) {
			continue
		}
		var d CaseDeath
		if err := json.Unmarshal([]byte(value), &d); err != nil {
			return nil, corrupt("death in a case", err)
		}
		deaths = append(deaths, d)
	}
	slices.SortFunc(deaths, func(a, b CaseDeath) int {
		return cmp.Or(a.DiedOn.Compare(b.DiedOn), cmp.Compare(a.PersonID.String(), b.PersonID.String()))
	})
	return deaths, nil
}

// asCase returns the case that the application began, with the plain fields of
// its record.
func (a storedApplication) asCase(rec record) Case {
	c := Case{
		Service: domain.Service(rec["service"]), State: CaseState(rec["state"]),
		ApplicantID: a.Applicant, Channel: a.Channel, Language: a.Language,
		ReceivedAt: a.ReceivedAt, RegisteredAt: a.RegisteredAt, Deadline: a.Deadline,
		Persons: a.Persons, DwellingID: a.Dwelling, ListID: a.List,
		Ground: a.Ground, DepartureSheet: a.DepartureSheet, ConfirmBy: a.ConfirmBy,
		Consent: housing.Consent{State: housing.ConsentState(rec["consent"])},
		Act:     a.Act, Overdue: rec.has("overdue"), Decider: rec["decider"], Edition: rules.EditionID(rec["edition"]),
		Termination: procedure.TerminationGround(rec["termination"]),
	}
	for _, p := range a.CoOwners {
		o := CoOwner{PersonID: p, State: residence.ConfirmationRequested}
		if answer, answered := rec[answerField(p)]; answered {
			o.State = residence.Confirmation(answer)
		}
		c.CoOwners = append(c.CoOwners, o)
	}
	return c
}

// otherCases returns the cases of the streams, in the order of their ids, but for
// the one.
func otherCases(but domain.CaseID, streams []string) (cases []domain.CaseID, err error) {
	for _, stream := range slices.Sorted(slices.Values(streams)) {
		id, err := uuid.Parse(strings.TrimPrefix(stream, "case-"))
		if err != nil {
			return nil, corrupt("case of the same subject", err)
		}
		if id != but.UUID {
			cases = append(cases, domain.CaseID{UUID: id})
		}
	}
	return cases, nil
}

// duties reads the duties that a case's record has under the prefix.
func (rec record) duties(prefix string) (duties []procedure.Owed, err error) {
	for _, d := range procedure.Duties {
		if !rec.has(prefix + string(d)) {
			continue
		}
		by, err := domain.ParseDate(rec[prefix+string(d)])
		if err != nil {
			return nil, corrupt(prefix+string(d), err)
		}
		duties = append(duties, procedure.Owed{Duty: d, By: by})
	}
	return duties, nil
}
