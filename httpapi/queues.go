package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

type openQueueBody struct {
	Body       string `json:"body" minLength:"1" maxLength:"200" doc:"State body whose service dwellings are meant" example:"ҚР Қорғаныс министрлігі"`
	Settlement string `json:"settlement" minLength:"1" maxLength:"200" example:"Астана"`
	Title      string `json:"title" minLength:"1" maxLength:"200"`
}

type openQueueInput struct{ Posted[openQueueBody] }

type openedQueue struct {
	ListID domain.ListID `json:"list_id" format:"uuid"`
	Events
}

type familyBody struct {
	PersonID domain.PersonID  `json:"person_id" format:"uuid"`
	Relation housing.Relation `json:"relation" enum:"spouse,child,disabled_child"`
}

type applyBody struct {
	Channel     domain.Channel  `json:"channel" enum:"portal,state_corporation"`
	Language    domain.Language `json:"language,omitempty" enum:"kk,ru,en" default:"kk"`
	ListID      domain.ListID   `json:"list_id" format:"uuid"`
	ApplicantID domain.PersonID `json:"applicant_id" format:"uuid"`
	Family      []familyBody    `json:"family,omitempty" maxItems:"50"`
	Consent     bool            `json:"consent" doc:"To the use of restricted personal data; false can only lead to a refusal"`
	Documents   []documentBody  `json:"documents,omitempty" maxItems:"100"`
	Signature   signatureBody   `json:"signature"`
}

type applyInput struct{ Posted[applyBody] }

type applied struct {
	CaseID     domain.CaseID `json:"case_id" format:"uuid"`
	ReceivedAt time.Time     `json:"received_at" doc:"Seniority on the list"`
	Deadline   time.Time     `json:"deadline" doc:"Of the decision"`
	Events
}

// EntryPath names an entry of a list in an address.
type EntryPath struct {
	ListID  domain.ListID  `path:"list_id" format:"uuid"`
	EntryID domain.EntryID `path:"entry_id" format:"uuid"`
}

type removalBody struct {
	Reason    housing.RemovalReason `json:"reason" maxLength:"64" doc:"One that the edition in force lists: grounds_fell_away, departure_or_end_of_employment, untrue_information, dwelling_acquired, state_dwelling_received" example:"dwelling_acquired"`
	Note      string                `json:"note,omitempty" maxLength:"2000"`
	Exemption *exemptionBody        `json:"exemption,omitempty" doc:"Where the holder was not heard (APPC 73(2))"`
}

type removalInput struct {
	EntryPath
	Posted[removalBody]
}

type reinstatementBody struct {
	Ground      housing.ReinstatementGround `json:"ground" enum:"complaint_satisfied,court_act"`
	ComplaintID string                      `json:"complaint_id,omitempty" maxLength:"64" doc:"On the removal, decided in favour of the holder"`
	CourtAct    *courtActBody               `json:"court_act,omitempty" doc:"In force"`
	Note        string                      `json:"note,omitempty" maxLength:"2000"`
}

type courtActBody struct {
	Number    string      `json:"number" minLength:"1" maxLength:"200"`
	On        domain.Date `json:"on" format:"date"`
	InForceOn domain.Date `json:"in_force_on" format:"date"`
}

type reinstatementInput struct {
	EntryPath
	Posted[reinstatementBody]
}

type entryChanged struct {
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	Events
}

type entryInput struct {
	EntryPath
	AtLeast
}

type changeBody struct {
	Kind      projections.ChangeKind `json:"kind" enum:"placed,removed,reinstated,redated,provided,prioritised,priority_ended"`
	At        time.Time              `json:"at" doc:"When the change took effect"`
	CreatedAt time.Time              `json:"created_at" doc:"When the log learned of it"`
	Event     string                 `json:"event" doc:"stream@revision of the event that changed the number"`
}

type numberBody struct {
	PersonID        domain.PersonID         `json:"-"` // whose entry it is
	CaseID          domain.CaseID           `json:"-"`
	ListID          domain.ListID           `json:"list_id" format:"uuid"`
	EntryID         domain.EntryID          `json:"entry_id" format:"uuid"`
	Status          projections.EntryStatus `json:"status" enum:"active,under_review,hearing_pending,provided,removed"`
	Number          *int                    `json:"number" doc:"Current ordinal number, 1 for the first; null for an entry that is not on the list any more"`
	Of              int                     `json:"of" doc:"Active entries of the list"`
	Ahead           *int                    `json:"ahead" doc:"Active entries before this one"`
	SeniorityAt     time.Time               `json:"seniority_at" doc:"Instant of the complete application, which decides the order"`
	RegisteredOn    domain.Date             `json:"registered_on" format:"date" doc:"Day of placing"`
	CertifiedNumber int                     `json:"certified_number" doc:"The number on the certificate; it never changes"`
	InventoryDueOn  domain.Date             `json:"inventory_due_on" format:"date" doc:"Until when the entry is to be confirmed; then its holder is asked, and then comes a review, never a silent removal"`
	AnswerBy        domain.Date             `json:"answer_by,omitzero" format:"date" doc:"The holder was asked to confirm the need until then"`
	Review          *entryReviewBody        `json:"review,omitempty" doc:"Of an entry under review, and of one that was removed at its end"`
	Removal         *entryRemovalBody       `json:"removal,omitempty"`
	LastChange      changeBody              `json:"last_change" doc:"What changed this number last"`
	AsOfPosition    domain.Position         `json:"as_of_position" doc:"Position of the log up to which this holds"`
}

