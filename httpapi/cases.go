package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	printed "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
	"tizilim/projections"
)

func (s *Server) caseOperations() []operation.Operation {
	return []operation.Operation{
		s.listCases(),  // worklist.go
		s.searchCase(), // numbersearch.go
		s.listDuties(),
		s.getCase(),
		s.getCaseFile(), // casefile.go
	}
}

type caseInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	operation.AtLeast
}

type correctionState struct {
	Missing       []missingBody `json:"missing"`
	SystemsSilent bool          `json:"systems_silent,omitempty"`
	Until         domain.Date   `json:"until" format:"date"`
}

type hearingState struct {
	NotBefore   domain.Date `json:"not_before" format:"date" doc:"The first day on which the adverse decision can be made"`
	ObjectUntil domain.Date `json:"object_until" format:"date"`
}

type complaintState struct {
	ComplainantID domain.PersonID `json:"complainant_id" format:"uuid"`

	FiledAt   time.Time   `json:"filed_at"`
	Late      bool        `json:"late,omitempty"`
	ForwardBy domain.Date `json:"forward_by" format:"date"`
	At        string      `json:"at,omitempty" doc:"The body that reviews the complaint"`
	DecideBy  domain.Date `json:"decide_by,omitzero" format:"date"`
}

type remedyState struct {
	How        procedure.RemedyKind `json:"how"`
	Acts       []domain.EventRef    `json:"acts,omitempty"`
	NewCase    domain.CaseID        `json:"new_case,omitzero" format:"uuid"`
	RecordedAt time.Time            `json:"recorded_at"`
}

type courtState struct {
	On         domain.Date `json:"on" format:"date"`
	InForceOn  domain.Date `json:"in_force_on" format:"date"`
	RecordedAt time.Time   `json:"recorded_at"`
}

type dutyBody struct {
	Duty procedure.Duty `json:"duty"`
	By   domain.Date    `json:"by" format:"date" doc:"The last day to do it"`
}

type caseDeathBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	As       procedure.Part  `json:"as" values:"open" doc:"named: the application names them, or they were asked to confirm. representative: of the applicant; another one acts"`
	DiedOn   domain.Date     `json:"died_on" format:"date"`
}

type coOwnerBody struct {
	PersonID domain.PersonID        `json:"person_id" format:"uuid"`
	State    residence.Confirmation `json:"state"`
}

type placementBody struct {
	CertificateID domain.CertificateID `json:"certificate_id" format:"uuid"`
	ListID        domain.ListID        `json:"list_id" format:"uuid"`
	EntryID       domain.EntryID       `json:"entry_id" format:"uuid"`
	RegisteredOn  domain.Date          `json:"registered_on" format:"date" doc:"Day of placing"`
	Number        int                  `json:"number" doc:"The ordinal number at the time of placing; the entry has the current number"`
}

type refusalBody struct {
	CertificateID domain.CertificateID  `json:"certificate_id" format:"uuid"`
	Ground        housing.RefusalGround `json:"ground" values:"open"`
	Reasons       string                `json:"reasons"`
	Unmet         string                `json:"unmet,omitempty" doc:"The requirement of art. 101-3 that the commission found not met, if the judgement does not say it"`
	AppealRoute   string                `json:"appeal_route"`
}

// issuedBody names a document that a case has issued.
type issuedBody struct {
	CertificateID domain.CertificateID `json:"certificate_id" format:"uuid"`
	Kind          certificates.Kind    `json:"kind" values:"open"`
}

