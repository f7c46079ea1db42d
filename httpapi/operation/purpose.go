package operation

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/problem"
)

// purposeHeader is where staff say why they read.
const purposeHeader = "Tizilim-Purpose"

// referenceHeader is where staff name what their purpose rests on.
const referenceHeader = "Tizilim-Reference"

// maxReference bounds a reference, in bytes.
const maxReference = 200

// statesPurpose reports whether a caller of the operation can say why they read.
func (op Operation) statesPurpose() bool {
	staff := slices.ContainsFunc(op.Roles, func(r domain.Role) bool { return r != domain.RoleCitizen && r != Anyone })
	return staff && (op.kind == changes || op.Shows.nobody == "")
}

// Stated is part of the body of a search: why somebody searches. It takes the place of the headers, so
// that no search is made without it.
type Stated struct {
	Purpose   StatedPurpose `json:"purpose" doc:"Why you search; everybody who is found can see it" example:"service"`
	Reference string        `json:"reference,omitempty" maxLength:"200" doc:"What the purpose rests on: the number of the request, the letter or the case. Needed for court_request, and to see what is beyond the territory of your body"`
}

// StatedPurpose is a purpose that staff can state.
type StatedPurpose accesslog.Purpose

// Beyond reports whether the purpose rests on something, so that it reaches beyond the territory of a
// body.
func (s Stated) Beyond() bool { return strings.TrimSpace(s.Reference) != "" }

// Beyond reports whether the caller has stated why they read, with its reference.
func Beyond(ctx context.Context) bool { return callerOf(ctx).reference != "" }

func (s Stated) stated() Stated { return s }

// states is an input, or its body, that says why.
type states interface{ stated() Stated }

// Searched is the input of a search: its body says what is sought and why.
type Searched[B states] struct {
	Body B
	AtLeast
}

func (in *Searched[B]) stated() Stated { return in.Body.stated() }

// because returns a context in which the caller reads for what the body of the search says.
func because(ctx context.Context, why Stated) (context.Context, *problem.Problem) {
	who := callerOf(ctx)
	var refused *problem.Problem
	who.purpose = accesslog.Purpose(why.Purpose)
	who.reference, refused = referenceOf(who.purpose, why.Reference, "reference")
	return context.WithValue(ctx, callerKey{}, who), refused
}

// notInHeader refuses headers that say why, where the body says it.
func notInHeader(purpose, reference string) *problem.Problem {
	name := purposeHeader
	switch {
	case purpose == "" && reference == "":
		return nil
	case purpose == "":
		name = referenceHeader
	}
	return problem.New(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed,
		"the body of a search says why it is made: leave the header out", "header."+name)
}

// purposeParameter documents the header.
func purposeParameter(k kind) *huma.Param {
	doc := "Why staff read; the person can see it. " +
		"Default, by role: service for desks and the provider, decision for the commission, " +
		"audit for auditors, register_keeping for administrators"
	if k == changes {
		doc = "Only with dry_run: " + strings.ToLower(doc[:1]) + doc[1:]
	}
	values := make([]any, len(accesslog.Stated))
	for i, p := range accesslog.Stated {
		values[i] = string(p)
	}
	return &huma.Param{
		Name: purposeHeader, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString, Enum: values},
	}
}

// referenceParameter documents the header.
func referenceParameter() *huma.Param {
	longest := maxReference
	return &huma.Param{
		Name: referenceHeader, In: "header",
		Description: "What the purpose rests on: the number of the request, the letter or the case, percent-encoded where " +
			"it is not ASCII. Needed for court_request, and to read what is beyond the territory of your body",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
	}
}

// purposeOf reads why a caller with the role says to read, and what that rests on.
func purposeOf(role domain.Role, stated, reference string) (accesslog.Purpose, domain.Personal, *problem.Problem) {
	purpose := accesslog.Purpose(stated)
	switch {
	case stated == "" && reference == "":
		return accesslog.DefaultOf(role), "", nil
	case role == domain.RoleCitizen && stated != "":
		return "", "", problem.New(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
			"only staff state a purpose; leave the header out", "header."+purposeHeader)
	case role == domain.RoleCitizen:
		return "", "", nil
	case stated != "" && !slices.Contains(accesslog.Stated, purpose):
		return "", "", problem.New(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
			"use one of "+join(accesslog.Stated)+", or leave the header out", "header."+purposeHeader)
	case stated == "":
		return "", "", problem.New(http.StatusUnprocessableEntity, domain.CodeRequired,
			"a reference belongs to a purpose: state it, or leave the reference out", "header."+purposeHeader)
	}
	text, err := url.PathUnescape(reference)
	if err != nil {
		return "", "", unreadReference("header." + referenceHeader)
	}
	rests, refused := referenceOf(purpose, text, "header."+referenceHeader)
	if refused != nil {
		return "", "", refused
	}
	return purpose, rests, nil
}

// referenceOf reads what the purpose rests on.
func referenceOf(purpose accesslog.Purpose, text, field string) (domain.Personal, *problem.Problem) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxReference || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", unreadReference(field)
	case text == "" && purpose == accesslog.CourtRequest:
		return "", problem.New(http.StatusUnprocessableEntity, domain.CodeReferenceRequired,
			"name the number of the court request", field)
	}
	return domain.Personal(text), nil
}

func unreadReference(field string) *problem.Problem {
	return problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
		"write the reference in one line of at most 200 bytes of UTF-8, percent-encoded in a header where it is not ASCII",
		field)
}
