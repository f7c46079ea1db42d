package operation

import (
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
	text = strings.TrimSpace(text)
	switch {
	case err != nil || len(text) > maxReference || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", "", problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
			"write the reference in at most 200 bytes of UTF-8, percent-encoded where it is not ASCII",
			"header."+referenceHeader)
	case text == "" && purpose == accesslog.CourtRequest:
		return "", "", problem.New(http.StatusUnprocessableEntity, domain.CodeReferenceRequired,
			"name the number of the court request", "header."+referenceHeader)
	}
	return purpose, domain.Personal(text), nil
}
