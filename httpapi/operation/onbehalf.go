package operation

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// onBehalfHeader is where a legal representative says in whose place they act or read (R32).
// They need it where the path names nobody, and where the record names several whom they
// represent.
const onBehalfHeader = "Tizilim-On-Behalf-Of"

// takesOnBehalf reports whether a citizen can call the operation in somebody's place.
func (op Operation) takesOnBehalf() bool {
	return slices.Contains(op.Roles, domain.RoleCitizen) && op.Of != OfPublic
}

// onBehalfParameter documents the header.
func onBehalfParameter() *huma.Param {
	return &huma.Param{
		Name: onBehalfHeader, In: "header",
		Description: "The id of the person in whose place you act or read, as their legal representative. Leave it out " +
			"for yourself, and where the path or the body names the person",
		Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"},
	}
}

// onBehalfOf reads the header; zero where it is not sent.
func onBehalfOf(op Operation, p token.Principal, text string) (domain.PersonID, *problem.Problem) {
	if text == "" || p.IsCitizen() && !op.takesOnBehalf() {
		return domain.PersonID{}, nil
	}
	if !p.IsCitizen() {
		return domain.PersonID{}, problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
			"only a citizen acts in somebody's place; leave the header out", "header."+onBehalfHeader)
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return domain.PersonID{}, problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
			"give the id of a person, or leave the header out", "header."+onBehalfHeader)
	}
	return domain.PersonID{UUID: id}, nil
}
