package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
)

func (s *Server) stockOperations() []operation.Operation {
	return []operation.Operation{
		s.takeIntoStock(),
		s.withdrawFromStock(),
		s.offerDwelling(),
		s.listStock(),
	}
}

type takeIntoStockInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[takeIntoStockBody]
}

type takeIntoStockBody struct {
	Basis *basisBody `json:"basis,omitempty" doc:"By which the dwelling belongs to the stock: an order, an act of transfer; of a dwelling that is not the state's, the contract by which its owners gave it. Always required"`
}

func (s *Server) takeIntoStock() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "take-into-stock", Path: "/v1/dwellings/{id}/stock", Tag: housingTag,
		Of:      operation.OfDwelling,
		Summary: "Record a dwelling in the stock of your body",
		Doc: "Only a dwelling of the stock is offered and provided, and by your body alone. A place that is recorded as not " +
			"for living is refused. A dwelling of others than the state is taken by the document with which they gave " +
			"it; the owners are told. A dwelling is in one stock at a time.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: basisProblems.and(
			domain.CodeDwellingUnknown, domain.CodeNothingChanges, domain.CodeDwellingGone, domain.CodePlaceNotPermitted,
		),
		Example: `{
			"basis": {
				"type": "other", "number": "52", "issued_on": "2026-03-10", "issuer": "Астана қаласының әкімдігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *takeIntoStockInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.TakeIntoStock(ctx, call.Command, in.ID,
			residence.TakeIntoStock{Basis: in.Body.Basis.basis()}, call.Options)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}

type withdrawFromStockBody struct {
	Ground residence.StockGround `json:"ground"`
	Basis  *basisBody            `json:"basis,omitempty" doc:"The document; always required"`
}

type withdrawFromStockInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[withdrawFromStockBody]
}

func (s *Server) withdrawFromStock() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "withdraw-from-stock", Path: "/v1/dwellings/{id}/stock-withdrawal", Tag: housingTag,
		Of:      operation.OfDwelling,
		Summary: "Take a dwelling out of the stock of your body",
		Doc: "While the dwelling is offered or let, this is refused: end the lease, or take the offer back, first. Owners other " +
			"than the state are told.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: basisProblems.and(
			domain.CodeDwellingUnknown, domain.CodeDwellingGone, domain.CodeDwellingNotInStock, domain.CodeDwellingLeased,
			domain.CodeDwellingOffered,
		),
		Example: `{
			"ground": "given_back",
			"basis": {
				"type": "other", "number": "52", "issued_on": "2026-03-10", "issuer": "Астана қаласының әкімдігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *withdrawFromStockInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.WithdrawFromStock(ctx, call.Command, in.ID,
			residence.WithdrawFromStock{Ground: in.Body.Ground, Basis: in.Body.Basis.basis()}, call.Options)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}

type offerBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid" doc:"A dwelling in the stock of your body"`
	AnswerBy   domain.Date       `json:"answer_by,omitzero" format:"date" doc:"The last day for the answer, which the holder is told; required unless you take the offer back"`
	TakeBack   bool              `json:"take_back,omitempty" doc:"true takes back the offer that stands"`
	Reasons    string            `json:"reasons,omitempty" maxLength:"2000" doc:"Only with take_back, and required there: why, in words for the holder"`
}

type offerInput struct {
	EntryPath
	operation.Posted[offerBody]
}

func (s *Server) offerDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "offer-dwelling", Path: entryAddress + "/offer", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Offer a dwelling of the stock to an entry",
		Doc: "The entry must be the first in order that would be given the dwelling now. The holder is told, and declines by " +
			"the operation decline-dwelling. Until then, or until you take the offer back, the dwelling goes to nobody else. " +
			"Silence is no decline: after the day you may take the offer back. A dwelling can be provided without an offer.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: entryProblems.and(
			domain.CodeDwellingUnknown, domain.CodeDwellingGone, domain.CodeDwellingNotGiven, domain.CodeDwellingNotInStock,
			domain.CodeDwellingOffered, domain.CodeDwellingLeased, domain.CodeDwellingNotOffered, domain.CodeDwellingNotFit,
			domain.CodeDwellingNotDescribed, domain.CodeDwellingDeclined, domain.CodePlaceNotPermitted,
			domain.CodeEntryUnderReview, domain.CodeNotFirstEligible, domain.CodeTooManySkipped, domain.CodeNothingChanges,
			domain.CodeEffectiveTooEarly, domain.CodeReasonsRequired, domain.CodeMemberNotAllowed,
		),
		Example: `{"dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59", "answer_by": "2026-03-25"}`,
	}, func(ctx context.Context, call operation.Call, in *offerInput) (command.Receipt, recordedDwelling, error) {
		id, to := in.Body.DwellingID, domain.ListEntry{ListID: in.ListID, EntryID: in.EntryID}
		out := recordedDwelling{DwellingID: id}
		if in.Body.TakeBack {
			if !in.Body.AnswerBy.IsZero() {
				return command.Receipt{}, out, notWith("answer_by", "an offer that is taken back has no day for an answer: leave it out")
			}
			r, err := s.commands.TakeOfferBack(ctx, call.Command, id,
				residence.TakeOfferBack{Entry: to, Reasons: domain.Personal(in.Body.Reasons)}, call.Options)
			return r, out, err
		}
		if in.Body.Reasons != "" {
			return command.Receipt{}, out, notWith("reasons", "reasons are given only with take_back: leave them out")
		}
		r, err := s.commands.OfferDwelling(ctx, call.Command, to, id, in.Body.AnswerBy, call.Options)
		return r, out, err
	})
}

