package problem

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"tizilim/domain"
)

// IDSentence says how to write an id that has the wrong form.
const IDSentence = "write the id as a UUID, as the registry gave it"

// init sets the sentences of huma's checks of the form of a request. They have the
// shape "code: sentence", like a [domain.Error], and formProblem reads both.
func init() {
	say := func(code domain.Code, sentence string) string { return string(code) + ": " + sentence }
	huma.ValidateStrictCasing = true // otherwise "IIN" and "iin" could both be sent
	validation.MsgUnexpectedProperty = say(
		domain.CodeUnknownField, "the request has no such member; remove it or correct its name",
	)
	validation.MsgExpectedRequiredProperty = say(domain.CodeRequired, "the member %s is missing; add it")
	validation.MsgExpectedRFC3339Date = say(domain.CodeDateFormat, "write the day as YYYY-MM-DD, for example 2026-03-01")
	// %.0v leaves out the reason that huma gives, since that quotes the value.
	validation.MsgExpectedRFC4122UUID = say(domain.CodeIDFormat, IDSentence+"%.0v")
	validation.MsgExpectedOneOf = say(domain.CodeValueUnknown, "use one of \"%s\"")
	validation.MsgExpectedBase64String = say(domain.CodeMalformed, "write these bytes in base64")
	validation.MsgExpectedBoolean = say(domain.CodeWrongType, "write true or false, without quotes")
	validation.MsgExpectedString = say(domain.CodeWrongType, "write a string, in quotes")
	validation.MsgExpectedInteger = say(domain.CodeWrongType, "write a whole number, without quotes")
	validation.MsgExpectedNumber = say(domain.CodeWrongType, "write a number, without quotes")
	validation.MsgExpectedArray = say(domain.CodeWrongType, "write a list, in brackets")
	validation.MsgExpectedObject = say(domain.CodeWrongType, "write an object, in braces")
	validation.MsgExpectedMinLength = say(domain.CodeRequired, "write at least %d characters")
	validation.MsgExpectedMaxLength = say(domain.CodeTooLong, "write at most %d characters")
	validation.MsgExpectedMinItems = say(domain.CodeRequired, "name at least %d")
	validation.MsgExpectedMaxItems = say(domain.CodeTooLong, "name at most %d")
	validation.MsgExpectedMinimumNumber = say(domain.CodeMalformed, "write a number of at least %v")
	validation.MsgExpectedMaximumNumber = say(domain.CodeMalformed, "write a number of at most %v")
	validation.MsgExpectedBePattern = say(domain.CodeMalformed, "this is not %s")
	validation.MsgExpectedMatchPattern = say(domain.CodeMalformed, "this must match %s")

	huma.NewError = formProblem
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return formProblem(status, msg, errs...)
	}
}

// formProblem builds the Problem for a request whose form huma refuses. It never
// repeats a value of the request, since that may be an IIN.
func formProblem(status int, msg string, errs ...error) huma.StatusError {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return New(status, domain.CodeBodyTooLarge, "the request body is larger than this operation takes; send less", "")
	case status == http.StatusRequestTimeout:
		return New(status, domain.CodeMalformed, "the request body did not arrive in time; send it without pauses", "")
	case msg == "cannot read request body": // the client went away, or its chunks are malformed
		return New(http.StatusBadRequest, domain.CodeMalformed,
			"the request body did not arrive whole; send the request again", "")
	}
	faults, all := faultsOf(errs)
	if len(faults) == 0 { // huma names no fault only where the body is missing
		return New(http.StatusBadRequest, domain.CodeMalformed,
			"this operation needs a JSON object as its body; send one", "")
	}
	first := faults[0]
	switch first.Code {
	case domain.CodeKeyRequired:
		status = http.StatusBadRequest
	case domain.CodeWrongType:
		status = http.StatusUnprocessableEntity
	}
	p := New(status, first.Code, first.Detail, first.Field)
	if all > 1 {
		p.Errors = faults
	}
	if all > len(faults) {
		p.Detail += fmt.Sprintf(" (the request has %d faults; errors lists the first %d)", all, len(faults))
	}
	return p
}

// maxFaults bounds how many faults of a request a [Problem] lists. A body of 64 KB can
// have thousands.
const maxFaults = 20