type caseBody struct {
	CaseID         domain.CaseID               `json:"case_id" format:"uuid"`
	Service        domain.Service              `json:"service"`
	State          projections.CaseState       `json:"state"`
	ApplicantID    domain.PersonID             `json:"applicant_id" format:"uuid"`
	Channel        domain.Channel              `json:"channel" values:"open"`
	Language       domain.Language             `json:"language" values:"open"`
	Fee            int                         `json:"fee" doc:"The fee in tenge: always 0, because both services are free of charge"`
	Number         string                      `json:"number" doc:"The number of the case, as the talon shows it" example:"S000-2026-1A2B-3C4D-5E6F"`
	ReceivedAt     time.Time                   `json:"received_at" doc:"When the application was filed. The term and the place on the list count from here, unless it had to be corrected"`
	RegisteredAt   time.Time                   `json:"registered_at" doc:"When the office registered the application; outside working time, when the office opened next"`
	Deadline       time.Time                   `json:"deadline,omitzero" doc:"The last instant for the decision, extensions included; left out while the case waits for co-owners"`
	Overdue        bool                        `json:"overdue,omitempty" doc:"true if the deadline passed without a decision"`
	Decider        string                      `json:"decider,omitempty" doc:"The account that took the case up and prepares its decision; shown to staff only"`
	Correction     *correctionState            `json:"correction,omitempty" doc:"What the application lacks"`
	Hearing        *hearingState               `json:"hearing,omitempty"`
	NotifiedAt     *time.Time                  `json:"notified_at,omitempty" doc:"When the applicant got the decision"`
	Complaint      *complaintState             `json:"complaint,omitempty" doc:"A complaint that is not decided yet"`
	Remedy         *remedyState                `json:"remedy,omitempty" doc:"What was done after a complaint was satisfied"`
	CourtAct       *courtState                 `json:"court_act,omitempty" doc:"The last act of a court that set the decision aside"`
	Act            domain.EventRef             `json:"act,omitzero" doc:"The act that is contested, as stream@revision; only if service is complaint"`
	Owed           []dutyBody                  `json:"owed,omitempty" doc:"What the body must still do, besides the decision"`
	Late           []dutyBody                  `json:"late,omitempty" doc:"Which of these duties were late, even if they have been done since"`
	SameSubject    []domain.CaseID             `json:"same_subject,omitempty" format:"uuid" doc:"Other cases that ask for the same; shown to staff only"`
	DuplicateOf    domain.CaseID               `json:"duplicate_of,omitzero" format:"uuid" doc:"The earlier case in which the same subject was decided; only if this case was terminated as a duplicate"`
	Termination    procedure.TerminationGround `json:"termination,omitempty" values:"open" doc:"Why the case ended without a decision. applicant_died: the registry ended it when the death was recorded"`
	Deaths         []caseDeathBody             `json:"deaths,omitempty" doc:"Who has a part in the case and has died: whoever decides takes it into account"`
	CoOwners       []coOwnerBody               `json:"co_owners,omitempty" doc:"The co-owners whose confirmation was asked for; only for a deregistration on the portal"`
	ConfirmBy      time.Time                   `json:"confirm_by,omitzero" doc:"The co-owners can answer until this instant, which ends a day"`
	Ground         residence.Ground            `json:"ground,omitempty" values:"open"`
	DwellingID     domain.DwellingID           `json:"dwelling_id,omitzero" format:"uuid"`
	ListID         domain.ListID               `json:"list_id,omitzero" format:"uuid"`
	Persons        []domain.PersonID           `json:"persons,omitempty"`
	DepartureSheet bool                        `json:"departure_sheet,omitempty"`
	Results        []resultBody                `json:"results,omitempty"`
	Consent        *consentState               `json:"consent,omitempty" doc:"The consent to look-ups in other systems, as it is today; only for service housing"`
	FamilyConsents []memberConsentState        `json:"family_consents,omitempty" doc:"The own consents of the spouse and of the adults in the family; a member of the family sees only their own"`
	Judgement      *judgementBody              `json:"judgement,omitempty" doc:"The judgement of the last examination of need, and after the decision that of the decision; only for service housing; shown to the applicant and to staff"`
	Placement      *placementBody              `json:"placement,omitempty"`
	Refusal        *refusalBody                `json:"refusal,omitempty"`
	Edition        rules.EditionID             `json:"edition,omitempty" doc:"The edition of the rules by which the case was decided"`
	Issued         []issuedBody                `json:"issued" doc:"The documents of the case, in the order of issue: GET /v1/certificates/{id}"`
	AsOfPosition   domain.Position             `json:"as_of_position"`
}

