package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"tizilim/domain"
)

// Problem is every refusal of the API: RFC 9457 with a stable code, the field
// at fault and how to mend it.
type Problem struct {
	Type   string         `json:"type" doc:"urn:tizilim:problem: and the code" example:"urn:tizilim:problem:iin_control_digit"`
	Title  string         `json:"title" doc:"The HTTP status in words"`
	Status int            `json:"status"`
	Code   domain.Code    `json:"code" doc:"Stable name of the refusal, for programs" example:"iin_control_digit"`
	Detail string         `json:"detail" doc:"What is wrong and how to mend it"`
	Field  string         `json:"field,omitempty" doc:"Path of the member at fault in the request" example:"persons[1]"`
	Errors []FieldProblem `json:"errors,omitempty" doc:"All faults, where there are several"`
}

// FieldProblem is one of several faults of a request.
type FieldProblem struct {
	Code   domain.Code `json:"code"`
	Field  string      `json:"field,omitempty"`
	Detail string      `json:"detail"`
}

func (p *Problem) Error() string             { return p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }
func (p *Problem) GetHeaders() http.Header   { return p.headers() }

// retryAfter is what a client is told to wait, in seconds, where the registry
// does not answer now.
const retryAfter = "1"

func (p *Problem) headers() http.Header {
	h := http.Header{}
	switch p.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", retryAfter)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="tizilim"`)
	}
	return h
}

// statusOf is the one table from the kind of a refusal to its HTTP status.
func statusOf(e *domain.Error) int {
	switch e.Kind {
	case domain.Conflict:
		return http.StatusConflict
	case domain.NotFound:
		return http.StatusNotFound
	case domain.Forbidden:
		return http.StatusForbidden
	case domain.Stale:
		return http.StatusPreconditionFailed
	case domain.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusUnprocessableEntity
	}
}

// problemOf turns an error of an operation into what the client is told. What
// is no refusal is a defect: it is logged, and the client learns nothing of it.
func problemOf(err error, log *slog.Logger) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var e *domain.Error
	if !errors.As(err, &e) {
		var trouble storeTrouble
		if errors.As(err, &trouble) { // operators read what it is in /readyz
			log.Warn("the event store is of no use now", "reason", trouble.EventStoreReason(), "error", err)
			return refusal(http.StatusServiceUnavailable, domain.CodeLogUnavailable,
				"the event store does not answer now; send the same request again", "")
		}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) { // the client went away, or the server stops
			log.Debug("request was given up", "error", err)
			return refusal(http.StatusServiceUnavailable, domain.CodeInternal, "the request ended before its answer; send the same request again", "")
		}
		log.Error("request failed", "error", err)
		return internal()
	}
	p = refusal(statusOf(e), e.Code, e.Message, e.Field)
	if len(e.Also) > 0 {
		p.Errors = append(p.Errors, FieldProblem{e.Code, e.Field, e.Message})
		for _, also := range e.Also {
			p.Errors = append(p.Errors, FieldProblem{also.Code, also.Field, also.Message})
		}
	}
	return p
}

// internal is what a client is told of a defect: the log knows more.
func internal() *Problem {
	return refusal(http.StatusInternalServerError, domain.CodeInternal, "the registry failed; nothing is known to have been changed, send the same request again", "")
}

func refusal(status int, code domain.Code, detail, field string) *Problem {
	return &Problem{
		Type: "urn:tizilim:problem:" + string(code), Title: http.StatusText(status), Status: status,
		Code: code, Detail: detail, Field: field,
	}
}