type entryReviewBody struct {
	Reason    housing.ReviewReason `json:"reason,omitempty" enum:"inventory_missed,need_lost_reported,doubt"`
	Hearing   *hearingState        `json:"hearing,omitempty" doc:"On an intended removal"`
	Complaint *complaintState      `json:"complaint,omitempty" doc:"About the removal, not decided yet"`
}

type entryRemovalBody struct {
	Reason      housing.RemovalReason `json:"reason"`
	NoticeDueOn domain.Date           `json:"notice_due_on,omitzero" format:"date" doc:"Of the written notice, while it is owed"`
}

type entriesInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	Cursor string        `query:"cursor" maxLength:"200"`
	Limit  int           `query:"limit" minimum:"1" maximum:"500" default:"100"`
	AtLeast
}

type entriesBody struct {
	ListID       domain.ListID   `json:"list_id" format:"uuid"`
	Of           int             `json:"of"`
	Entries      []entryBody     `json:"entries"`
	Next         string          `json:"next,omitempty" doc:"Cursor of the next page"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

type entryBody struct {
	Number          int             `json:"number"`
	EntryID         domain.EntryID  `json:"entry_id" format:"uuid"`
	PersonID        domain.PersonID `json:"person_id" format:"uuid"`
	CaseID          domain.CaseID   `json:"case_id" format:"uuid"`
	SeniorityAt     time.Time       `json:"seniority_at"`
	RegisteredOn    domain.Date     `json:"registered_on" format:"date"`
	CertifiedNumber int             `json:"certified_number"`

	Status         projections.EntryStatus `json:"status" enum:"active,under_review,hearing_pending"`
	InventoryDueOn domain.Date             `json:"inventory_due_on" format:"date"`
}

func numberOf(n projections.QueueNumber) numberBody {
	body := numberBody{
		PersonID: n.PersonID, CaseID: n.CaseID, ListID: n.ListID, EntryID: n.EntryID, Status: n.Status, Of: n.Of, SeniorityAt: n.Seniority.At,
		RegisteredOn: n.RegisteredOn, CertifiedNumber: n.Certified, InventoryDueOn: n.InventoryDueOn, AnswerBy: n.AnswerBy, AsOfPosition: n.AsOf,
		LastChange: changeBody{
			Kind: n.LastChange.Kind, At: n.LastChange.EffectiveAt, CreatedAt: n.LastChange.Created, Event: n.LastChange.Event.String(),
		},
	}
	if n.Number > 0 {
		body.Number, body.Ahead = &n.Number, &n.Ahead
	}
	body.reviewOf(n)
	return body
}

// reviewOf adds what the review of the entry has come to.
func (b *numberBody) reviewOf(n projections.QueueNumber) {
	if n.Removed != "" {
		b.Removal = &entryRemovalBody{n.Removed, n.NoticeDueOn}
	}
	if x := n.Review; x != nil {
		b.Review = &entryReviewBody{Reason: x.Reason, Hearing: hearingOf(x.Hearing), Complaint: complaintOf(x.Complaint, x.Appeal)}
	}
}

func (s *Server) queues() {
	post(s, operation{
		id: "open-queue", path: "/v1/queues", tag: "Service housing", status: http.StatusCreated,
		summary: "Open a list of those in need of service housing",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *openQueueInput) (command.Receipt, openedQueue, error) {
		id := domain.ListID{UUID: domain.DeriveID(cmd.ID.UUID, "list")}
		if err := given("body", in.Body.Body, "settlement", in.Body.Settlement, "title", in.Body.Title); err != nil {
			return command.Receipt{}, openedQueue{}, err
		}
		r, err := s.commands.OpenList(ctx, cmd, housing.OpenList{
			ListID: id, Body: in.Body.Body, Settlement: in.Body.Settlement, Title: in.Body.Title,
		}, opt)
		return r, openedQueue{id, eventsOf(r)}, err
	})

	post(s, operation{
		id: "apply-for-housing", path: "/v1/housing-applications", tag: "Service housing", status: http.StatusCreated,
		summary: "Apply for placing on a list (S000)",
		doc:     "The decision is due within 30 calendar days. The order of the list is that of the applications, whenever they are decided.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *applyInput) (command.Receipt, applied, error) {
		out := applied{CaseID: domain.CaseID{UUID: domain.DeriveID(cmd.ID.UUID, "case")}}
		cmd, err := file(cmd, principal(ctx), in.Body.Channel, in.Body.ApplicantID)
		if err != nil {
			return command.Receipt{}, out, err
		}
		if opt.Signed, err = s.signed(in.Posted.signing(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		c := housing.ReceiveApplication{
			CaseID: out.CaseID, ListID: in.Body.ListID, ApplicantID: in.Body.ApplicantID, Consent: in.Body.Consent,
			Documents: documents(in.Body.Documents), Language: in.Body.Language, Signature: in.Body.Signature.Method,
		}
		for _, m := range in.Body.Family {
			c.Family = append(c.Family, housing.FamilyMember(m))
		}
		r, err := s.commands.ReceiveApplication(ctx, cmd, c, opt)
		if err == nil {
			e := r.Events[0].Event.(housing.ApplicationReceived)
			out.ReceivedAt, out.Deadline = e.ReceivedAt, e.Deadline
		}
		out.Events = eventsOf(r)
		return r, out, err
	})

	post(s, operation{
		id: "remove-entry", path: "/v1/queues/{list_id}/entries/{entry_id}/removal", tag: "Service housing", status: http.StatusOK,
		summary: "Remove an entry from its list",
		doc: "At the end of a review in which the holder was heard on it (APPC 73), or with the exemption that is used. " +
			"The written notice is due within ten days. The numbers behind fall by one; those before stay.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *removalInput) (command.Receipt, entryChanged, error) {
		remove := housing.Remove{EntryID: in.EntryID, Reason: in.Body.Reason, Note: domain.Personal(in.Body.Note)}
		if x := in.Body.Exemption; x != nil {
			remove.Exemption = procedure.Dispense{Exemption: x.Ground, Reasons: domain.Personal(x.Reasons)}
		}
		r, err := s.commands.RemoveEntry(ctx, cmd, in.ListID, remove, opt)
		return r, entryChanged{in.EntryID, eventsOf(r)}, err
	})

	post(s, operation{
		id: "reinstate-entry", path: "/v1/queues/{list_id}/entries/{entry_id}/reinstatement", tag: "Service housing", status: http.StatusOK,
		summary: "Reinstate a removed entry with its original seniority",
		doc:     "After a complaint about the removal that was decided in favour of the holder, or by an act of court in force; it names the one or the other.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *reinstatementInput) (command.Receipt, entryChanged, error) {
		reinstate := housing.Reinstate{
			EntryID: in.EntryID, Ground: in.Body.Ground, ComplaintID: in.Body.ComplaintID, Note: domain.Personal(in.Body.Note),
		}
		if x := in.Body.CourtAct; x != nil {
			reinstate.Act = housing.Act{Number: domain.Personal(x.Number), On: x.On, InForceOn: x.InForceOn}
		}
		r, err := s.commands.ReinstateEntry(ctx, cmd, in.ListID, reinstate, opt)
		return r, entryChanged{in.EntryID, eventsOf(r)}, err
	})

	read(s, operation{
		id: "get-entry", method: http.MethodGet, path: "/v1/queues/{list_id}/entries/{entry_id}", tag: "Service housing",
		summary: "The current number of an entry, and what changed it last",
		doc:     "A citizen sees their own entry only.",
	}, func(ctx context.Context, in *entryInput) (*found[numberBody], error) {
		if err := s.await(ctx, in.AtLeast); err != nil {
			return nil, err
		}
		n, err := s.model.Number(ctx, in.ListID, in.EntryID)
		if err != nil {
			return nil, hide(ctx, err)
		}
		if p := principal(ctx); p.Role == domain.RoleCitizen && p.PersonID != n.PersonID {
			return nil, notYours()
		}
		return answer(numberOf(n), n.Revision, n.AsOf), nil
	})

	read(s, operation{
		id: "list-entries", method: http.MethodGet, path: "/v1/queues/{list_id}/entries", tag: "Service housing",
		summary: "A list in its order",
	}, func(ctx context.Context, in *entriesInput) (*found[entriesBody], error) {
		if err := s.await(ctx, in.AtLeast); err != nil {
			return nil, err
		}
		page, err := s.model.Entries(ctx, in.ListID, in.Cursor, in.Limit)
		if domain.CodeOf(err) == domain.CodeMalformed {
			err = atField(err, "query.cursor")
		}
		if err != nil {
			return nil, err
		}
		body := entriesBody{ListID: in.ListID, Of: page.Of, Next: page.Next, AsOfPosition: page.AsOf, Entries: make([]entryBody, len(page.Entries))}
		for i, e := range page.Entries {
			body.Entries[i] = entryBody{
				Number: e.Number, EntryID: e.EntryID, PersonID: e.PersonID, CaseID: e.CaseID, SeniorityAt: e.Seniority.At,
				RegisteredOn: e.RegisteredOn, CertifiedNumber: e.Certified,
				Status: e.Status, InventoryDueOn: e.InventoryDueOn,
			}
		}
		return answer(body, page.Revision, page.AsOf), nil
	})
}
