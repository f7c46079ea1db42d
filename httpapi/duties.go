package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

type dutiesInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	operation.AtLeast
}

// dutyShown is something that the caller's body must do.
type dutyShown struct {
	Duty       projections.DutyKind   `json:"duty" values:"open" doc:"What to do. entry_review: decide what becomes of the entry. offer_answer: the holder answers an offer by the day; silence ends no offer, so take it back then, or ask"`
	Reason     projections.DutyReason `json:"reason" values:"open"`
	DwellingID domain.DwellingID      `json:"dwelling_id,omitzero" format:"uuid"`
	ListID     domain.ListID          `json:"list_id,omitzero" format:"uuid"`
	EntryID    domain.EntryID         `json:"entry_id,omitzero" format:"uuid"`
	PersonID   domain.PersonID        `json:"person_id,omitzero" format:"uuid" doc:"Who needs a representative, or holds the entry"`
	FormerID   domain.PersonID        `json:"former_id,omitzero" format:"uuid" doc:"In whose place somebody is awaited: who has died, or represents the person no more"`
	Event      domain.EventRef        `json:"event" doc:"The event from which the duty follows"`
	Since      time.Time              `json:"since"`
	By         domain.Date            `json:"by" format:"date" doc:"The last day"`
	Overdue    bool                   `json:"overdue,omitempty" doc:"The day has passed. Nothing follows from this by itself"`
	EndedBy    []string               `json:"ended_by" doc:"The operations that end the duty, by their operation id"`
}

type dutiesBody struct {
	Duties       []dutyShown     `json:"duties" doc:"What is due first at the beginning"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

// endedBy are the operations that end a duty.
var endedBy = map[projections.DutyKind][]string{
	projections.NewOwners:         {"change-owners", "correct-owners"},
	projections.NewAgent:          {"change-owners"},
	projections.FirstOwners:       {"change-owners"},
	projections.NewRepresentative: {"record-representative"},
	projections.LeaseAfterDeath:   {"end-lease"},
	projections.ReviewOfEntry:     {"transfer-entry", "review-entry", "remove-entry"},
	projections.AnswerToOffer:     {"provide-dwelling", "decline-dwelling", "offer-dwelling"},
}

func (s *Server) listDuties() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-duties", Method: http.MethodGet, Path: "/v1/duties", Tag: casesTag,
		Of:      operation.OfAll,
		Summary: "What your body must do after deaths and departures, and where an owner or a representative is missing",
		Doc: "A desk and the provider see what is to be recorded: owners and agents of dwellings in their territory, and " +
			"representatives of minors. A commission sees the entries of its lists that it must decide on, its offers that " +
			"are not answered, and the leases of dwellings that it keeps. An auditor sees what is to be done in their territory, by whichever body. A duty disappears with the act that does it. A page can have fewer duties than " +
			"the limit; read on while there is a next page.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Rows:  table.Of[dutyShown]("duties"),
		Shows: operation.ShowsOthers(accesslog.Party),
	}, func(ctx context.Context, in *dutiesInput) (*operation.Listed[dutiesBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		of := projections.OfDesk
		switch operation.Caller(ctx).Role {
		case domain.RoleCommission:
			of = projections.OfCommission
		case domain.RoleAuditor:
			of = projections.OfAll
		}
		page, err := s.model.Duties(ctx, of, in.Cursor, in.Limit, func(d projections.Duty) (bool, error) {
			return s.ownDuty(ctx, d)
		})
		if err != nil {
			return nil, err
		}
		body := dutiesBody{Duties: []dutyShown{}, Next: page.Next, AsOfPosition: page.AsOf}
		today := domain.DateOf(s.now())
		for _, d := range page.Duties {
			shown := dutyShown{
				Duty: d.Kind, Reason: d.Reason, DwellingID: d.DwellingID, ListID: d.Entry.ListID, EntryID: d.Entry.EntryID,
				PersonID: d.Ward, FormerID: d.PersonID, Event: d.Event, Since: d.Since.In(domain.Zone), By: d.By,
				Overdue: d.By.Before(today), EndedBy: endedBy[d.Kind],
			}
			if !d.Entry.ListID.IsZero() {
				shown.PersonID, shown.FormerID = d.PersonID, domain.PersonID{}
			}
			body.Duties = append(body.Duties, shown)
		}
		return &operation.Listed[dutiesBody]{Position: operation.Position(page.AsOf), Body: body}, nil
	})
}

// ownDuty reports whether the body of the caller does the duty, or looks over the body that does it.
// Who keeps a list or a dwelling, and whether somebody came of age, the states in memory say.
func (s *Server) ownDuty(ctx context.Context, d projections.Duty) (bool, error) {
	p := operation.Caller(ctx)
	switch d.Kind {
	case projections.ReviewOfEntry, projections.AnswerToOffer:
		keeper, err := s.commands.KeeperOf(ctx, d.Entry.ListID)
		if err != nil || p.Role != domain.RoleAuditor {
			return err == nil && keeper == p.BodyID, err
		}
		b, err := s.directory.Body(ctx, keeper)
		return err == nil && b != nil && operation.Body(ctx).Territory.Meets(b.Territory), err
	case projections.LeaseAfterDeath:
		if p.Role == domain.RoleAuditor {
			break
		}
		heirs, err := s.directory.Heirs(ctx)
		if err != nil {
			return false, err
		}
		dwelling, err := s.commands.KnownDwelling(ctx, d.DwellingID, false)
		if err == nil && dwelling.Keeper.IsZero() { // what this process knows is from before the lease
			dwelling, err = s.commands.KnownDwelling(ctx, d.DwellingID, true)
		}
		return err == nil && dwelling.KeptBy(p.BodyID, heirs), err
	case projections.NewRepresentative:
		grown, err := s.commands.CameOfAge(ctx, d.Ward, domain.DateOf(d.Since))
		return err == nil && !grown, err
	}
	return operation.Body(ctx).Territory.Covers(d.KATO), nil
}
