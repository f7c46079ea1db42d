package httpapi

import (
	"context"
	"net/http"

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

type searchDwellingInput struct {
	Body struct {
		RKA             string      `json:"rka,omitempty" maxLength:"32" pattern:"^[0-9 ]*$" patternDescription:"a code of digits" doc:"Give this or cadastral_number" example:"0201300098765432"`
		CadastralNumber string      `json:"cadastral_number,omitempty" maxLength:"64" example:"21:318:027:115:4:12"`
		AsOf            domain.Date `json:"as_of,omitzero" format:"date" doc:"Which dwelling was known by the code on this day, and what it was then. Default: today"`
	}
}

// DwellingCodes are the codes of a dwelling. It is embedded: huma sees the members of exported
// types only.
type DwellingCodes struct {
	RKA             string `json:"rka,omitempty"`
	CadastralNumber string `json:"cadastral_number,omitempty"`
	KATO            string `json:"kato,omitempty"`
}

type recodedBody struct {
	From domain.Date `json:"from" format:"date" doc:"Since this day the dwelling is not known by the code that was sent"`
	DwellingCodes
}

type foundDwelling struct {
	Body struct {
		DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
		AsOf       domain.Date       `json:"as_of" format:"date"`
		DwellingCodes
		Address    string          `json:"address"`
		Place      residence.Place `json:"place,omitempty" values:"open"`
		UsefulArea residence.Area  `json:"useful_area,omitempty"`
		Rooms      int             `json:"rooms,omitempty"`
		Gone       *goneBody       `json:"gone,omitempty" doc:"The dwelling was no more on the day"`
		Recoded    *recodedBody    `json:"recoded,omitempty" doc:"The dwelling is known by other codes now: use these from now on"`
	}
}

func (s *Server) searchDwelling() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "search-dwelling", Method: http.MethodPost, Path: "/v1/dwellings/search", Tag: residenceTag,
		Of:      operation.OfAll,
		Summary: "Find a dwelling by its RKA or its cadastral number, also by one that it had before",
		Doc: "The answer says what the dwelling was on the day: its codes, address and description, and nothing about " +
			"persons. If a code was given up, it finds the dwelling that had it, and recoded says by what it is known now.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{
			domain.CodeRKAFormat, domain.CodeDwellingUnknown, domain.CodeDateInFuture, domain.CodeMemberNotAllowed,
		},
		Example: `{"rka": "0201300098765432"}`,
		Shows:   operation.ShowsNobody("codes, address and description of a dwelling"),
		FromLog: true,
	}, func(ctx context.Context, in *searchDwellingInput) (*foundDwelling, error) {
		is, err := residence.Identity{RKA: in.Body.RKA, CadastralNumber: in.Body.CadastralNumber}.Written()
		if err != nil {
			return nil, err
		}
		codes := is.Codes()
		if len(codes) > 1 {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"one code finds a dwelling: leave the other one out").At("cadastral_number")
		}
		today := domain.DateOf(s.now())
		day := in.Body.AsOf
		switch {
		case day.IsZero():
			day = today
		case today.Before(day):
			return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
				"nobody knows the codes of a day in the future: give today or an earlier day").At("as_of")
		}
		d, err := s.commands.FindDwelling(ctx, codes[0], day)
		if err != nil {
			return nil, err
		}
		out, was := &foundDwelling{}, d.DescriptionOn(day)
		out.Body.DwellingID, out.Body.AsOf, out.Body.Address = d.ID, day, d.AddressOn(day)
		out.Body.DwellingCodes = DwellingCodes(d.IdentityOn(day))
		out.Body.Place, out.Body.UsefulArea, out.Body.Rooms = was.Place, was.Area, was.Rooms
		gone, _ := d.Gone()
		out.Body.Gone = goneOn(gone.How, gone.On, gone.Into, day)
		if !d.RecodedFrom.IsZero() {
			out.Body.Recoded = &recodedBody{d.RecodedFrom, DwellingCodes(d.Identity)}
		}
		return out, nil
	})
}
