package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

func (s *Server) meOperations() []operation.Operation {
	return []operation.Operation{
		s.getMe(),
		s.getOwnServices(),
		s.getOwnAccesses(),
		s.getOwnNumbers(),
		s.getOwnEntries(),
	}
}

func (s *Server) getMe() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-me", Method: http.MethodGet, Path: "/v1/me", Tag: accountTag,
		Of:       operation.OfCaller,
		Summary:  "What the registry knows about you, and where you are registered now",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodePersonUnknown, domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
	}, s.me)
}

type meInput struct{ operation.AtLeast }

type meLinks struct {
	Residence string `json:"residence"`
	Services  string `json:"services"`
	Queue     string `json:"queue"`
	Notices   string `json:"notices"`
	Accesses  string `json:"accesses"`
}

type meBody struct {
	PersonID      domain.PersonID    `json:"person_id" format:"uuid"`
	Name          string             `json:"name"`
	IIN           string             `json:"iin,omitempty" doc:"The last four digits of the IIN; left out for a person who has no IIN" example:"********0012"`
	Class         residence.Class    `json:"class"`
	Registrations []registrationBody `json:"registrations" doc:"The registrations that hold today, the permanent one first"`
	Links         meLinks            `json:"links"`
	AsOfPosition  domain.Position    `json:"as_of_position"`
}

func (s *Server) me(ctx context.Context, in *meInput) (*operation.Found[meBody], error) {
	id := operation.Citizen(ctx)
	if err := in.Await(ctx, s.model); err != nil {
		return nil, err
	}
	r, err := s.model.Residence(ctx, id, domain.DateOf(s.now()))
	if domain.CodeOf(err) == domain.CodePersonUnknown {
		return nil, notRecorded()
	}
	if err != nil {
		return nil, err
	}
	p, err := s.commands.Person(ctx, id) // names and IINs are in the log alone
	if err != nil {
		return nil, err
	}
	body := meBody{
		PersonID: id, Name: string(p.Name), IIN: lastFour(p.IIN), Class: r.Class, Registrations: []registrationBody{}, AsOfPosition: r.AsOf,
		Links: meLinks{
			Residence: "/v1/persons/" + id.String() + "/residence", Services: "/v1/me/services", Queue: "/v1/me/queue",
			Notices: "/v1/me/notices", Accesses: "/v1/me/accesses",
		},
	}
	for _, reg := range r.Registrations {
		body.Registrations = append(body.Registrations, registrationBody{
			reg.RegistrationID, reg.DwellingID, reg.Address, reg.Kind, reg.From, reg.Until,
		})
	}
	return operation.Answer(body, r.Revision, r.AsOf), nil
}

// notRecorded is the answer to a citizen whom nobody has recorded yet.
func notRecorded() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodePersonUnknown,
		"the registry does not know you yet: a citizen of full age records themselves by an EDS, and "+
			"everybody else is recorded at a desk of the State Corporation")
}

// lastFour masks an IIN: its holder recognises it, and nobody else can use it.
func lastFour(iin domain.IIN) string {
	if len(iin) < 4 {
		return ""
	}
	return "********" + string(iin)[len(iin)-4:]
}

func (s *Server) getOwnServices() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-my-services", Method: http.MethodGet, Path: "/v1/me/services", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "The history of services obtained: your cases of both services",
		Doc: "All cases in which you are the applicant, a person to deregister, a member of the family, or a " +
			"co-owner.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
	}, s.myServices)
}

