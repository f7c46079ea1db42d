package operation

import (
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/problem"
)

// purposeHeader is where staff say why they read.
const purposeHeader = "Tizilim-Purpose"

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

// purposeOf reads why a caller with the role says to read.
func purposeOf(role domain.Role, stated string) (accesslog.Purpose, *problem.Problem) {
	switch p := accesslog.Purpose(stated); {
	case stated == "":
		return accesslog.DefaultOf(role), nil
	case role == domain.RoleCitizen:
		return "", problem.New(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
			"only staff state a purpose; leave the header out", "header."+purposeHeader)
	case slices.Contains(accesslog.Stated, p):
		return p, nil
	}
	names := make([]string, len(accesslog.Stated))
	for i, p := range accesslog.Stated {
		names[i] = string(p)
	}
	return "", problem.New(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
		"use one of "+strings.Join(names, ", ")+", or leave the header out", "header."+purposeHeader)
}
