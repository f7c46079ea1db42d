package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

type searchNumberBody struct {
	operation.Stated
	Number string `json:"number" minLength:"1" maxLength:"80" doc:"As on the paper; upper and lower case, hyphens and spaces do not count" example:"S000-2026-1A2B-3C4D-5E6F"`
}

func (s *Server) searchCase() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "search-case", Method: http.MethodPost, Path: "/v1/cases/search", Tag: casesTag,
		Of:      operation.OfAll,
		Summary: "Find a case by the number on its talon",
		Doc: "The answer is the line of the case on a work list. A commission finds the cases of the lists that it keeps " +
			"and those whose complaints it decides. A case beyond the territory of your body is found if you give a reference.",
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeNumberFormat, domain.CodeCaseUnknown},
		Example:  `{"purpose": "service", "number": "S000-2026-1A2B-3C4D-5E6F"}`,
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *operation.Searched[searchNumberBody]) (*operation.Found[workLine], error) {
		number, err := certificates.ParseNumber(in.Body.Number)
		if err != nil {
			return nil, err
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		ids, err := s.model.Numbered(ctx, number.Locator())
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			item, err := s.model.WorkItem(ctx, id)
			if err != nil {
				return nil, err
			}
			line := s.workLine(item)
			if !number.Is(line.Number) {
				continue
			}
			may, err := mayFind(rights{s}.ofCase(ctx, searching(ctx, in.Body.Beyond()), id, true))
			if err != nil {
				return nil, err
			}
			if !may {
				continue
			}
			applicant, err := s.personLines(ctx, []domain.PersonID{item.ApplicantID})
			if err != nil {
				return nil, err
			}
			line.Applicant = applicant[0]
			return operation.Answer(line, item.Revision, item.AsOf), nil
		}
		return nil, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown,
			"you can see no case with this number: compare it with the talon, and give a reference if it is of another "+
				"place").At("number")
	})
}

// mayFind reports whether the caller may find a record to which they have the right that err tells of.
// A refusal is no answer to a search: it would tell that the record exists.
func mayFind(err error) (bool, error) {
	if domain.IsKind(err, domain.Forbidden) {
		return false, nil
	}
	return err == nil, err
}

type foundCertificateBody struct {
	CertificateID domain.CertificateID    `json:"certificate_id" format:"uuid"`
	Kind          certificates.Kind       `json:"kind"`
	Number        string                  `json:"number" example:"S000-2026-1A2B-3C4D-5E6F"`
	IssuedOn      domain.Date             `json:"issued_on" format:"date"`
	Status        certificates.Status     `json:"status"`
	VoidSince     domain.Date             `json:"void_since,omitzero" format:"date" doc:"The day since which the document is not in force"`
	VoidBy        certificates.Overtaking `json:"void_by,omitempty" values:"open" doc:"What overtook the document"`
	CaseID        domain.CaseID           `json:"case_id,omitzero" format:"uuid" doc:"The case that issued the document, if one did"`
	Person        PersonLine              `json:"person" doc:"The person whom the document names"`
}

type foundCertificate struct {
	Body foundCertificateBody
}

func (s *Server) searchCertificate() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "search-certificate", Method: http.MethodPost, Path: "/v1/certificates/search", Tag: documentsTag,
		Of:      operation.OfAll,
		Summary: "Find a document by the number that is printed on it",
		Doc: "Each role finds the documents that it may read. A document about somebody beyond the territory of your " +
			"body is found if you give a reference.",
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeNumberFormat, domain.CodeCertificateUnknown},
		Example:  `{"purpose": "service", "number": "S001-2026-1A2B-3C4D-5E6F"}`,
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *operation.Searched[searchNumberBody]) (*foundCertificate, error) {
		number, err := certificates.ParseNumber(in.Body.Number)
		if err != nil {
			return nil, err
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		found, err := s.model.Located(ctx, number.Locator())
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			if !number.Is(c.Number) {
				continue
			}
			may, err := mayFind(rights{s}.ofCertificate(ctx, searching(ctx, in.Body.Beyond()), c.ID, true))
			if err != nil {
				return nil, err
			}
			if may {
				return s.certificateLine(ctx, c)
			}
		}
		return nil, domain.Refuse(domain.NotFound, domain.CodeCertificateUnknown,
			"you can see no document with this number: compare it with the paper, and give a reference if it is of "+
				"another place").At("number")
	})
}

// certificateLine says what a document is and whom it names.
func (s *Server) certificateLine(ctx context.Context, c projections.Certificate) (*foundCertificate, error) {
	file, err := s.commands.Certificates(ctx, c.Stream, c.ID)
	if err != nil {
		return nil, err
	}
	d, ok := file.Find(c.ID)
	if !ok {
		return nil, s.missing(c.Stream, "certificate_id", c.ID)
	}
	person, err := s.personLines(ctx, []domain.PersonID{file.Named(d)})
	if err != nil {
		return nil, err
	}
	return &foundCertificate{foundCertificateBody{
		CertificateID: c.ID, Kind: c.Kind, Number: c.Number, IssuedOn: c.IssuedOn,
		Status: certificates.StatusOf(c.Superseded, c.VoidSince), VoidSince: c.VoidSince, VoidBy: c.VoidBy,
		CaseID: file.Case(), Person: person[0],
	}}, nil
}