// notWith refuses a member that the others do not allow.
func notWith(field, message string) *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed, "%s", message).At(field)
}

// stockedBody is in whose stock a dwelling is.
type stockedBody struct {
	BodyID domain.BodyID        `json:"body_id,omitzero" format:"uuid" doc:"The body that keeps it; a successor acts in its place. Left out where it was withdrawn"`
	State  residence.StockState `json:"state"`
}

func stockedAs(s residence.Stocked) *stockedBody {
	if s.State == "" {
		return nil
	}
	return &stockedBody{s.BodyID, s.State}
}

// seesStock refuses a commission that neither keeps the stock nor is above the body that does.
func (s *Server) seesStock(ctx context.Context, keeper domain.BodyID) error {
	p := operation.Caller(ctx)
	if p.Role != domain.RoleCommission || p.BodyID == keeper {
		return nil
	}
	above, err := s.above(ctx, keeper)
	if err == nil && above != p.BodyID {
		err = notYourBody()
	}
	return err
}

type stockInput struct {
	ID     domain.BodyID        `path:"id" format:"uuid"`
	State  residence.StockState `query:"state" doc:"Only dwellings in this state; leave it out for all"`
	Cursor string               `query:"cursor" maxLength:"36" pattern:"^([0-9a-f-]{36})?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int                  `query:"limit" minimum:"1" maximum:"500" default:"100"`
	operation.AtLeast
}

// offerOfStock is to which entry a dwelling is offered.
type offerOfStock struct {
	ListID   domain.ListID  `json:"list_id" format:"uuid"`
	EntryID  domain.EntryID `json:"entry_id" format:"uuid"`
	AnswerBy domain.Date    `json:"answer_by" format:"date"`
}

type stockDwelling struct {
	DwellingID domain.DwellingID     `json:"dwelling_id" format:"uuid"`
	State      residence.StockState  `json:"state"`
	Ground     residence.StockGround `json:"ground,omitempty" doc:"Why the dwelling was withdrawn"`
	Address    string                `json:"address"`
	DwellingDescription
	CaseID *domain.CaseID `json:"case_id,omitempty" format:"uuid" doc:"Of a dwelling that is let: the case of the decision to provide it"`
	Offer  *offerOfStock  `json:"offer,omitempty"`
}

type stockBody struct {
	BodyID       domain.BodyID   `json:"body_id" format:"uuid"`
	Dwellings    []stockDwelling `json:"dwellings" doc:"In the order of their ids"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page. A page can have fewer dwellings than the limit and a next one"`
	AsOfPosition domain.Position `json:"as_of_position" doc:"Position of the log up to which this holds"`
}

type stockOutput struct {
	Position string `header:"Tizilim-Position" doc:"The position of the log up to which the answer holds"`
	Body     stockBody
}

func (s *Server) listStock() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-stock", Method: http.MethodGet, Path: bodyAddress + "/stock", Tag: housingTag,
		Of:      operation.OfBody,
		Summary: "The service dwellings of a body, by state",
		Doc: "Also those that it took over from bodies in whose place it is. A commission sees its own stock, and that of the " +
			"bodies below it. The history of a dwelling shows in which stock it was on which day, and what was known then.",
		Roles:    []domain.Role{domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeBodyUnknown, domain.CodeBodyEnded, domain.CodeNotYourBody},
		Rows:     table.Of[stockDwelling]("dwellings"),
		Shows:    operation.ShowsNobody("dwellings, cases and entries, by id and without a person"),
	}, func(ctx context.Context, in *stockInput) (*stockOutput, error) {
		b, err := s.directory.Body(ctx, in.ID)
		switch {
		case err != nil:
			return nil, err
		case b == nil:
			return nil, body.Unknown()
		case b.Ended != nil:
			return nil, body.GoneInto(b.Ended.SuccessorID)
		}
		if err := s.seesStock(ctx, in.ID); err != nil {
			return nil, err
		}
		former, err := s.directory.Former(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		page, err := s.model.Stock(ctx, append([]domain.BodyID{in.ID}, former...), in.State, in.Cursor, in.Limit)
		if domain.CodeOf(err) == domain.CodeMalformed {
			err = atField(err, "query.cursor")
		}
		if err != nil {
			return nil, err
		}
		out := stockBody{BodyID: in.ID, Dwellings: []stockDwelling{}, Next: page.Next, AsOfPosition: page.AsOf}
		for _, d := range page.Dwellings {
			line := stockDwelling{
				DwellingID: d.DwellingID, State: d.State, Ground: d.Ground, Address: d.Address,
				DwellingDescription: DwellingDescription{Place: d.Place, UsefulArea: float64(d.Area), Rooms: d.Rooms},
			}
			if !d.CaseID.IsZero() {
				line.CaseID = &d.CaseID
			}
			if !d.Offer.EntryID.IsZero() {
				line.Offer = &offerOfStock{d.Offer.ListID, d.Offer.EntryID, d.AnswerBy}
			}
			out.Dwellings = append(out.Dwellings, line)
		}
		return &stockOutput{Position: operation.Position(page.AsOf), Body: out}, nil
	})
}