func (s *Server) getCase() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-case", Method: http.MethodGet, Path: "/v1/cases/{id}", Tag: casesTag,
		Of:      operation.OfCase,
		Summary: "The state, the deadline and the results of a case",
		Doc:     "A citizen sees only a case that they applied for or that names them.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodeCaseUnknown, domain.CodeNotFound},
		Shows:    operation.ShowsOthers(accesslog.Party),
	}, func(ctx context.Context, in *caseInput) (*operation.Found[caseBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		c, err := s.model.Case(ctx, in.ID)
		if err != nil {
			return nil, operation.Hide(ctx, err)
		}
		p := operation.Citizen(ctx)
		if !p.IsZero() && p != c.ApplicantID && !slices.Contains(c.Persons, p) &&
			!slices.ContainsFunc(c.CoOwners, func(o projections.CoOwner) bool { return o.PersonID == p }) {
			return nil, operation.NotYours()
		}
		body := caseBody{
			CaseID: c.ID, Service: c.Service, State: c.State, ApplicantID: c.ApplicantID, Channel: c.Channel,
			Language:   c.Language,
			Number:     certificates.NumberOf(domain.Service(c.Service), c.ID, c.ReceivedAt),
			ReceivedAt: c.ReceivedAt, RegisteredAt: c.RegisteredAt, Deadline: c.Deadline, Ground: c.Ground,
			DwellingID: c.DwellingID, ListID: c.ListID,
			Persons: c.Persons, DepartureSheet: c.DepartureSheet, Results: results(c.Results, c.Language), Edition: c.Edition,
			ConfirmBy: c.ConfirmBy, AsOfPosition: c.AsOf,
		}
		for _, o := range c.CoOwners {
			body.CoOwners = append(body.CoOwners, coOwnerBody(o))
		}
		var selves []domain.PersonID
		if !p.IsZero() {
			if selves, err = s.model.Selves(ctx, p); err != nil {
				return nil, err
			}
		}
		body.Issued = documentsOf(c, selves)
		body.stepsOf(c, operation.Caller(ctx))
		if x := c.Correction; x != nil {
			if body.Correction, err = s.correctionOf(ctx, x); err != nil {
				return nil, err
			}
		}
		if c.Service == domain.S000 && (p.IsZero() || p == c.ApplicantID) {
			body.Consent = &consentState{
				c.Consent.On(domain.DateOf(s.now())), c.Consent.Purpose, c.Consent.Scope, c.Consent.Until,
			}
			if c.Judgement != nil {
				body.Judgement = judgement(*c.Judgement)
			}
		}
		for _, m := range c.Members {
			if p.IsZero() || p == c.ApplicantID || p == m.PersonID {
				state := m.Consent.On(domain.DateOf(s.now()))
				body.FamilyConsents = append(body.FamilyConsents, memberConsentState{m.PersonID, state})
			}
		}
		body.Placement = placementOf(c)
		if body.Refusal, err = s.refusalOf(ctx, c); err != nil {
			return nil, err
		}
		return operation.Answer(body, c.Revision, c.AsOf), nil
	})
}

// documentsOf are the documents of a case that the party with these ids may see; without ids all.
func documentsOf(c projections.Case, party []domain.PersonID) []issuedBody {
	issued := []issuedBody{}
	for _, d := range c.Documents {
		if len(party) == 0 || d.OpenTo(c, party) {
			issued = append(issued, issuedBody{d.ID, d.Kind})
		}
	}
	return issued
}

// stepsOf adds the state of the procedure.
func (b *caseBody) stepsOf(c projections.Case, p token.Principal) {
	b.Overdue = c.Overdue
	if !p.IsCitizen() {
		b.Decider, b.SameSubject = c.Decider, c.SameSubject
	}
	for _, o := range c.Owed {
		b.Owed = append(b.Owed, dutyBody(o))
	}
	for _, o := range c.Late {
		b.Late = append(b.Late, dutyBody(o))
	}
	b.DuplicateOf, b.Termination = c.DuplicateOf, c.Termination
	for _, d := range c.Deaths {
		b.Deaths = append(b.Deaths, caseDeathBody(d))
	}
	if x := c.Remedy; x != nil {
		b.Remedy = &remedyState{x.How, x.Acts, x.NewCase, x.RecordedAt.In(domain.Zone)}
	}
	if x := c.Court; x != nil {
		b.CourtAct = &courtState{x.On, x.InForceOn, x.RecordedAt.In(domain.Zone)}
	}
	b.Act = c.Act
	if !c.NotifiedAt.IsZero() {
		b.NotifiedAt = &c.NotifiedAt
	}
	b.Hearing, b.Complaint = hearingOf(c.Hearing), complaintOf(c.Complaint, c.Appeal)
}

