package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

type recordRepresentativeBody struct {
	RepresentativeID domain.PersonID          `json:"representative_id" format:"uuid" doc:"Who legally represents the minor"`
	Kind             residence.Representation `json:"kind" enum:"parent,guardian"`
}

type recordRepresentativeInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	Posted[recordRepresentativeBody]
}

type endRepresentationBody struct {
	RepresentativeID domain.PersonID `json:"representative_id" format:"uuid"`
	Reasons          string          `json:"reasons" minLength:"1" maxLength:"4000"`
}

type endRepresentationInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	Posted[endRepresentationBody]
}

type representationChanged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Events
}

type representativesInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
}

type representativesFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body struct {
		PersonID        domain.PersonID            `json:"person_id" format:"uuid"`
		Representatives []recordRepresentativeBody `json:"representatives"`
	}
}

// warningBody is what a person should look at, though nothing forbids it.
type warningBody struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"Whom it concerns"`
	Text     string          `json:"text"`
}

// warningTexts say what a warning is about.
var warningTexts = map[domain.Code]string{
	domain.CodeAreaUnknown: "a norm of occupancy is in force in this territory, and the useful area of the dwelling is not recorded: record it with POST /v1/dwellings/{id}/description",
	domain.CodeChildLeft:   "a child under the age of registering in their own right stays at the dwelling, and none of the representatives who are recorded resides there any more",
	domain.CodeChildApart:  "the residence of a child under the age of registering in their own right is that of a legal representative, and none who is recorded resides at this dwelling",
}

func warnings(list []residence.Warning) []warningBody {
	var bodies []warningBody
	for _, w := range list {
		bodies = append(bodies, warningBody{w.Code, w.PersonID, warningTexts[w.Code]})
	}
	return bodies
}

func (s *Server) representatives() {
	post(s, operation{
		id: "record-representative", path: "/v1/persons/{id}/representatives", tag: "Residence", status: http.StatusCreated,
		summary: "Record a legal representative of a minor",
		doc: "Where representatives of a minor are recorded, one of them applies for the minor's departure abroad, " +
			"and what leaves a child under 14 without one at their dwelling answers with a warning.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *recordRepresentativeInput) (command.Receipt, representationChanged, error) {
		r, err := s.commands.RecordRepresentative(ctx, cmd, in.ID, in.Body.RepresentativeID, in.Body.Kind, opt)
		return r, representationChanged{in.ID, eventsOf(r)}, err
	})
	post(s, operation{
		id: "end-representation", path: "/v1/persons/{id}/representatives/removal", tag: "Residence", status: http.StatusOK,
		summary: "Record that somebody represents a minor no more, or never did",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *endRepresentationInput) (command.Receipt, representationChanged, error) {
		if err := given("reasons", in.Body.Reasons); err != nil {
			return command.Receipt{}, representationChanged{}, err
		}
		r, err := s.commands.EndRepresentation(ctx, cmd, in.ID, residence.EndRepresentation{
			RepresentativeID: in.Body.RepresentativeID, Reasons: domain.Personal(in.Body.Reasons),
		}, opt)
		return r, representationChanged{in.ID, eventsOf(r)}, err
	})
	read(s, operation{
		id: "get-representatives", method: http.MethodGet, path: "/v1/persons/{id}/representatives", tag: "Residence", fromLog: true,
		summary: "Who is recorded as a legal representative of a person",
		doc:     "Read from the log itself.",
	}, func(ctx context.Context, in *representativesInput) (*representativesFound, error) {
		p, err := s.commands.Person(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
		}
		out := &representativesFound{ETag: etag(p.Revision())}
		out.Body.PersonID, out.Body.Representatives = in.ID, []recordRepresentativeBody{}
		for _, r := range p.Representatives {
			out.Body.Representatives = append(out.Body.Representatives, recordRepresentativeBody{r.PersonID, r.Kind})
		}
		return out, nil
	})
}
