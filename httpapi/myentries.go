package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

type myEntriesInput struct {
	Wording
	operation.AtLeast
}

// whyRemoved is why an entry was removed, for its holder.
type whyRemoved struct {
	Reason housing.RemovalReason `json:"reason" values:"open"`
	Text   string                `json:"text,omitempty" doc:"The reason in words; left out for one that an edition of the rules has added"`
	Note   string                `json:"note,omitempty" doc:"What the commission wrote about it, in its own language"`
	On     domain.Date           `json:"on" format:"date"`
}

// myEntryBody is a place on a list, present or former, for its holder.
type myEntryBody struct {
	ListID       domain.ListID      `json:"list_id" format:"uuid"`
	Body         string             `json:"body" doc:"The state body that gives the service dwellings"`
	Settlement   string             `json:"settlement"`
	Title        string             `json:"title"`
	EntryID      domain.EntryID     `json:"entry_id" format:"uuid"`
	CaseID       domain.CaseID      `json:"case_id" format:"uuid" doc:"The case that placed you; that of an imported entry is in another register, and not here"`
	Status       housing.EntryState `json:"status"`
	Number       *int               `json:"number" doc:"null if the entry is no longer on the list"`
	Of           int                `json:"of"`
	RegisteredOn domain.Date        `json:"registered_on" format:"date" doc:"Day of placing"`
	LastChange   changeBody         `json:"last_change" doc:"What changed the number last; of a former place, what ended it"`
	Removal      *whyRemoved        `json:"removal,omitempty"`
}

type myEntriesBody struct {
	Entries      []myEntryBody   `json:"entries" doc:"The present places first, then the former ones; of each, what was placed last comes first"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

func (s *Server) getOwnEntries() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-my-entries", Method: http.MethodGet, Path: "/v1/me/entries", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "Your places on the lists, present and former, and why each former one ended",
		Doc: "GET /v1/me/queue is the live number; this is the whole record. An entry that was transferred to somebody else is " +
			"theirs and not shown.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *myEntriesInput) (*operation.Listed[myEntriesBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		id := operation.Citizen(ctx)
		selves, err := s.model.Selves(ctx, id)
		if err != nil {
			return nil, err
		}
		all, at, err := s.model.EntriesOf(ctx, id) // the present ones
		if err != nil {
			return nil, err
		}
		for _, self := range selves {
			naming, err := s.model.Naming(ctx, self)
			if err != nil {
				return nil, err
			}
			for _, e := range naming.Entries {
				if slices.ContainsFunc(all, func(n projections.QueueNumber) bool { return n.EntryID == e.EntryID }) {
					continue
				}
				n, err := s.model.Number(ctx, e.ListID, e.EntryID)
				if err != nil {
					return nil, err
				}
				if slices.Contains(selves, n.PersonID) { // and does not merely belong to the family
					all = append(all, n)
				}
			}
		}
		out := myEntriesBody{Entries: make([]myEntryBody, len(all)), AsOfPosition: at}
		for i, n := range all {
			if out.Entries[i], err = s.myEntry(ctx, n, in.language()); err != nil {
				return nil, err
			}
		}
		slices.SortFunc(out.Entries, func(a, b myEntryBody) int {
			return cmp.Or(former(a)-former(b), b.RegisteredOn.Start().Compare(a.RegisteredOn.Start()),
				cmp.Compare(a.EntryID.String(), b.EntryID.String()))
		})
		return &operation.Listed[myEntriesBody]{Position: operation.Position(at), Body: out}, nil
	})
}

func former(b myEntryBody) int {
	if b.Number == nil {
		return 1
	}
	return 0
}

// myEntry is the line of an entry for its holder.
func (s *Server) myEntry(ctx context.Context, n projections.QueueNumber, l domain.Language) (myEntryBody, error) {
	list, err := s.model.List(ctx, n.ListID)
	if err != nil {
		return myEntryBody{}, err
	}
	number := numberOf(n, l)
	line := myEntryBody{
		ListID: n.ListID, Body: list.Body, Settlement: list.Settlement, Title: list.Title, EntryID: n.EntryID,
		CaseID: n.CaseID, Status: n.Status, Number: number.Number, Of: n.Of, RegisteredOn: n.RegisteredOn,
		LastChange: number.LastChange,
	}
	if n.Removed == "" {
		return line, nil
	}
	removed, err := eventAt[housing.EntryRemoved](ctx, s.events, n.LastChange.Event)
	if err != nil {
		return myEntryBody{}, err
	}
	line.Removal = &whyRemoved{
		Reason: removed.Reason, Note: string(removed.Note), On: domain.DateOf(removed.RemovedAt),
	}
	if texts, known := removalTexts[removed.Reason]; known {
		line.Removal.Text = texts.in(l)
	}
	return line, nil
}
