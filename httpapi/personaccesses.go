package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
)

type personAccessesInput struct {
	ID        domain.PersonID `path:"id" format:"uuid"`
	Reader    string          `query:"reader" maxLength:"64" doc:"Only the reads of this account; of a citizen the person id"`
	Operation string          `query:"operation" maxLength:"64" doc:"Only reads by this operation, as /openapi.json names it"`
	From      string          `query:"read_from" maxLength:"40" doc:"Only reads since this time: an RFC 3339 instant, or YYYY-MM-DD for the beginning of that day in UTC+5" example:"2026-03-01"`
	To        string          `query:"read_to" maxLength:"40" doc:"Only reads up to this time: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5" example:"2026-03-31"`
	Order     order           `query:"order" doc:"Default: newest"`
	Cursor    string          `query:"cursor" maxLength:"400" pattern:"^([0-9]+(-[0-9]+)+)?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit     int             `query:"limit" minimum:"1" maximum:"500" default:"100"`
	Wording
}

type personAccessBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"The record that was read: that of the path, or one that was merged into it"`
	Event    string          `json:"event" doc:"stream@revision of the entry in the access log"`
	AccessLine
	Reference string `json:"reference,omitempty" doc:"What the purpose rests on; the person is not shown it"`
}

type personAccessesBody struct {
	PersonID domain.PersonID    `json:"person_id" format:"uuid"`
	Accesses []personAccessBody `json:"accesses"`
	Next     string             `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page. A page can have fewer accesses than the limit and a next one"`
}

type personAccessesOutput struct{ Body personAccessesBody }

// accessScan bounds the reads that one page looks at, where few of them are asked for.
const accessScan = 500

func (s *Server) getPersonAccesses() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-person-accesses", Method: http.MethodGet, Path: "/v1/persons/{id}/accesses", Tag: auditTag,
		Of:       operation.OfPerson,
		Summary:  "Who read a person's data, when and why",
		Doc:      "If records of the person were merged, the reads of all of them are listed. This look is in the access log too.",
		Roles:    []domain.Role{domain.RoleAuditor},
		Problems: []domain.Code{domain.CodePersonUnknown},
		Rows:     table.Of[personAccessBody]("accesses"),
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassExpensive,
	}, func(ctx context.Context, in *personAccessesInput) (*personAccessesOutput, error) {
		wants, err := in.filter()
		if err != nil {
			return nil, err
		}
		p, err := s.commands.Person(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
		}
		by := in.Order
		if by == "" {
			by = newest
		}
		body := personAccessesBody{PersonID: in.ID, Accesses: []personAccessBody{}, Next: in.Cursor}
		for scanned := 0; len(body.Accesses) < in.Limit && scanned < accessScan; {
			found, err := s.accessesOf(ctx, in.ID, body.Next, by, in.Limit-len(body.Accesses))
			if err != nil {
				return nil, err
			}
			for i, e := range found.reads {
				if wants(e) {
					body.Accesses = append(body.Accesses, personAccessBody{
						e.PersonID, found.at[i].ref(), accessOf(e, in.language()), string(e.Reference),
					})
				}
			}
			scanned += len(found.reads)
			if body.Next = found.next; found.next == "" {
				break
			}
		}
		return &personAccessesOutput{body}, nil
	})
}

// ref names the entry of the access log.
func (a access) ref() string {
	if a.own == nil {
		return a.page.EventRef.String()
	}
	return domain.EventRef{Stream: a.own.Stream, Revision: a.own.Revision}.String()
}

// filter returns which reads are asked for.
func (in *personAccessesInput) filter() (func(accesslog.PersonalDataRead) bool, error) {
	from, to, err := periodOf(in.From, in.To, "query.read_from", "query.read_to")
	return func(e accesslog.PersonalDataRead) bool {
		return within(e.ReadAt, from, to) && (in.Reader == "" || e.Reader == in.Reader) &&
			(in.Operation == "" || e.Operation == in.Operation)
	}, err
}

// periodOf reads the ends of a period; what is "" is zero. A day begins it with its beginning, and ends it with
// its end.
func periodOf(first, last, firstField, lastField string) (from, to time.Time, err error) {
	if first != "" {
		day, instant, err := parseMoment(first)
		if err != nil {
			return from, to, err.At(firstField)
		}
		if from = instant; len(first) == len(time.DateOnly) {
			from = day.Start()
		}
	}
	if last != "" {
		_, instant, err := parseMoment(last)
		if err != nil {
			return from, to, err.At(lastField)
		}
		to = instant
	}
	return from, to, nil
}

// within reports whether the instant is of the period; an end that is zero bounds nothing.
func within(at, from, to time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (to.IsZero() || !at.After(to))
}