// faultsOf returns the first faults that huma found, at most [maxFaults], and how many
// there are in all. Unknown members come last, in the order of their paths: huma finds
// them in the order of a map, and the same request must get the same answer.
//
// The text of huma's errors is never asked for: it repeats the whole object at fault,
// once for each of its members.
func faultsOf(errs []error) (faults []FieldProblem, all int) {
	type unknownMember struct {
		path   string
		detail *huma.ErrorDetail
	}
	var unknown []unknownMember
	for _, err := range errs {
		if err == nil {
			continue
		}
		all++
		detail := detailOf(err)
		if detail.Message == validation.MsgUnexpectedProperty || detail.Message == unknownParameter {
			unknown = append(unknown, unknownMember{path(detail.Location), detail})
		} else if len(faults) < maxFaults {
			faults = append(faults, fault(detail))
		}
	}
	slices.SortFunc(unknown, func(a, b unknownMember) int { return strings.Compare(a.path, b.path) })
	for _, u := range unknown[:min(len(unknown), maxFaults-len(faults))] {
		faults = append(faults, fault(u.detail))
	}
	return faults, all
}

func detailOf(err error) *huma.ErrorDetail {
	if detailed, ok := err.(huma.ErrorDetailer); ok {
		return detailed.ErrorDetail()
	}
	return &huma.ErrorDetail{Message: err.Error()}
}

// unknownParameter is what huma says about a parameter that an operation does not have.
const unknownParameter = "unknown query parameter"

// missingMember is the sentence about a member that is missing.
var missingMember = regexp.MustCompile(`^the member (\S+) is missing; add it$`)

// codeAndSentence is "code: sentence" or "code (field): sentence".
var codeAndSentence = regexp.MustCompile(`(?s)^([a-z][a-z0-9_]*)(?: \(([^)]*)\))?: (.*)$`)

// fault reads what huma says about a location such as body.persons[1].
func fault(d *huma.ErrorDetail) FieldProblem {
	field := path(d.Location)
	m := codeAndSentence.FindStringSubmatch(d.Message)
	if d.Location == "header.Idempotency-Key" {
		return FieldProblem{domain.CodeKeyRequired, field,
			"every command needs an Idempotency-Key header of 1 to 200 characters, such as a random UUID: " +
				"send the same key again when you repeat the request"}
	}
	if m != nil {
		if m[2] != "" {
			field = m[2]
		}
		// Where a member is missing, huma names the object that should have it.
		if member := missingMember.FindStringSubmatch(m[3]); member != nil {
			field = strings.TrimPrefix(field+"."+member[1], ".")
		}
		return FieldProblem{domain.Code(m[1]), field, m[3]}
	}
	switch d.Message {
	case unknownParameter:
		return FieldProblem{
			domain.CodeUnknownField, field, "this operation has no such parameter; remove it or correct its name",
		}
	case "invalid boolean":
		return FieldProblem{domain.CodeWrongType, field, "write true or false"}
	case "invalid integer":
		return FieldProblem{domain.CodeWrongType, field, "write a whole number in digits"}
	}
	if strings.HasPrefix(d.Message, "required ") {
		return FieldProblem{domain.CodeRequired, field, "this parameter is missing; add it"}
	}
	// Only ids are left. huma's own sentence repeats a part of the value.
	return FieldProblem{domain.CodeIDFormat, field, IDSentence}
}

// path shortens huma's path of a member: without its beginning "body", and
// without names that no operation has (see [MemberPath]).
func path(location string) string {
	location = strings.TrimPrefix(strings.TrimPrefix(location, "body"), ".")
	if place, name, ok := strings.Cut(location, "."); ok && place == "header" {
		return place + "." + name
	}
	short := ""
	for name := range strings.SplitSeq(location, ".") {
		name, index, indexed := strings.Cut(name, "[")
		short = MemberPath(short, name)
		if indexed && plainName(name) {
			short += "[" + index
		}
	}
	return short
}

// Query is the path of a parameter of the query.
func Query(name string) string { return path("query." + name) }

// MemberPath is the path of a member of the object at path. A name that no
// operation has is left out: a client may have written an IIN in its place.
func MemberPath(path, name string) string {
	if !plainName(name) {
		return path
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// plainName reports whether a name looks like one of this API.
func plainName(name string) bool {
	return name != "" && len(name) <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
		!slices.ContainsFunc([]byte(name), func(b byte) bool { return b != '_' && (b < 'a' || b > 'z') })
}
