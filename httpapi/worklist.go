package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

type workInput struct {
	Service      domain.Service        `query:"service" doc:"Only applications of this service"`
	State        projections.CaseState `query:"state" doc:"Only applications in this state; without it, each in which something is due"`
	ListID       domain.ListID         `query:"list_id" format:"uuid" doc:"Only applications for this list"`
	BodyID       domain.BodyID         `query:"body_id" format:"uuid" doc:"Only applications for the lists that this commission keeps"`
	Decider      string                `query:"decider" maxLength:"64" doc:"Only what this account prepares"`
	ApplicantID  domain.PersonID       `query:"applicant_id" format:"uuid" doc:"Only the applications of this person, in any state"`
	Overdue      bool                  `query:"overdue" doc:"Only cases in which something is late"`
	DueBefore    domain.Date           `query:"due_before" format:"date" doc:"Only cases in which something is due before this day"`
	ReceivedFrom domain.Date           `query:"received_from" format:"date" doc:"Only applications that were received on this day or later"`
	ReceivedTo   domain.Date           `query:"received_to" format:"date" doc:"Only applications that were received on this day or earlier"`
	Cursor       string                `query:"cursor" maxLength:"51" pattern:"^([0-9]{15}[0-9a-f-]{36})?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit        int                   `query:"limit" minimum:"1" maximum:"200" default:"50"`
	operation.AtLeast
}

// dueKind is what can be due in a case.
type dueKind string

var dueKinds = append(
	[]dueKind{projections.DueDecision, projections.DueCorrection, projections.DueConfirmations},
	as[dueKind](procedure.Duties)...,
)

type dueBody struct {
	What dueKind   `json:"what" doc:"decision: on the application. correction: of an incomplete one, by the applicant. owners_answers: of the other owners. The others are duties of the body"`
	By   time.Time `json:"by" doc:"The last instant for it"`
	Late bool      `json:"late,omitempty"`
}

// PersonLine is a person as those see them who work on their matters. It is embedded.
type PersonLine struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Name     string          `json:"name,omitempty" doc:"Left out where the personal values of the person were erased"`
	IIN      string          `json:"iin,omitempty" doc:"The last four digits" example:"********0123"`
}

type workLine struct {
	CaseID       domain.CaseID         `json:"case_id" format:"uuid"`
	Number       string                `json:"number" doc:"The number of the case, as the talon shows it" example:"S000-2026-1A2B-3C4D-5E6F"`
	Service      domain.Service        `json:"service"`
	State        projections.CaseState `json:"state"`
	Applicant    PersonLine            `json:"applicant"`
	ReceivedAt   time.Time             `json:"received_at"`
	RegisteredAt time.Time             `json:"registered_at"`
	ListID       domain.ListID         `json:"list_id,omitzero" format:"uuid"`
	DwellingID   domain.DwellingID     `json:"dwelling_id,omitzero" format:"uuid"`
	Ground       residence.Ground      `json:"ground,omitempty" values:"open"`
	Decider      string                `json:"decider,omitempty" doc:"The account that took the case up"`
	Due          []dueBody             `json:"due" doc:"What is due, the first first"`
}

type workBody struct {
	Cases        []workLine                    `json:"cases" doc:"What is due first comes first; where nothing is due, what was received first"`
	Counts       map[projections.CaseState]int `json:"counts,omitempty" doc:"How many cases are in each state, of the service, list or commission asked for and whatever the other filters say; on the first page only. Left out for staff whose body acts in a part of the country"`
	Next         string                        `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position               `json:"as_of_position"`
}

