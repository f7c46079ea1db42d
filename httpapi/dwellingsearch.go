package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

type searchDwellingBody struct {
	RKA             string      `json:"rka,omitempty" maxLength:"32" pattern:"^[0-9 ]*$" patternDescription:"a code of digits" doc:"Give exactly one of this, cadastral_number and address" example:"0201300098765432"`
	CadastralNumber string      `json:"cadastral_number,omitempty" maxLength:"64" example:"21:318:027:115:4:12"`
	Address         string      `json:"address,omitempty" maxLength:"400" doc:"Words of the address in any order, and the numbers of house and flat: each word whole, the last one also by its first 3 letters or more, and the numbers as the first ones of the address. Alphabet, upper and lower case, and words such as street, house and flat do not count" example:"Мәңгілік Ел 8, 12"`
	KATO            domain.KATO `json:"kato,omitempty" pattern:"^([0-9]{9})?$" patternDescription:"a KATO code of 9 digits" doc:"Only with address: the dwelling is in this unit" example:"711310000"`
	AsOf            domain.Date `json:"as_of,omitzero" format:"date" doc:"Only with a code: which dwelling was known by it on this day, and what it was then. Default: today"`
}

type searchDwellingInput struct {
	Body searchDwellingBody
	operation.AtLeast
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

// addressedDwelling is a dwelling that was found by an address.
type addressedDwelling struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	DwellingCodes
	Address string    `json:"address" doc:"The present address, also if a former one was found"`
	Gone    *goneBody `json:"gone,omitempty" doc:"The dwelling is no more"`
}

type foundDwellingBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id,omitzero" format:"uuid" doc:"Of a search by a code, as the other members"`
	AsOf       domain.Date       `json:"as_of,omitzero" format:"date"`
	DwellingCodes
	Address    string          `json:"address,omitempty"`
	Place      residence.Place `json:"place,omitempty" values:"open"`
	UsefulArea residence.Area  `json:"useful_area,omitempty"`
	Rooms      int             `json:"rooms,omitempty"`
	Gone       *goneBody       `json:"gone,omitempty" doc:"The dwelling was no more on the day"`
	Recoded    *recodedBody    `json:"recoded,omitempty" doc:"The dwelling is known by other codes now: use these from now on"`

	Dwellings []addressedDwelling `json:"dwellings,omitzero" doc:"Of a search by address, and then alone: at most 20 dwellings, as they are now"`
	More      bool                `json:"more,omitempty" doc:"Of a search by address: other dwellings match too; give more words"`
}

type foundDwelling struct {
	Position string `header:"Tizilim-Position" doc:"Of a search by address: the position of the log up to which the answer holds"`
	Body     foundDwellingBody
}

func (s *Server) searchDwelling() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "search-dwelling", Method: http.MethodPost, Path: "/v1/dwellings/search", Tag: residenceTag,
		Of:      operation.OfAll,
		Summary: "Find a dwelling by its RKA, its cadastral number or its address, also by one that it had before",
		Doc: "By a code the answer says what the dwelling was on the day: its codes, address and description, and nothing about " +
			"persons. If a code was given up, it finds the dwelling that had it, and recoded says by what it is known now. " +
			"By an address the answer has the member dwellings alone. If too many addresses have the words, the answer is 422.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{
			domain.CodeRKAFormat, domain.CodeKATOFormat, domain.CodeDwellingUnknown, domain.CodeDateInFuture,
			domain.CodeMemberNotAllowed, domain.CodeAddressTooWide,
		},
		Example: `{"address": "Мәңгілік Ел 8, 12", "kato": "711310000"}`,
		Shows:   operation.ShowsNobody("codes, address and description of a dwelling"),
		FromLog: true, // a code; an address that is not found is an empty list
	}, func(ctx context.Context, in *searchDwellingInput) (*foundDwelling, error) {
		if in.Body.Address != "" {
			return s.dwellingsAt(ctx, in)
		}
		return s.dwellingOf(ctx, in.Body)
	})
}

// dwellingOf finds a dwelling by a code.
func (s *Server) dwellingOf(ctx context.Context, in searchDwellingBody) (*foundDwelling, error) {
	if in.KATO != "" {
		return nil, notWith("kato", "a code finds one dwelling wherever it is: leave kato out")
	}
	is, err := residence.Identity{RKA: in.RKA, CadastralNumber: in.CadastralNumber}.Written()
	if err != nil {
		return nil, err
	}
	codes := is.Codes()
	if len(codes) > 1 {
		return nil, notWith("cadastral_number", "one code finds a dwelling: leave the other one out")
	}
	today := domain.DateOf(s.now())
	day := in.AsOf
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
}

// dwellingsAt finds dwellings by words of an address, in the read model.
func (s *Server) dwellingsAt(ctx context.Context, in *searchDwellingInput) (*foundDwelling, error) {
	switch {
	case in.Body.RKA != "":
		return nil, notWith("rka", "an address and a code are searched for one at a time: leave one of them out")
	case in.Body.CadastralNumber != "":
		return nil, notWith("cadastral_number", "an address and a code are searched for one at a time: leave one of them out")
	case !in.Body.AsOf.IsZero():
		return nil, notWith("as_of", "present and former addresses are searched together: leave as_of out")
	}
	if in.Body.KATO != "" {
		if _, err := domain.ParseKATO(string(in.Body.KATO)); err != nil {
			return nil, atField(err, "kato")
		}
	}
	if err := in.Await(ctx, s.model); err != nil {
		return nil, err
	}
	found, err := s.model.FindAddress(ctx, projections.AddressQuery{Text: in.Body.Address, KATO: in.Body.KATO})
	if domain.IsKind(err, domain.Invalid) {
		err = atField(err, "address")
	}
	if err != nil {
		return nil, s.watch.Confirm(ctx, err)
	}
	out := &foundDwelling{Position: operation.Position(found.AsOf)}
	out.Body.Dwellings, out.Body.More = []addressedDwelling{}, found.More
	today := domain.DateOf(s.now())
	for _, d := range found.Dwellings {
		out.Body.Dwellings = append(out.Body.Dwellings, addressedDwelling{
			DwellingID: d.DwellingID, DwellingCodes: DwellingCodes(d.Identity), Address: d.Address,
			Gone: goneOn(d.How, d.GoneOn, d.Into, today),
		})
	}
	return out, nil
}
