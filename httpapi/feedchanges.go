package httpapi

import (
	"context"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/feed"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

const (
	// mostAsked bounds the persons of one question.
	mostAsked = 100
	// askedAtOnce is how many of them are looked at side by side.
	askedAtOnce = 8
)

type changesBody struct {
	operation.Stated
	Since   string            `json:"since,omitempty" maxLength:"40" doc:"A position of the feed; leave it out for the beginning"`
	Persons []domain.PersonID `json:"persons,omitempty" maxItems:"100" doc:"Whom you ask about. Give these, or iins, or both; together at most 100"`
	IINs    []string          `json:"iins,omitempty" maxItems:"100" doc:"Only where the allowance names iin"`
}

// ChangedPerson is a person of whom there is something new.
type ChangedPerson struct {
	PersonID domain.PersonID   `json:"person_id" format:"uuid"`
	IIN      string            `json:"iin,omitempty" doc:"As you asked"`
	Facts    []changedFactBody `json:"facts" doc:"The last fact of each kind behind the position, the oldest first. What became of an earlier fact counts as one of its kind"`
}

type changedFactBody struct {
	Fact     toldFact      `json:"fact"`
	Position feed.Position `json:"position"`
}

// FeedChanges is what changed of those who were asked about.
type FeedChanges struct {
	Changed []ChangedPerson   `json:"changed" doc:"In the order in which they were asked about. Nothing is said of the others, or of who is unknown"`
	UpTo    feed.Position     `json:"up_to" doc:"The place in the feed up to which this holds: send it as since the next time"`
	Asked   []domain.PersonID `json:"-"` // of whom the answer tells that nothing changed, too
}

// askedFor is a person who was asked about.
type askedFor struct {
	id  domain.PersonID
	iin string
}

func (s *Server) getFeedChanges() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-feed-changes", Method: http.MethodPost, Path: feedAddress + "/changes", Tag: feedTag,
		Of:      operation.OfAll,
		Summary: "Which of these persons changed since a position of the feed",
		Doc: "What is told has the bounds of the feed: the kinds of fact and the territory of the allowance. An erased " +
			"person is always told. Everybody who is asked about and recorded finds this in their access log.",
		Roles: []domain.Role{domain.RoleConsumer},
		Problems: []domain.Code{
			domain.CodeNothingAllowed, domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero,
		},
		Example: `{
			"purpose": "service", "since": "00000000000012670001a1b2c3d4",
			"persons": ["6a1f6f4e-1c39-5d4e-8a8e-0d6c2b0f6f11"]
		}`,
		Shows: operation.ShowsPersons(),
	}, func(ctx context.Context, in *operation.Searched[changesBody]) (*operation.Listed[FeedChanges], error) {
		allowed, err := s.allowed(ctx)
		if err != nil {
			return nil, err
		}
		since, err := feed.ParsePosition(in.Body.Since)
		if err != nil {
			return nil, atField(err, "since")
		}
		asked, err := s.askedFor(ctx, in.Body, allowed.Gives(domain.ShareIIN))
		if err != nil {
			return nil, err
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		ids := make([]domain.PersonID, len(asked))
		for i, a := range asked {
			ids[i] = a.id
		}
		last, at, err := s.model.LastFacts(ctx, ids)
		if err != nil {
			return nil, err
		}
		changed := make([][]command.ToldOf, len(asked))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(askedAtOnce)
		for i, a := range asked {
			group.Go(func() (err error) {
				told := make([]command.ToldOf, len(last[i]))
				for j, f := range last[i] {
					told[j] = command.ToldOf(f)
				}
				changed[i], err = s.feed.Changed(ctx, allowed, a.id, told, since)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
		body := FeedChanges{Changed: []ChangedPerson{}, UpTo: feed.Position{At: at, Fact: feed.AllFacts}}
		for i, a := range asked {
			if len(last[i]) > 0 { // somebody of whom the registry tells facts
				body.Asked = append(body.Asked, a.id)
			}
			if len(changed[i]) == 0 {
				continue
			}
			line := ChangedPerson{PersonID: a.id, IIN: a.iin, Facts: make([]changedFactBody, len(changed[i]))}
			for j, f := range changed[i] {
				line.Facts[j] = changedFactBody{toldFact(f.Kind), f.Position}
			}
			body.Changed = append(body.Changed, line)
		}
		return &operation.Listed[FeedChanges]{Position: operation.Position(at), Body: body}, nil
	})
}

// askedFor returns who is asked about, each once. An IIN is the person whom it means now.
func (s *Server) askedFor(ctx context.Context, in changesBody, byIIN bool) (asked []askedFor, err error) {
	switch n := len(in.Persons) + len(in.IINs); {
	case n == 0:
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "name persons or IINs").At("persons")
	case n > mostAsked:
		return nil, domain.Refuse(domain.Invalid, domain.CodeTooLong,
			"ask about at most %d persons at once", mostAsked).At("persons")
	case len(in.IINs) > 0 && !byIIN:
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"your allowance does not name iin: ask by the ids of persons").At("iins")
	}
	add := func(a askedFor) {
		if !slices.ContainsFunc(asked, func(o askedFor) bool { return o.id == a.id }) {
			asked = append(asked, a)
		}
	}
	for i, text := range in.IINs {
		iin, err := parseIIN(text)
		if err != nil {
			return nil, atField(err, domain.Path("iins", i))
		}
		id, err := s.personOf(ctx, iin)
		if err != nil {
			return nil, err
		}
		add(askedFor{id, text})
	}
	for _, id := range in.Persons {
		add(askedFor{id: id})
	}
	return asked, nil
}