func hearingOf(x *projections.CaseHearing) *hearingState {
	if x == nil {
		return nil
	}
	return &hearingState{x.NotBefore, x.ObjectUntil}
}

func complaintOf(x *projections.CaseComplaint, a *projections.CaseAppeal) *complaintState {
	if x == nil {
		return nil
	}
	state := &complaintState{ComplainantID: x.ComplainantID, FiledAt: x.FiledAt, Late: x.Late, ForwardBy: x.ForwardBy}
	if a != nil {
		state.At, state.DecideBy = a.To, a.DecideBy
	}
	return state
}

// placementOf returns the certificate of a case that was granted.
func placementOf(c projections.Case) *placementBody {
	if cert := c.Certificate; cert != nil {
		return &placementBody{cert.ID, c.ListID, cert.EntryID, cert.RegisteredOn, cert.Number}
	}
	return nil
}

// refusalOf returns the certificate of a case that was refused. Its reasons come
// from the log: the read model has no personal value.
func (s *Server) refusalOf(ctx context.Context, c projections.Case) (*refusalBody, error) {
	r := c.Refusal
	if r == nil {
		return nil, nil
	}
	e, err := eventAt[housing.ApplicationRefused](ctx, s.events, r.Event)
	if err != nil {
		return nil, err
	}
	return &refusalBody{r.ID, r.Ground, string(e.Reasons), string(e.Unmet), printed.AppealRoute(c.Language)}, nil
}

// correctionOf returns what the application lacks, as the log has it.
func (s *Server) correctionOf(ctx context.Context, c *projections.CaseCorrection) (*correctionState, error) {
	e, err := eventAt[procedure.CorrectionRequested](ctx, s.events, c.Event)
	if err != nil {
		return nil, err
	}
	state := &correctionState{SystemsSilent: c.SystemsSilent, Until: c.Until}
	for _, m := range e.Missing {
		state.Missing = append(state.Missing, missingBody{m.Document, string(m.Text)})
	}
	return state, nil
}

// eventAt returns the event of the type E that the read model refers to.
func eventAt[E domain.Event](ctx context.Context, log Log, ref domain.EventRef) (e E, err error) {
	recs, err := log.ReadPage(ctx, ref.Stream, ref.Revision, 1)
	if err != nil {
		return e, err
	}
	if len(recs) == 1 {
		if e, ok := recs[0].Event.(E); ok {
			return e, nil
		}
	}
	return e, fmt.Errorf("the read model says that %s is %s, and the log says otherwise", ref, e.EventType())
}

type documentBody struct {
	Type        domain.DocumentType `json:"type"`
	Number      string              `json:"number,omitempty" maxLength:"64"`
	PersonID    domain.PersonID     `json:"person_id,omitzero" format:"uuid" doc:"The person whom the document identifies or concerns"`
	IIN         string              `json:"iin,omitempty" maxLength:"48" doc:"Only on the portal, in the place of person_id: the IIN of somebody whom this application names by IIN and name" example:"999999000020"`
	Persons     []domain.PersonID   `json:"persons,omitempty" maxItems:"100" doc:"The persons whom the document names, if they are several: an application in free form has to name everybody whom it removes"`
	ClaimantID  domain.PersonID     `json:"claimant_id,omitzero" format:"uuid" doc:"Only for a court decision: who asked the court for it"`
	DwellingID  domain.DwellingID   `json:"dwelling_id,omitzero" format:"uuid" doc:"Only for a court decision: the dwelling that it is about"`
	InForceOn   domain.Date         `json:"in_force_on,omitzero" format:"date" doc:"Only for a court decision: the day on which it took legal force"`
	Surrendered bool                `json:"surrendered,omitempty" doc:"true if the document was handed over to the provider (departure abroad)"`
}

func documents(bodies []documentBody) []domain.Document {
	list := make([]domain.Document, len(bodies))
	for i, b := range bodies {
		list[i] = domain.Document{
			Type: b.Type, Number: domain.Personal(b.Number), PersonID: b.PersonID, Persons: b.Persons,
			ClaimantID: b.ClaimantID, DwellingID: b.DwellingID, InForceOn: b.InForceOn, Surrendered: b.Surrendered,
		}
	}
	return list
}
