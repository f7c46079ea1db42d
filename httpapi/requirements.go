package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	printed "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
)

func (s *Server) requirementOperations() []operation.Operation {
	return []operation.Operation{s.getRequirements()}
}

// serviceApplied is a service in a URL.
type serviceApplied string

const (
	appliedS000 serviceApplied = "s000"
	appliedS001 serviceApplied = "s001"
)

var servicesApplied = []serviceApplied{appliedS000, appliedS001}

type requirementsInput struct {
	Service serviceApplied   `path:"service"`
	Channel domain.Channel   `query:"channel" required:"true"`
	Class   residence.Class  `query:"class" doc:"Of the applicant; for S001 alone, which needs it"`
	Ground  residence.Ground `query:"ground" doc:"For S001 alone, which needs it"`
}

// saidBody is one sentence in each language.
type saidBody struct {
	Kazakh  string `json:"kk"`
	Russian string `json:"ru"`
	English string `json:"en"`
}

type requirementBody struct {
	Paper         domain.Paper          `json:"paper"`
	Text          saidBody              `json:"text" doc:"What the paper is, for people"`
	Required      bool                  `json:"required" doc:"false: the application is received without it, and the commission asks for it later"`
	Field         string                `json:"field" doc:"The member of the application that states it" example:"documents"`
	DocumentTypes []domain.DocumentType `json:"document_types" doc:"Any of them serves"`
	For           domain.PaperFor       `json:"for" doc:"Whom it has to name"`
	FromAge       int                   `json:"from_age,omitempty" doc:"In years: only for who is as old or older"`
	UnderAge      int                   `json:"under_age,omitempty" doc:"In years: only for who is younger"`
	Code          domain.Code           `json:"code" doc:"The code of the refusal, or of the warning, where it is missing"`
}

type requirementsBody struct {
	Service    domain.Service           `json:"service"`
	Edition    rules.EditionID          `json:"edition" doc:"The rules that ask for them"`
	Signatures []domain.SignatureMethod `json:"signatures" doc:"The application is signed by one of them"`
	Papers     []requirementBody        `json:"papers"`
}

type requirementsOutput struct{ Body requirementsBody }

func (s *Server) getRequirements() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-requirements", Method: http.MethodGet, Path: "/v1/services/{service}/requirements", Tag: casesTag,
		Of:      operation.OfPublic,
		Summary: "The checklist of an application: every paper that it must have, and how it is signed",
		Doc: "It is the table by which an application is checked. Where papers are missing, the refusal names all of " +
			"them at once in errors.",
		Roles: []domain.Role{operation.Anyone},
		Problems: []domain.Code{
			domain.CodeGroundRequired, domain.CodeGroundNotOpen, domain.CodeGroundUnknown, domain.CodeChannelNotOpen,
			domain.CodeMemberNotAllowed,
		},
		Shows:   operation.ShowsNobody("the papers that the rules ask of anybody"),
		FromLog: true,
	}, func(_ context.Context, in *requirementsInput) (*requirementsOutput, error) {
		out, err := s.requirements(in)
		return &requirementsOutput{out}, err
	})
}

// requirements is the checklist that is asked for.
func (s *Server) requirements(in *requirementsInput) (requirementsBody, error) {
	by := s.commands.RulesOn(domain.DateOf(s.now()))
	out := requirementsBody{
		Service: domain.Service(strings.ToUpper(string(in.Service))), Edition: by.ID, Papers: []requirementBody{},
	}
	required, err := in.required(by)
	if err != nil {
		return out, err
	}
	out.Signatures = by.Deregistration.Signatures[in.Channel]
	if in.Service == appliedS000 {
		out.Signatures = by.Placement.Signatures[in.Channel]
	}
	for _, r := range required {
		out.Papers = append(out.Papers, requirementBody{
			Paper: r.Paper, Required: !r.Advised, Field: r.Field, DocumentTypes: r.Types, For: r.For,
			FromAge: r.FromAge, UnderAge: r.ToAge, Code: r.Code,
			Text: saidBody{
				printed.RequiredPaper(r, domain.Kazakh), printed.RequiredPaper(r, domain.Russian),
				printed.RequiredPaper(r, domain.English),
			},
		})
	}
	return out, nil
}

// required asks the service that the request names.
func (in *requirementsInput) required(by rules.Edition) (list []domain.Requirement, err error) {
	switch {
	case in.Service == appliedS001 && in.Class == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"say of which class the applicant is").At("query.class")
	case in.Service == appliedS001:
		list, err = residence.Requirements(in.Class, in.Ground, in.Channel, by)
	case in.Class != "" || in.Ground != "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"an application for housing has neither class nor ground: leave them out").At("query")
	case !slices.Contains(applicationChannels, applicationChannel(in.Channel)):
		err = domain.Refuse(domain.Invalid, domain.CodeChannelNotOpen,
			"an application for housing is filed through one of the channels %v", applicationChannels).At("channel")
	default:
		list, err = housing.Requirements(in.Channel, by)
	}
	if e := (*domain.Error)(nil); errors.As(err, &e) {
		return nil, e.At(problem.Query(e.Field))
	}
	return list, err
}