func (s *Server) listCases() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-cases", Method: http.MethodGet, Path: "/v1/cases", Tag: casesTag,
		Of:      operation.OfAll,
		Summary: "The work list: applications in which something is due, what is due first before the others",
		Doc: "A commission sees the applications for the lists that it keeps; other staff see deregistrations of " +
			"dwellings where their body acts, and applications for the lists of commissions that act there. Whoever " +
			"answers for a contested act sees the complaint. " +
			"A page can have fewer cases than the limit; read on while there is a next page.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Rows:  table.Of[workLine]("cases"),
		Shows: operation.ShowsPersons(),
	}, func(ctx context.Context, in *workInput) (*operation.Listed[workBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		look, err := s.workOf(ctx, in)
		if err != nil {
			return nil, err
		}
		found, next, at, err := look.page(ctx, in)
		if err != nil {
			return nil, err
		}
		out := workBody{Cases: make([]workLine, len(found)), Next: next, AsOfPosition: at}
		applicants := make([]domain.PersonID, len(found))
		for i, item := range found {
			applicants[i] = item.ApplicantID
			out.Cases[i] = s.workLine(item)
		}
		lines, err := s.personLines(ctx, applicants)
		if err != nil {
			return nil, err
		}
		for i := range out.Cases {
			out.Cases[i].Applicant = lines[i]
		}
		if in.Cursor == "" && look.countable {
			if out.Counts, err = s.model.CountStates(ctx, look.filter); err != nil {
				return nil, err
			}
		}
		return &operation.Listed[workBody]{Position: operation.Position(at), Body: out}, nil
	})
}

// workLook is a look at a work list.
type workLook struct {
	s         *Server
	filter    projections.WorkFilter
	shown     func(context.Context, projections.WorkItem) (bool, error)
	countable bool // the filter has nothing that the caller may not see
}

// workOf says which cases the caller may see of those that they ask for.
func (s *Server) workOf(ctx context.Context, in *workInput) (*workLook, error) {
	who, own := operation.Caller(ctx), operation.Body(ctx)
	look := &workLook{s: s, countable: true}
	look.filter.State = in.State
	switch {
	case in.Overdue:
		look.filter.DueBy = s.now()
	case !in.DueBefore.IsZero():
		look.filter.DueBy = in.DueBefore.Start()
	}
	if in.Service != domain.S001 {
		lists, err := s.listsSeen(ctx, in.ListID, in.BodyID)
		if err != nil {
			return nil, err
		}
		look.filter.Lists = lists
	}
	everywhere := len(own.Territory) == 0
	if in.Service != domain.S000 && in.ListID.IsZero() && in.BodyID.IsZero() && who.Role != domain.RoleCommission {
		look.filter.Services = []domain.Service{domain.S001, domain.Complaint}
		look.countable = everywhere
	}
	look.shown = func(ctx context.Context, c projections.WorkItem) (bool, error) {
		received := domain.DateOf(c.ReceivedAt)
		switch {
		case in.State != "" && c.State != in.State, in.Decider != "" && c.Decider != in.Decider,
			!in.ReceivedFrom.IsZero() && received.Before(in.ReceivedFrom),
			!in.ReceivedTo.IsZero() && in.ReceivedTo.Before(received):
			return false, nil
		case in.Service != "" && c.Service != in.Service:
			return false, nil
		case !c.ListID.IsZero():
			_, seen := slices.BinarySearchFunc(look.filter.Lists, c.ListID, compareLists)
			return seen, nil
		case len(look.filter.Services) == 0:
			return false, nil
		case everywhere, c.DwellingID.IsZero():
			return true, nil
		}
		d, err := s.commands.KnownDwelling(ctx, c.DwellingID, false)
		if err != nil {
			return false, err
		}
		return own.Territory.Covers(domain.KATO(d.KATO)), nil
	}
	return look, nil
}

func compareLists(a, b domain.ListID) int { return slices.Compare(a.UUID[:], b.UUID[:]) }

