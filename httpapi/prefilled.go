package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
)

type prefilledInput struct {
	DraftPath
	ListID domain.ListID    `query:"list_id" format:"uuid" doc:"For s000 alone: the list to apply for. Default: that of your last application"`
	Ground residence.Ground `query:"ground" doc:"For s001 alone. Default: owner_application"`
	operation.AtLeast
}

// housingForm is an application for housing as far as the registry can write it: the members are those
// of the body of apply-for-housing.
type housingForm struct {
	Channel     applicationChannel `json:"channel"`
	Language    domain.Language    `json:"language"`
	ListID      domain.ListID      `json:"list_id,omitzero" format:"uuid" doc:"Left out where the registry cannot know it"`
	ApplicantID domain.PersonID    `json:"applicant_id" format:"uuid"`
	Family      []familyBody       `json:"family" doc:"Of the last application, and the children whom the applicant represents as a parent"`
	Service     *employmentBody    `json:"service,omitempty" doc:"As the last application stated it"`
}

// deregistrationForm is an application for deregistration as far as the registry can write it.
type deregistrationForm struct {
	Channel     domain.Channel    `json:"channel"`
	Language    domain.Language   `json:"language"`
	Ground      residence.Ground  `json:"ground"`
	DwellingID  domain.DwellingID `json:"dwelling_id,omitzero" format:"uuid" doc:"Left out where the applicant owns several dwellings, or none"`
	ApplicantID domain.PersonID   `json:"applicant_id" format:"uuid"`
	Persons     []domain.PersonID `json:"persons" format:"uuid" doc:"Nobody: the registry does not know whom to deregister"`
}

type ownDwellingBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Address    string            `json:"address"`
	Owned      bool              `json:"owned" doc:"The applicant is an owner"`
	Registered bool              `json:"registered" doc:"The applicant is registered there"`
}

type prefilledBody struct {
	Service      serviceApplied      `json:"service" values:"open"`
	Applicant    PersonLine          `json:"applicant"`
	Class        residence.Class     `json:"class" values:"open"`
	Address      string              `json:"address,omitempty" doc:"Of the permanent registration"`
	Family       []PersonLine        `json:"family" doc:"Who is named in the form"`
	Dwellings    []ownDwellingBody   `json:"dwellings" doc:"That the applicant owns, or is registered in; at most 100"`
	Contacts     maskedContacts      `json:"contacts"`
	Housing      *housingForm        `json:"housing_application,omitempty" doc:"Of s000: send it with consent, list_id where it is missing, and the signature"`
	Deregister   *deregistrationForm `json:"deregistration,omitempty" doc:"Of s001: send it with the persons, and the signature"`
	Requirements requirementsBody    `json:"requirements" doc:"The checklist of the application"`
	AsOfPosition domain.Position     `json:"as_of_position"`
}

func (s *Server) getPrefilled() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-prefilled", Method: http.MethodGet, Path: "/v1/me/drafts/{service}/prefilled", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "My application as far as the registry can write it",
		Doc: "What the registry knows stands in the shape of the body of the application: change what is not so any more, " +
			"add what is missing, and send it signed. Nothing is stored.",
		Roles: []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodeNotFound, domain.CodeGroundNotOpen, domain.CodeGroundUnknown,
			domain.CodeChannelNotOpen, domain.CodeMemberNotAllowed, domain.CodeGroundRequired,
		},
		Shows: operation.ShowsOthers(accesslog.Party),
	}, func(ctx context.Context, in *prefilledInput) (*operation.Listed[prefilledBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		p, err := s.self(ctx)
		if err != nil {
			return nil, err
		}
		body := prefilledBody{
			Service: in.Service, Applicant: PersonLine{p.ID, string(p.Name), p.IIN.Tail()}, Class: p.Class,
			Family: []PersonLine{}, Contacts: masked(p.ID, p.Contacts),
		}
		if err := s.fillDwellings(ctx, p, &body); err != nil {
			return nil, err
		}
		if in.Service == appliedS000 {
			err = s.fillHousing(ctx, p, in, &body)
		} else {
			err = s.fillDeregistration(p, in, &body)
		}
		if err != nil {
			return nil, err
		}
		ask := requirementsInput{Service: in.Service, Channel: domain.ChannelPortal}
		if f := body.Deregister; f != nil {
			ask.Class, ask.Ground = p.Class, f.Ground
		}
		if body.Requirements, err = s.requirements(&ask); err != nil {
			return nil, err
		}
		return &operation.Listed[prefilledBody]{Position: operation.Position(body.AsOfPosition), Body: body}, nil
	})
}

// ownDwellings bounds the dwellings that are looked at.
const ownDwellings = 100

