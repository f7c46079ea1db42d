package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) comparisonOperations() []operation.Operation {
	return []operation.Operation{
		s.compareCase(),
		s.compareEntry(),
	}
}

// recordedTitle is a share in a dwelling, as recorded.
type recordedTitle struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Address    string            `json:"address"`
	Place      residence.Place   `json:"place,omitempty" values:"open" doc:"Left out if it is not recorded"`
	UsefulArea residence.Area    `json:"useful_area,omitempty" doc:"In square metres; left out if it is not recorded"`
	Share      string            `json:"share,omitempty" doc:"That the person has, or gave away; left out if it is not recorded" example:"1/2"`
	Until      domain.Date       `json:"until,omitzero" format:"date" doc:"The first day on which they had it no more; left out if they have it"`
}

type comparedDwelling struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Address    string            `json:"address"`
}

type otherEntry struct {
	ListID  domain.ListID  `json:"list_id" format:"uuid"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
}

type statedFinding struct {
	Kind       housing.FindingKind `json:"kind"`
	DwellingID domain.DwellingID   `json:"dwelling_id,omitzero" format:"uuid"`
	Settlement string              `json:"settlement,omitempty"`
	Share      string              `json:"share,omitempty"`
}

type comparedPerson struct {
	PersonID  domain.PersonID  `json:"person_id" format:"uuid"`
	Name      string           `json:"name"`
	Relation  housing.Relation `json:"relation,omitempty" doc:"To the applicant or holder, as stated; left out for them"`
	Findings  []statedFinding  `json:"findings" doc:"What the last examination states of dwellings"`
	BirthDate domain.Date      `json:"birth_date,omitzero" format:"date"`
	DiedOn    domain.Date      `json:"died_on,omitzero" format:"date"`
	LeftOn    domain.Date      `json:"left_on,omitzero" format:"date" doc:"The day of a departure abroad, if the person is registered nowhere since"`

	Home     *comparedDwelling  `json:"home,omitempty" doc:"Where the person resides permanently"`
	Titles   []recordedTitle    `json:"dwellings" doc:"What the person owns, and what they gave away"`
	Leases   []comparedDwelling `json:"service_leases" doc:"Service dwellings whose lease names the person"`
	Counted  []otherEntry       `json:"other_entries" doc:"Other active entries that are the person's, or count the person"`
	NotWhole bool               `json:"not_whole,omitempty" doc:"true if more names the person than is compared here"`
}

type recordsContradiction struct {
	Code       contradictionOfRecords `json:"code" values:"open"`
	Text       string                 `json:"text"`
	PersonID   domain.PersonID        `json:"person_id,omitzero" format:"uuid"`
	DwellingID domain.DwellingID      `json:"dwelling_id,omitzero" format:"uuid"`
	ListID     domain.ListID          `json:"list_id,omitzero" format:"uuid"`
	EntryID    domain.EntryID         `json:"entry_id,omitzero" format:"uuid"`
	Stated     string                 `json:"stated,omitempty"`
	Recorded   string                 `json:"recorded,omitempty"`
}

type comparisonBody struct {
	CaseID         domain.CaseID          `json:"case_id" format:"uuid"`
	Service        *employmentBody        `json:"service,omitempty" doc:"The service that the applicant states; left out if none is stated, and of an entry"`
	Persons        []comparedPerson       `json:"persons" doc:"The applicant or holder first, then the family"`
	Contradictions []recordsContradiction `json:"contradictions" doc:"What an act has to answer with accept and accept_reasons, if it is taken now"`
}

const comparisonDoc = "The registry's own records of the applicant or holder and of the family, beside what is stated: " +
	"names, dwellings with areas and shares, service leases, residence, other entries. They are no look-up in another system."

func (s *Server) compareCase() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-case-comparison", Method: http.MethodGet, Path: "/v1/cases/{id}/comparison", Tag: housingTag,
		Of:       operation.OfCase,
		Summary:  "What the registry itself knows beside an application for service housing",
		Doc:      comparisonDoc,
		Roles:    []domain.Role{domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeCaseUnknown},
		Shows:    operation.ShowsPersons(),
		FromLog:  true,
	}, func(ctx context.Context, in *struct {
		ID domain.CaseID `path:"id" format:"uuid"`
	},
	) (*operation.Found[comparisonBody], error) {
		c, err := s.commands.CompareCase(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return s.compared(ctx, c)
	})
}

func (s *Server) compareEntry() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-entry-comparison", Method: http.MethodGet, Path: entryAddress + "/comparison", Tag: housingTag,
		Of:       operation.OfEntry,
		Summary:  "What the registry itself knows of the holder of an entry and of the family",
		Doc:      comparisonDoc,
		Roles:    []domain.Role{domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeListUnknown, domain.CodeEntryUnknown},
		Shows:    operation.ShowsPersons(),
		FromLog:  true,
	}, func(ctx context.Context, in *struct{ EntryPath }) (*operation.Found[comparisonBody], error) {
		c, err := s.commands.CompareEntry(ctx, in.ListID, in.EntryID)
		if err != nil {
			return nil, err
		}
		return s.compared(ctx, c)
	})
}

// compared adds the names of persons and the addresses of dwellings.
func (s *Server) compared(ctx context.Context, c command.Comparison) (*operation.Found[comparisonBody], error) {
	body := comparisonBody{
		CaseID: c.CaseID, Persons: []comparedPerson{}, Contradictions: []recordsContradiction{},
		Service: serviceOf(c.Service),
	}
	for i, f := range c.Facts.Persons {
		p, err := s.comparedPerson(ctx, f)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			p.Relation = c.Family[i-1].Relation
		}
		for _, x := range c.Findings {
			if x.PersonID == f.PersonID {
				p.Findings = append(p.Findings, statedFinding{x.Kind, x.DwellingID, x.Settlement, x.Share.String()})
			}
		}
		body.Persons = append(body.Persons, p)
	}
	for _, x := range c.Contradictions {
		body.Contradictions = append(body.Contradictions, recordsContradiction{
			contradictionOfRecords(x.Code), x.Text(), x.PersonID, x.DwellingID, x.ListID, x.EntryID, x.Stated, x.Recorded,
		})
	}
	return operation.Answer(body, c.Revision, c.Position), nil
}

func (s *Server) comparedPerson(ctx context.Context, f housing.PersonFacts) (comparedPerson, error) {
	p, err := s.commands.KnownPerson(ctx, f.PersonID, true)
	if err != nil {
		return comparedPerson{}, err
	}
	out := comparedPerson{
		PersonID: f.PersonID, Name: string(p.Name), Findings: []statedFinding{}, BirthDate: f.Born, DiedOn: f.DiedOn,
		LeftOn: f.LeftOn, Titles: []recordedTitle{}, Leases: []comparedDwelling{}, Counted: []otherEntry{}, NotWhole: f.More,
	}
	dwelling := func(id domain.DwellingID) (*residence.Dwelling, comparedDwelling, error) {
		d, err := s.commands.KnownDwelling(ctx, id, false)
		if err != nil {
			return nil, comparedDwelling{}, err
		}
		return d, comparedDwelling{id, d.Address}, nil
	}
	if !f.Home.IsZero() {
		_, home, err := dwelling(f.Home)
		if err != nil {
			return out, err
		}
		out.Home = &home
	}
	for _, t := range f.Titles {
		d, _, err := dwelling(t.DwellingID)
		if err != nil {
			return out, err
		}
		out.Titles = append(out.Titles, recordedTitle{t.DwellingID, d.Address, d.Place, d.Area, t.Share.String(), t.Until})
	}
	for _, id := range f.Leases {
		_, let, err := dwelling(id)
		if err != nil {
			return out, err
		}
		out.Leases = append(out.Leases, let)
	}
	for _, e := range f.Counted {
		out.Counted = append(out.Counted, otherEntry(e))
	}
	return out, nil
}