type servicesInput struct {
	Cursor string `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	operation.AtLeast
}

type ownResult struct {
	Outcome string                  `json:"outcome" enum:"deregistered,refused"`
	Ended   []domain.RegistrationID `json:"ended,omitempty" doc:"The registrations that were ended"`
	Code    domain.Code             `json:"code,omitempty"`
	Reason  string                  `json:"reason,omitempty"`
}

// serviceBody is a case as one of its parties sees it in their account. It names no
// other party: GET /v1/cases/{id} does, and the access log notes that read.
type serviceBody struct {
	CaseID       domain.CaseID         `json:"case_id" format:"uuid" doc:"GET /v1/cases/{id} shows all of it"`
	Service      domain.Service        `json:"service"`
	Part         string                `json:"part" enum:"applicant,person,family,co_owner" doc:"Your part in the case: applicant, person to deregister, member of the family, or co-owner whose confirmation is asked for"`
	State        projections.CaseState `json:"state"`
	ReceivedAt   time.Time             `json:"received_at"`
	Deadline     time.Time             `json:"deadline,omitzero" doc:"The last instant for the decision; left out while the case waits for co-owners"`
	Overdue      bool                  `json:"overdue,omitempty"`
	NotifiedAt   *time.Time            `json:"notified_at,omitempty"`
	Result       *ownResult            `json:"result,omitempty" doc:"Your own result; only for a deregistration in which you are one of the persons"`
	Deregistered *int                  `json:"deregistered,omitempty" doc:"How many of the persons were deregistered; only for a deregistration that is decided"`
	Placement    *placementBody        `json:"placement,omitempty"`
	Refusal      *refusalBody          `json:"refusal,omitempty"`
	Issued       []issuedBody          `json:"issued" doc:"The documents of the case: GET /v1/certificates/{id}"`
}

type servicesBody struct {
	Services     []serviceBody   `json:"services" doc:"The cases, the latest first"`
	Issued       []issuedBody    `json:"issued" doc:"The departure sheets that were issued to you outside of a case, and the certificates of entries that passed to you, in the order of issue: GET /v1/certificates/{id}"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

func (s *Server) myServices(ctx context.Context, in *servicesInput) (*operation.Listed[servicesBody], error) {
	if err := in.Await(ctx, s.model); err != nil {
		return nil, err
	}
	before, err := strconv.ParseUint("0"+in.Cursor, 10, 64)
	if err != nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"send the cursor back unchanged, or leave it out to begin anew").At("query.cursor")
	}
	id := operation.Citizen(ctx)
	page, err := s.model.CasesOf(ctx, id, domain.Position(before), in.Limit)
	if err != nil {
		return nil, err
	}
	selves, err := s.model.Selves(ctx, id)
	if err != nil {
		return nil, err
	}
	issued, err := s.model.DocumentsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	body := servicesBody{
		Services: make(
			[]serviceBody,
			len(page.Cases),
		), Issued: make([]issuedBody, len(issued)), AsOfPosition: page.AsOf,
	}
	for i, d := range issued {
		body.Issued[i] = issuedBody{d.ID, d.Kind}
	}
	for i, c := range page.Cases {
		if body.Services[i], err = s.serviceOf(ctx, c, id, selves); err != nil {
			return nil, err
		}
	}
	if page.Next > 0 {
		body.Next = operation.Position(page.Next)
	}
	return &operation.Listed[servicesBody]{Position: operation.Position(page.AsOf), Body: body}, nil
}

// serviceOf makes the body of a case for one of its parties, whose ids selves are.
func (s *Server) serviceOf(
	ctx context.Context, c projections.Case, id domain.PersonID, selves []domain.PersonID,
) (b serviceBody, err error) {
	b = serviceBody{
		CaseID: c.ID, Service: c.Service, Part: partOf(c, id), State: c.State, ReceivedAt: c.ReceivedAt,
		Deadline: c.Deadline, Overdue: c.Overdue,
		Issued: documentsOf(c, selves),
	}
	if !c.NotifiedAt.IsZero() {
		b.NotifiedAt = &c.NotifiedAt
	}
	if c.Results != nil {
		n := 0
		for i, r := range results(c.Results, c.Language) {
			if c.Results[i].Granted() {
				n++
			}
			if r.PersonID == id {
				b.Result = &ownResult{r.Outcome, r.Ended, r.Code, r.Reason}
			}
		}
		b.Deregistered = &n
	}
	b.Placement = placementOf(c)
	b.Refusal, err = s.refusalOf(ctx, c)
	return b, err
}

// partOf says what the person is to the case. A person who is several things is
// the applicant first.
func partOf(c projections.Case, id domain.PersonID) string {
	if c.ApplicantID == id {
		return "applicant"
	}
	for _, p := range c.Persons {
		switch {
		case p == id && c.Service == domain.S000:
			return "family"
		case p == id:
			return "person"
		}
	}
	return "co_owner"
}
