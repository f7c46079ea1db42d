package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type recodeDwellingBody struct {
	RKA             string      `json:"rka,omitempty" maxLength:"32" pattern:"^[0-9 ]*$" patternDescription:"a code of digits" doc:"Another registration code of the address, or one where there was none" example:"0201300012345678"`
	CadastralNumber string      `json:"cadastral_number,omitempty" maxLength:"64" doc:"Another number in the real-estate register, or one where there was none" example:"21:318:027:115:4:12"`
	KATO            string      `json:"kato,omitempty" pattern:"^([0-9]{9})?$" patternDescription:"a KATO code of 9 digits" doc:"Another code of the territory" example:"711310000"`
	EffectiveOn     domain.Date `json:"effective_on,omitzero" format:"date" doc:"The first day of the codes. Default: today"`
	Basis           *basisBody  `json:"basis" doc:"The document by which the codes are others"`
}

type recodeDwellingInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[recodeDwellingBody]
}

func (s *Server) recodeDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "recode-dwelling", Path: "/v1/dwellings/{id}/codes", Tag: residenceTag,
		Of:      operation.OfDwelling,
		Summary: "Give a dwelling another RKA, cadastral number or KATO code, or one that it had not",
		Doc: "A member that you leave out stays. Registrations, leases, owners and entries stay as they are, and the " +
			"owners are told. A former code goes on to find the dwelling (search-dwelling) until another dwelling has " +
			"it, and always for the days before. If another dwelling has one of the codes, the answer is 409, and its " +
			"detail names the id of that dwelling.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodeDwellingUnknown, domain.CodeDwellingRecorded, domain.CodeRKAFormat, domain.CodeKATOFormat,
			domain.CodeClaimVoid, domain.CodeNothingChanges, domain.CodeDwellingGone, domain.CodeDateInFuture, domain.CodeEffectiveTooEarly,
		),
		Example: `{
			"rka": "0201300012345678",
			"basis": {
				"type": "title_document", "number": "17-304/2026", "issued_on": "2026-03-10", "issuer": "НАО «Госкорпорация»",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *recodeDwellingInput) (command.Receipt, recordedDwelling, error) {
		out := recordedDwelling{DwellingID: in.ID}
		is, err := residence.Identity{
			RKA: in.Body.RKA, CadastralNumber: in.Body.CadastralNumber, KATO: in.Body.KATO,
		}.WrittenPart()
		if err != nil {
			return command.Receipt{}, out, err
		}
		if is.KATO != "" { // nobody takes a dwelling out of their territory into one where they do not act
			if err := s.inPlace(ctx, domain.KATO(is.KATO)); err != nil {
				return command.Receipt{}, out, err
			}
		}
		r, err := s.commands.RecodeDwelling(ctx, call.Command, in.ID, residence.Recode{
			Identity: is, On: in.Body.EffectiveOn, Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, out, err
	})
}