// The form checks of huma say "code: sentence", like a [domain.Error], so that
// formProblem can tell the two apart.
func init() {
	say := func(code domain.Code, sentence string) string { return string(code) + ": " + sentence }
	huma.ValidateStrictCasing = true // otherwise "IIN" and "iin" could both be sent
	validation.MsgUnexpectedProperty = say(domain.CodeUnknownField, "the request has no such member; remove it or correct its name")
	validation.MsgExpectedRequiredProperty = say(domain.CodeRequired, "the member %s is missing; add it")
	validation.MsgExpectedRFC3339Date = say(domain.CodeDateFormat, "write the day as YYYY-MM-DD, for example 2026-03-01")
	validation.MsgExpectedRFC4122UUID = say(domain.CodeIDFormat, idSentence+"%.0v") // without huma's reason: it quotes the value
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

// formProblem builds the Problem for what huma refuses: a request whose form is
// wrong. It never echoes a value: it may be somebody's IIN.
func formProblem(status int, msg string, errs ...error) huma.StatusError {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return refusal(status, domain.CodeBodyTooLarge, "the request body is larger than this operation takes; send less", "")
	case status == http.StatusRequestTimeout:
		return refusal(status, domain.CodeMalformed, "the request body did not arrive in time; send it without pauses", "")
	case msg == "cannot read request body": // of a client that went away, or whose chunks are none
		return refusal(http.StatusBadRequest, domain.CodeMalformed, "the request body did not arrive whole; send the request again", "")
	}
	var faults, unknown []FieldProblem
	for _, err := range errs {
		if err == nil {
			continue
		}
		detail := &huma.ErrorDetail{Message: err.Error()}
		if converted, ok := err.(huma.ErrorDetailer); ok {
			detail = converted.ErrorDetail()
		}
		if f := fault(detail); f.Code == domain.CodeUnknownField {
			unknown = append(unknown, f)
		} else {
			faults = append(faults, f)
		}
	}
	// Unknown members come in the order of a map: sorted, the same request gets
	// the same answer.
	slices.SortFunc(unknown, func(a, b FieldProblem) int { return strings.Compare(a.Field, b.Field) })
	faults = append(faults, unknown...)
	if len(faults) == 0 { // huma itself says so of a body that is missing, and of nothing else
		return refusal(http.StatusBadRequest, domain.CodeMalformed, "this operation needs a JSON object as its body; send one", "")
	}
	first := faults[0]
	switch first.Code {
	case domain.CodeKeyRequired:
		status = http.StatusBadRequest
	case domain.CodeWrongType:
		status = http.StatusUnprocessableEntity
	}
	p := refusal(status, first.Code, first.Detail, first.Field)
	if len(faults) > 1 {
		p.Errors = faults
	}
	return p
}

// lacks is what is said of a member that is missing.
var lacks = regexp.MustCompile(`^the member (\S+) is missing; add it$`)

// said is "code: sentence" or "code (field): sentence".
var said = regexp.MustCompile(`(?s)^([a-z][a-z0-9_]*)(?: \(([^)]*)\))?: (.*)$`)

// fault reads what [said] of a location such as body.persons[1].
func fault(d *huma.ErrorDetail) FieldProblem {
	field := plainPath(d.Location)
	if d.Location == "header.Idempotency-Key" {
		return FieldProblem{domain.CodeKeyRequired, field,
			"every command needs an Idempotency-Key header of 1 to 200 characters, such as a random UUID: send the same key again when you repeat the request"}
	}
	if m := said.FindStringSubmatch(d.Message); m != nil {
		if m[2] != "" {
			field = m[2]
		}
		// Of a member that is missing huma names the object that should have it.
		if member := lacks.FindStringSubmatch(m[3]); member != nil {
			field = strings.TrimPrefix(field+"."+member[1], ".")
		}
		return FieldProblem{domain.Code(m[1]), field, m[3]}
	}
	switch d.Message {
	case "unknown query parameter":
		return FieldProblem{domain.CodeUnknownField, field, "this operation has no such parameter; remove it or correct its name"}
	case "invalid boolean":
		return FieldProblem{domain.CodeWrongType, field, "write true or false"}
	case "invalid integer":
		return FieldProblem{domain.CodeWrongType, field, "write a whole number in digits"}
	}
	if strings.HasPrefix(d.Message, "required ") {
		return FieldProblem{domain.CodeRequired, field, "this parameter is missing; add it"}
	}
	// What is left is an id that is none: huma's sentence for it repeats a part.
	return FieldProblem{domain.CodeIDFormat, field, idSentence}
}

// plainPath is huma's path of a member without its beginning "body", and
// without names that no operation could have: see [memberPath].
func plainPath(location string) string {
	location = strings.TrimPrefix(strings.TrimPrefix(location, "body"), ".")
	if place, name, ok := strings.Cut(location, "."); ok && place == "header" {
		return place + "." + name
	}
	path := ""
	for name := range strings.SplitSeq(location, ".") {
		name, index, indexed := strings.Cut(name, "[")
		path = memberPath(path, name)
		if indexed && plainName(name) {
			path += "[" + index
		}
	}
	return path
}
