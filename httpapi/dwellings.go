package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

type ownerBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Share    residence.Share `json:"share,omitempty" maxLength:"13" doc:"Fraction of the title" example:"1/2"`
}

type recordDwellingBody struct {
	RKA             string      `json:"rka,omitempty" maxLength:"32" pattern:"^[0-9]*$" patternDescription:"a code of digits" doc:"Registration code of the address" example:"0201300098765432"`
	CadastralNumber string      `json:"cadastral_number,omitempty" maxLength:"64" doc:"Number in the real-estate register" example:"21:318:027:115:4:12"`
	KATO            string      `json:"kato,omitempty" pattern:"^([0-9]{9})?$" patternDescription:"a KATO code of 9 digits" doc:"Territory, 9 digits" example:"711310000"`
	Address         string      `json:"address" minLength:"1" maxLength:"400" example:"Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер"`
	Owners          []ownerBody `json:"owners,omitempty" maxItems:"100" doc:"Title-holders, where they are known"`
	descriptionBody
}

// descriptionBody is what is known of a dwelling beyond its codes.
type descriptionBody struct {
	Place      residence.Place `json:"place,omitempty" enum:"house,apartment,dacha,dormitory,hotel,rest_home,sanatorium,dispensary,medical_institution,care_home,other_dwelling,not_for_living" doc:"Kind of place; one registers at a permitted one"`
	UsefulArea float64         `json:"useful_area,omitempty" minimum:"0.01" maximum:"100000" doc:"Square metres; a local norm of occupancy is reckoned by it" example:"54.3"`
}

func (b descriptionBody) description() residence.Description {
	return residence.Description{Place: b.Place, Area: residence.Area(b.UsefulArea)}
}

type describeDwellingInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	Posted[descriptionBody]
}

type recordDwellingInput struct{ Posted[recordDwellingBody] }

type recordedDwelling struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Events
}

type changeOwnersBody struct {
	Owners      []ownerBody `json:"owners" maxItems:"100" doc:"All owners from that day on"`
	EffectiveOn domain.Date `json:"effective_on,omitzero" format:"date" doc:"First day of the new owners; today where it is left out"`
}

type changeOwnersInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	Posted[changeOwnersBody]
}

func (s *Server) dwellings() {
	post(s, operation{
		id: "record-dwelling", path: "/v1/dwellings", tag: "Residence", status: http.StatusCreated,
		summary: "Record a dwelling and its owners",
		doc:     "A dwelling is identified by its RKA or its cadastral number; at least one is needed.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *recordDwellingInput) (command.Receipt, recordedDwelling, error) {
		id := domain.DwellingID{UUID: domain.DeriveID(cmd.ID.UUID, "dwelling")}
		if err := given("address", in.Body.Address); err != nil {
			return command.Receipt{}, recordedDwelling{}, err
		}
		if in.Body.CadastralNumber != "" {
			if err := given("cadastral_number", in.Body.CadastralNumber); err != nil {
				return command.Receipt{}, recordedDwelling{}, err
			}
		}
		r, err := s.commands.RecordDwelling(ctx, cmd, residence.RecordDwelling{
			DwellingID: id, RKA: in.Body.RKA, CadastralNumber: in.Body.CadastralNumber, KATO: in.Body.KATO,
			Address: in.Body.Address, Owners: owners(in.Body.Owners), Description: in.Body.description(),
		}, opt)
		return r, recordedDwelling{id, eventsOf(r)}, err
	})

	post(s, operation{
		id: "describe-dwelling", path: "/v1/dwellings/{id}/description", tag: "Residence", status: http.StatusOK,
		summary: "Record or correct what a dwelling is: the kind of place and its useful area",
		doc:     "Replaces the description before it. What is left out is held to be not known. Those who are registered there already are not touched by it.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *describeDwellingInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.DescribeDwelling(ctx, cmd, in.ID, in.Body.description(), opt)
		return r, recordedDwelling{in.ID, eventsOf(r)}, err
	})

	post(s, operation{
		id: "change-owners", path: "/v1/dwellings/{id}/owners", tag: "Residence", status: http.StatusOK,
		summary: "Change the owners of a dwelling",
		doc:     "Names all owners from a day on, not before the present ones began.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *changeOwnersInput) (command.Receipt, recordedDwelling, error) {
		on := in.Body.EffectiveOn
		if on.IsZero() {
			on = cmd.Today()
		}
		r, err := s.commands.ChangeOwners(ctx, cmd, in.ID, residence.ChangeOwners{Owners: owners(in.Body.Owners), On: on}, opt)
		return r, recordedDwelling{in.ID, eventsOf(r)}, err
	})
}

func owners(bodies []ownerBody) []residence.Owner {
	list := make([]residence.Owner, len(bodies))
	for i, b := range bodies {
		list[i] = residence.Owner(b)
	}
	return list
}