// listsSeen returns, in the order of their ids, the lists that the caller may see: the one, those
// of the commission, or without either all that are theirs. A commission has its own lists, and on
// demand those of the commissions below it; other staff have those of the commissions that act in
// the territory of their body.
func (s *Server) listsSeen(ctx context.Context, one domain.ListID, of domain.BodyID) ([]domain.ListID, error) {
	who, own := operation.Caller(ctx), operation.Body(ctx)
	sees := func(b *body.Body) bool {
		if who.Role == domain.RoleCommission {
			return b.ID == who.BodyID || !of.IsZero() && b.Parent == who.BodyID || !one.IsZero() && b.Parent == who.BodyID
		}
		return own.Territory.Meets(b.Territory)
	}
	if !one.IsZero() {
		keeper, err := s.commands.KeeperOf(ctx, one)
		if err != nil {
			return nil, err
		}
		if b, err := s.directory.Body(ctx, keeper); err != nil || b == nil || !sees(b) {
			return nil, err
		}
		return []domain.ListID{one}, nil
	}
	all, err := s.directory.Bodies(ctx)
	if err != nil {
		return nil, err
	}
	preset, err := s.directory.Body(ctx, body.Default(domain.RoleCommission))
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(b *body.Body) bool { return b.ID == preset.ID }) { // nobody has recorded it
		all = append(all, preset)
	}
	var openers []domain.BodyID
	for _, b := range all {
		if b.Kind != body.Commission || b.Ended != nil || !of.IsZero() && b.ID != of || !sees(b) {
			continue
		}
		former, err := s.directory.Former(ctx, b.ID)
		if err != nil {
			return nil, err
		}
		openers = append(append(openers, b.ID), former...)
	}
	return s.model.ListsOpened(ctx, openers...)
}

// workScan bounds the cases that one page looks at.
const workScan = 1000

// page returns up to the limit of the cases that are shown, behind the cursor.
func (l *workLook) page(ctx context.Context, in *workInput) (
	found []projections.WorkItem, next string, at domain.Position, err error,
) {
	if !in.ApplicantID.IsZero() {
		page, err := l.s.model.WorkOf(ctx, in.ApplicantID)
		if err != nil {
			return nil, "", 0, err
		}
		for _, item := range page.Items {
			if !l.filter.DueBy.IsZero() && (len(item.Due) == 0 || !item.Due[0].By.Before(l.filter.DueBy)) {
				continue
			}
			if shown, err := l.shown(ctx, item); err != nil {
				return nil, "", 0, err
			} else if shown {
				found = append(found, item)
			}
		}
		return found, "", page.AsOf, nil
	}
	cursor := in.Cursor
	for scanned := 0; scanned < workScan; {
		page, err := l.s.model.Work(ctx, l.filter, cursor, in.Limit)
		if domain.CodeOf(err) == domain.CodeMalformed {
			err = atField(err, "query.cursor")
		}
		if err != nil {
			return nil, "", 0, err
		}
		if at == 0 {
			at = page.AsOf
		}
		for i, item := range page.Items {
			scanned++
			cursor = item.Cursor
			shown, err := l.shown(ctx, item)
			if err != nil {
				return nil, "", 0, err
			}
			if shown {
				found = append(found, item)
			}
			if len(found) == in.Limit && (page.Next != "" || i+1 < len(page.Items)) {
				return found, cursor, at, nil
			}
		}
		if page.Next == "" {
			return found, "", at, nil
		}
	}
	return found, cursor, at, nil
}

func (s *Server) workLine(c projections.WorkItem) workLine {
	return workLine{
		CaseID: c.ID, Number: certificates.NumberOf(c.Service, c.ID, c.ReceivedAt), Service: c.Service, State: c.State,
		ReceivedAt: c.ReceivedAt, RegisteredAt: c.RegisteredAt, ListID: c.ListID, DwellingID: c.DwellingID,
		Ground: c.Ground, Decider: c.Decider, Due: s.dueBodies(c.Due),
	}
}

func (s *Server) dueBodies(due []projections.Due) []dueBody {
	list := make([]dueBody, len(due))
	for i, d := range due {
		list[i] = dueBody{dueKind(d.What), d.By, d.By.Before(s.now())}
	}
	return list
}

// personsAtOnce bounds the streams of persons that one answer reads at the same time.
const personsAtOnce = 8

// personLines says who the persons are, in their order.
func (s *Server) personLines(ctx context.Context, ids []domain.PersonID) ([]PersonLine, error) {
	lines := make([]PersonLine, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(personsAtOnce)
	for i, id := range ids {
		group.Go(func() error {
			p, err := s.commands.KnownPerson(ctx, id, true)
			if err != nil {
				return err
			}
			lines[i] = PersonLine{id, string(p.Name), p.IIN.Tail()}
			return nil
		})
	}
	return lines, group.Wait()
}
