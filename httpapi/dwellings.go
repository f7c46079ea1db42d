package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) dwellingOperations() []operation.Operation {
	return []operation.Operation{
		s.recordDwelling(),
		s.describeDwelling(),
		s.recodeDwelling(),
		s.endDwelling(),
		s.searchDwelling(),
		s.changeOwners(),
		s.answerProposal(),
		s.correctOwners(),
		s.endLease(),
	}
}

// DwellingDescription is what is known of a dwelling beyond its codes. It is embedded: huma
// sees the members of exported types only.
type DwellingDescription struct {
	Place      residence.Place `json:"place,omitempty" doc:"The kind of place; persons can be registered only at a permitted kind"`
	UsefulArea float64         `json:"useful_area,omitempty" minimum:"0.01" maximum:"100000" doc:"Square metres; a local norm of occupancy counts with this area" example:"54.3"`
	Rooms      int             `json:"rooms,omitempty" minimum:"1" maximum:"999" doc:"The number of rooms for living" example:"2"`
}

type recordDwellingBody struct {
	RKA             string      `json:"rka,omitempty" maxLength:"32" pattern:"^[0-9 ]*$" patternDescription:"a code of digits" doc:"The registration code of the address (RKA): digits, 16 in most; spaces do not count" example:"0201300098765432"`
	CadastralNumber string      `json:"cadastral_number,omitempty" maxLength:"64" doc:"The number in the real-estate register; spaces, and upper or lower case, do not count" example:"21:318:027:115:4:12"`
	KATO            string      `json:"kato,omitempty" pattern:"^([0-9]{9})?$" patternDescription:"a KATO code of 9 digits" doc:"The code of the territory in the classifier KATO, 9 digits" example:"711310000"`
	Address         string      `json:"address" minLength:"1" maxLength:"400" example:"Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер"`
	Owners          []ownerBody `json:"owners,omitempty" maxItems:"100" doc:"The owners, if they are known"`
	OwnersSince     domain.Date `json:"owners_since,omitzero" format:"date" doc:"The first day of the owners, if it is past. Default: today"`

	MadeFrom []domain.DwellingID `json:"made_from,omitempty" maxItems:"100" format:"uuid" doc:"The dwellings that were split or merged into this one"`
	DwellingDescription
}

type recordDwellingInput struct {
	operation.Posted[recordDwellingBody]
}

type recordedDwelling struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	operation.Events
}

func (s *Server) recordDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-dwelling", Path: "/v1/dwellings", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Record a dwelling and its owners",
		Doc: "A dwelling is identified by its RKA or its cadastral number; at least one is needed. " +
			"If another dwelling has one of them, the answer is 409, and its detail names the id of that dwelling.",
		Roles: []domain.Role{domain.RoleOperator},
		Problems: ownerProblems.and(
			domain.CodeDwellingRecorded, domain.CodeAreaFormat,
			domain.CodeRKAFormat, domain.CodeKATOFormat, domain.CodeClaimVoid, domain.CodeDwellingUnknown, domain.CodeDwellingGone,
		),
		Example: `{
			"rka": "0201300098765432", "kato": "711310000", "address": "Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер",
			"owners": [{"person_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "share": "1/2"}]
		}`,
	}, func(ctx context.Context, call operation.Call, in *recordDwellingInput) (command.Receipt, recordedDwelling, error) {
		id := domain.DwellingID{UUID: domain.DeriveID(call.ID.UUID, "dwelling")}
		if err := notBlank("address", in.Body.Address); err != nil {
			return command.Receipt{}, recordedDwelling{}, err
		}
		if in.Body.CadastralNumber != "" {
			if err := notBlank("cadastral_number", in.Body.CadastralNumber); err != nil {
				return command.Receipt{}, recordedDwelling{}, err
			}
		}
		if err := s.inRequest(ctx, domain.DwellingID{}, named(in.Body.Owners)...); err != nil {
			return command.Receipt{}, recordedDwelling{}, err
		}
		if err := s.inPlace(ctx, domain.KATO(in.Body.KATO)); err != nil {
			return command.Receipt{}, recordedDwelling{}, err
		}
		r, err := s.commands.RecordDwelling(ctx, call.Command, residence.RecordDwelling{
			DwellingID: id, Address: in.Body.Address,
			Identity: residence.Identity{RKA: in.Body.RKA, CadastralNumber: in.Body.CadastralNumber, KATO: in.Body.KATO},
			Owners:   owners(in.Body.Owners), OwnersSince: in.Body.OwnersSince, Description: in.Body.description(),
			MadeFrom: in.Body.MadeFrom,
		}, call.Options)
		return r, recordedDwelling{DwellingID: id}, err
	})
}

func (b DwellingDescription) description() residence.Description {
	return residence.Description{Place: b.Place, Area: residence.Area(b.UsefulArea), Rooms: b.Rooms}
}

type describeDwellingBody struct {
	DwellingDescription
	Address     string      `json:"address,omitempty" maxLength:"400" doc:"Another address text; leave it out to keep the address"`
	EffectiveOn domain.Date `json:"effective_on,omitzero" format:"date" doc:"The first day on which the dwelling is so. Default: today"`
	Basis       *basisBody  `json:"basis,omitempty" doc:"The document; the rules in force demand one if something recorded becomes another"`
}

type describeDwellingInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[describeDwellingBody]
}

func (s *Server) describeDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "describe-dwelling", Path: "/v1/dwellings/{id}/description", Tag: residenceTag,
		Of:      operation.OfDwelling,
		Summary: "Record what a dwelling is from a day on: kind of place, useful area, rooms, address",
		Doc: "The new description replaces the earlier one from that day on; the earlier one stays true of the days " +
			"before. Of place, useful_area and rooms, a member that you leave out is unknown from then on; the " +
			"address stays. If something recorded becomes another, the document is needed, and the owners are told. " +
			"Present registrations stay as they are.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodeDwellingUnknown, domain.CodeAreaFormat, domain.CodeNothingChanges, domain.CodeDateInFuture,
			domain.CodeEffectiveTooEarly, domain.CodeMemberNotAllowed, domain.CodeDwellingGone,
		),
		Example: `{"place": "apartment", "useful_area": 54.3, "rooms": 2}`,
	}, func(
		ctx context.Context, call operation.Call, in *describeDwellingInput,
	) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.DescribeDwelling(ctx, call.Command, in.ID, residence.DescribeDwelling{
			Description: in.Body.description(), Address: in.Body.Address, On: in.Body.EffectiveOn, Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}

type endLeaseBody struct {
	Reason residence.LeaseEndReason `json:"reason"`
	On     domain.Date              `json:"on" format:"date"`
}

type endLeaseInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[endLeaseBody]
}

func (s *Server) endLease() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-lease", Path: "/v1/dwellings/{id}/lease-end", Tag: housingTag,
		Of:      operation.OfDwelling,
		Summary: "End the lease of a service dwelling",
		Roles:   []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeDateInFuture, domain.CodeDwellingUnknown, domain.CodeEndsBeforeBegin,
			domain.CodeDwellingNotLeased,
		},
		Example: `{"reason": "returned", "on": "2026-03-17"}`,
	}, func(ctx context.Context, call operation.Call, in *endLeaseInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.EndLease(
			ctx, call.Command, in.ID, residence.EndLease{Reason: in.Body.Reason, On: in.Body.On}, call.Options,
		)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}