// fillDwellings adds where the applicant is registered, and what they own.
func (s *Server) fillDwellings(ctx context.Context, p *residence.Person, body *prefilledBody) error {
	today := domain.DateOf(s.now())
	naming, err := s.model.Naming(ctx, p.ID)
	if err != nil {
		return err
	}
	var permanent domain.DwellingID
	ids := naming.Dwellings
	for _, r := range p.ActiveOn(today) {
		ids = append(ids, r.DwellingID)
		if r.Kind == residence.Permanent {
			permanent = r.DwellingID
		}
	}
	slices.SortFunc(ids, func(a, b domain.DwellingID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	ids = slices.Compact(ids)
	body.Dwellings = []ownDwellingBody{}
	for _, id := range ids[:min(len(ids), ownDwellings)] {
		d, err := s.commands.KnownDwelling(ctx, id, false)
		if err != nil {
			return err
		}
		own := ownDwellingBody{DwellingID: id, Address: d.AddressOn(today), Owned: d.OwnedBy(p.ID)}
		own.Registered = slices.ContainsFunc(p.ActiveOn(today), func(r residence.Registration) bool { return r.DwellingID == id })
		if _, gone := d.Gone(); gone || !own.Owned && !own.Registered {
			continue
		}
		if id == permanent {
			body.Address = own.Address
		}
		body.Dwellings = append(body.Dwellings, own)
	}
	return nil
}

// fillHousing writes the application for housing by the last one, and by whom the applicant represents.
func (s *Server) fillHousing(ctx context.Context, p *residence.Person, in *prefilledInput, body *prefilledBody) error {
	if in.Ground != "" {
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"an application for housing has no ground: leave it out").At("query.ground")
	}
	form := &housingForm{
		Channel: applicationChannel(domain.ChannelPortal), Language: cmp.Or(p.Contacts.Language, domain.Kazakh),
		ApplicantID: p.ID, Family: []familyBody{},
	}
	body.Housing = form
	page, err := s.model.CasesOf(ctx, p.ID, 0, mattersLooked)
	if err != nil {
		return err
	}
	body.AsOfPosition = page.AsOf
	for _, c := range page.Cases { // the latest first
		if c.Service != domain.S000 || c.ApplicantID != p.ID {
			continue
		}
		a, err := s.commands.Application(ctx, c.ID)
		if err != nil {
			return err
		}
		form.ListID, form.Service = a.Received.ListID, serviceOf(a.Received.Service)
		for _, m := range a.Received.Family {
			form.Family = append(form.Family, familyBody(m))
		}
		break
	}
	form.ListID = cmp.Or(in.ListID, form.ListID)
	wards, _, err := s.commands.ActsFor(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, id := range wards {
		ward, err := s.commands.KnownPerson(ctx, id, false)
		if err != nil {
			return err
		}
		parent := func(r residence.Representative) bool { return r.PersonID == p.ID && r.Kind == residence.Parent }
		named := func(m familyBody) bool { return m.PersonID == id }
		if slices.ContainsFunc(ward.Representatives, parent) && !slices.ContainsFunc(form.Family, named) {
			form.Family = append(form.Family, familyBody{id, housing.Child})
		}
	}
	return s.nameFamily(ctx, form, body)
}

// nameFamily adds the names of the family. Who has died, or was erased, is left out of the form.
func (s *Server) nameFamily(ctx context.Context, form *housingForm, body *prefilledBody) error {
	living := []familyBody{}
	for _, m := range form.Family {
		p, err := s.commands.KnownPerson(ctx, m.PersonID, false)
		if err != nil {
			return err
		}
		if _, dead := p.Dead(); dead || !p.Known() {
			continue
		}
		living = append(living, m)
		body.Family = append(body.Family, PersonLine{m.PersonID, string(p.Name), p.IIN.Tail()})
	}
	form.Family = living
	return nil
}

func (s *Server) fillDeregistration(p *residence.Person, in *prefilledInput, body *prefilledBody) error {
	if !in.ListID.IsZero() {
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a deregistration has no list: leave it out").At("query.list_id")
	}
	form := &deregistrationForm{
		Channel: domain.ChannelPortal, Language: cmp.Or(p.Contacts.Language, domain.Kazakh),
		Ground: cmp.Or(in.Ground, residence.GroundOwnerApplication), ApplicantID: p.ID, Persons: []domain.PersonID{},
	}
	var owned []domain.DwellingID
	for _, d := range body.Dwellings {
		if d.Owned {
			owned = append(owned, d.DwellingID)
		}
	}
	if len(owned) == 1 {
		form.DwellingID = owned[0]
	}
	body.Deregister = form
	return nil
}
