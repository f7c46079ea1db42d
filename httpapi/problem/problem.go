// Package problem turns every refusal of the API into an RFC 9457 problem with a
// stable code, the member at fault and a sentence that says how to mend it.
package problem

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"tizilim/domain"
)

// Problem is the answer to a request that is refused (RFC 9457).
type Problem struct {
	Type   string         `json:"type" doc:"urn:tizilim:problem: and the code" example:"urn:tizilim:problem:iin_control_digit"`
	Title  string         `json:"title" doc:"What is wrong, in a few words, in the language that Accept-Language asks for: kk, ru or en"`
	Status int            `json:"status"`
	Code   domain.Code    `json:"code" doc:"The stable name of the refusal, for programs; /problems/ and the code is a page about it" example:"iin_control_digit"`
	Detail string         `json:"detail" doc:"What is wrong and how to mend it, in the language that Accept-Language asks for: kk, ru or en"`
	Field  string         `json:"field,omitempty" doc:"The path of the member of the request that is wrong" example:"persons[1]"`
	Errors []FieldProblem `json:"errors,omitempty" doc:"The faults of the request, if there are several; of more than 20, the first 20"`

	retryAfter int // of a 429, in seconds
	// Challenge are parameters of WWW-Authenticate beside the realm, where Status is 401.
	Challenge string `json:"-"`
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

// RetryAfter is the Retry-After of every 503, in seconds.
const RetryAfter = "1"

// GetHeaders returns the headers that belong to the status, and where the code is explained.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	h.Set("Link", "</problems/"+string(p.Code)+`>; rel="help"`)
	switch p.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", RetryAfter)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	case http.StatusUnauthorized:
		challenge := `Bearer realm="tizilim"`
		if p.Challenge != "" {
			challenge += ", " + p.Challenge
		}
		h.Set("WWW-Authenticate", challenge)
	}
	return h
}

// statusOf is the one table from a refusal to its HTTP status: by its kind, but 413 for
// what is too large.
func statusOf(e *domain.Error) int {
	if e.Code == domain.CodeBodyTooLarge || e.Code == domain.CodePaperTooLarge {
		return http.StatusRequestEntityTooLarge
	}
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

// storeTrouble is an error of the event store that knows its reason. Its text is
// a sentence for operators.
type storeTrouble interface {
	error
	EventStoreReason() string
}

// Of turns an error of an operation into the answer to the client. An error that
// is not a [domain.Error] is a defect or an outage: its text goes to the log, and
// the client does not see it.
func Of(err error, log *slog.Logger) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var e *domain.Error
	if !errors.As(err, &e) {
		var trouble storeTrouble
		if errors.As(err, &trouble) { // operators read what it is in /readyz
			log.Warn("the event store cannot be used now", "reason", trouble.EventStoreReason(), "error", err)
			return New(http.StatusServiceUnavailable, domain.CodeLogUnavailable,
				"the event store does not answer now; send the same request again", "")
		}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			// The client went away, or the server stops.
			log.Debug("request was given up", "error", err)
			return New(http.StatusServiceUnavailable, domain.CodeInternal,
				"the request ended before its answer; send the same request again", "")
		}
		log.Error("request failed", "error", err)
		return Internal()
	}
	p = New(statusOf(e), e.Code, e.Message, e.Field)
	if len(e.Also) > 0 {
		p.Errors = append(p.Errors, FieldProblem{e.Code, e.Field, e.Message})
		for _, also := range e.Also {
			p.Errors = append(p.Errors, FieldProblem{also.Code, also.Field, also.Message})
		}
	}
	return p
}

// Internal is the answer to a client where the registry has a defect. The log says
// more about it.
func Internal() *Problem {
	return New(http.StatusInternalServerError, domain.CodeInternal,
		"the registry failed; nothing is known to have been changed, send the same request again", "")
}

// TooManyRequests is the answer to a caller who must wait for the seconds, at least one.
func TooManyRequests(wait int) *Problem {
	p := New(http.StatusTooManyRequests, domain.CodeTooManyRequests,
		"too many requests came from you in a short time; send this one again after the seconds that Retry-After names",
		"")
	p.retryAfter = max(wait, 1)
	return p
}

// New makes a Problem of its parts. field is the path of the member at fault, or
// "" where there is none.
func New(status int, code domain.Code, detail, field string) *Problem {
	return &Problem{
		Type: "urn:tizilim:problem:" + string(code), Title: english[code].Title, Status: status,
		Code: code, Detail: detail, Field: field,
	}
}
