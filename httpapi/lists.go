package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// What a list takes once an entry stands on it.

type needCheckBody struct {
	On     domain.Date            `json:"on" format:"date" doc:"Day of the check; it holds for so many days as the edition in force says (30)"`
	Source housing.CheckSource    `json:"source" enum:"documents,systems" doc:"Look-ups in systems need a consent that stands"`
	Scope  []housing.ConsentScope `json:"scope,omitempty" maxItems:"3" enum:"real_estate,benefits,health" doc:"With systems: what was looked up, of the holder and of everybody in the family. The consent covers it, and each of them has it in the log of accesses"`
	InNeed bool                   `json:"in_need"`
}

type redatingBody struct {
	GroundAroseOn domain.Date `json:"ground_arose_on" format:"date" doc:"After the day of the application, at the latest today"`
	Reasons       string      `json:"reasons" minLength:"1" maxLength:"4000"`
}

type redatingInput struct {
	EntryPath
	Posted[redatingBody]
}

type transferBody struct {
	PersonID domain.PersonID       `json:"person_id" format:"uuid" doc:"A member of the family registered together with the holder"`
	Family   []familyBody          `json:"family,omitempty" maxItems:"50" doc:"That is left, in its relations to the new holder"`
	Cause    housing.TransferCause `json:"cause" enum:"death,departure"`
	On       domain.Date           `json:"on" format:"date" doc:"Of the death or departure"`
	Need     needCheckBody         `json:"need_check"`
}

type transferInput struct {
	EntryPath
	Posted[transferBody]
}

type provisionBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	UsefulArea int               `json:"useful_area" minimum:"1" maximum:"10000" doc:"Whole square metres"`
	Rooms      int               `json:"rooms" minimum:"1" maximum:"100"`
	Need       needCheckBody     `json:"need_check"`
	Declined   []domain.EntryID  `json:"declined,omitempty" maxItems:"1000" doc:"Entries that stand before and declined this dwelling in writing"`
	Minutes    string            `json:"minutes" minLength:"1" maxLength:"100" doc:"Number of the commission's minutes"`

	RegisterResidence bool        `json:"register_residence,omitempty" doc:"Register the holder in the dwelling too, moving the residence there; the provision is the consent of its owner"`
	RegisteredFrom    domain.Date `json:"registered_from,omitzero" format:"date" doc:"With register_residence: the first day, at the latest today; today where it is left out"`
}

type provisionInput struct {
	EntryPath
	Posted[provisionBody]
}

type skipBody struct {
	EntryID domain.EntryID     `json:"entry_id" format:"uuid"`
	Reason  housing.SkipReason `json:"reason" enum:"dwelling_too_small,dwelling_too_large,under_review,declined"`
}

type provided struct {
	CaseID  domain.CaseID  `json:"case_id" format:"uuid" doc:"Of the decision to provide"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	Skipped []skipBody     `json:"skipped" doc:"Who stood before, in order, and why not they"`

	Residence *providedResidence `json:"residence,omitempty" doc:"What came of the registration, where one was asked for; the provision stands also without it"`
	Events
}

type providedResidence struct {
	RegistrationID domain.RegistrationID `json:"registration_id,omitzero" format:"uuid"`
	Code           domain.Code           `json:"code,omitempty" doc:"Why there is none"`
	Reason         string                `json:"reason,omitempty"`
}

type inventoryBody struct {
	On domain.Date `json:"on,omitzero" format:"date" doc:"Day of the confirmation; today where it is left out"`
}

type inventoryInput struct {
	EntryPath
	Posted[inventoryBody]
}

type takeInventoryInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	Posted[struct{}]
}

type inventoryTaken struct {
	ListID   domain.ListID `json:"list_id" format:"uuid"`
	Asked    int           `json:"asked" doc:"Holders who were asked to confirm their need; 500 with the reviewed at most, then take it again"`
	Reviewed int           `json:"reviewed" doc:"Entries that came under review"`
	Events
}

type reportBody struct {
	Kind       housing.ChangeKind `json:"kind" enum:"family,need_lost"`
	Family     []familyBody       `json:"family,omitempty" maxItems:"50" doc:"All that is counted from now on"`
	HappenedOn domain.Date        `json:"happened_on" format:"date" doc:"A change is reported within ten working days"`
	Note       string             `json:"note,omitempty" maxLength:"2000"`
}

type reportInput struct {
	EntryPath
	Posted[reportBody]
}

type protectionBody struct {
	Category housing.ProtectedCategory `json:"category" maxLength:"64" doc:"One that the edition in force protects: orphan_or_without_parental_care, incomplete_family, awarded_mother_of_many_children, large_family" example:"large_family"`
	Lift     bool                      `json:"lift,omitempty" doc:"The entry is not, or not any more, of this category"`
	Because  string                    `json:"because" minLength:"1" maxLength:"2000" doc:"The document that proves it, or the reasons of lifting it"`
}

type protectionInput struct {
	EntryPath
	Posted[protectionBody]
}

type reviewBody struct {
	Close bool   `json:"close,omitempty" doc:"The entry stays; the other end of a review is a removal"`
	Note  string `json:"note" minLength:"1" maxLength:"4000" doc:"What is in doubt, or what was found"`
}

type reviewInput struct {
	EntryPath
	Posted[reviewBody]
}

type priorityBody struct {
	Category housing.PriorityCategory `json:"category,omitempty" maxLength:"64" doc:"One that the rule of the list names" example:"large_family"`
	End      bool                     `json:"end,omitempty"`
}

type priorityInput struct {
	EntryPath
	Posted[priorityBody]
}

type priorityRuleBody struct {
	Categories []housing.PriorityCategory `json:"categories" maxItems:"50" doc:"Of those that the edition in force lists: war_veteran, orphan, awarded_mother, large_family; none ends the rule"`
	Basis      string                     `json:"basis" minLength:"1" maxLength:"400" doc:"The act that allows it"`
}

type priorityRuleInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	Posted[priorityRuleBody]
}

type listChanged struct {
	ListID domain.ListID `json:"list_id" format:"uuid"`
	Events
}

type noticeBody struct {
	Grounds string      `json:"grounds" minLength:"1" maxLength:"4000"`
	GivenOn domain.Date `json:"given_on" format:"date" doc:"Due within ten days of the removal (the edition in force says how many); a late one is recorded as late"`
}

type noticeInput struct {
	EntryPath
	Posted[noticeBody]
}

type consentInput struct {
	EntryPath
	Posted[lookupConsentBody]
}

type endLeaseBody struct {
	Reason residence.LeaseEndReason `json:"reason" enum:"returned,end_of_employment,court_act"`
	On     domain.Date              `json:"on" format:"date"`
}

type endLeaseInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	Posted[endLeaseBody]
}

type numbersInput struct {
	EntryPath
	AsOf string `query:"as_of" maxLength:"40" doc:"An RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5; now where it is left out" example:"2026-03-01T12:00:00+05:00"`
}

type numbersBody struct {
	PersonID     domain.PersonID    `json:"-"` // whose entry it is
	CaseID       domain.CaseID      `json:"-"`
	ListID       domain.ListID      `json:"list_id" format:"uuid"`
	EntryID      domain.EntryID     `json:"entry_id" format:"uuid"`
	AsOf         time.Time          `json:"as_of"`
	Status       string             `json:"status" enum:"not_placed,active,under_review,hearing_pending,provided,removed" doc:"At that instant"`
	Number       *int               `json:"number" doc:"At that instant; null where the entry was not on the list"`
	Of           int                `json:"of" doc:"Entries that stood on the list"`
	Changes      []numberChangeBody `json:"changes" doc:"Every change of the number up to that instant, the first one first"`
	AsOfPosition domain.Position    `json:"as_of_position" doc:"Position of the last event of the list that is counted"`
}

type numberChangeBody struct {
	Number    *int                   `json:"number" doc:"From then on"`
	Of        int                    `json:"of"`
	Kind      projections.ChangeKind `json:"kind" enum:"placed,removed,reinstated,redated,provided,prioritised,priority_ended" doc:"The cause"`
	At        time.Time              `json:"at" doc:"When the change took effect"`
	CreatedAt time.Time              `json:"created_at" doc:"When the log learned of it"`
	Event     string                 `json:"event" doc:"stream@revision of the event that changed the number"`
}

type publicInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	After  int           `query:"after" minimum:"0" doc:"Number of the last line of the page before"`
	Limit  int           `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type publicBody struct {
	Body       string                `json:"body"`
	Settlement string                `json:"settlement"`
	Title      string                `json:"title"`
	Ground     string                `json:"ground" doc:"On which everybody here was placed"`
	Of         int                   `json:"of"`
	Waiting    []publicLineBody      `json:"waiting"`
	Provided   []publicProvisionBody `json:"provided" doc:"The last 100, the latest first"`
}

type publicOutput struct{ Body publicBody }

type publicLineBody struct {
	Number   int         `json:"number"`
	Persons  int         `json:"persons" doc:"In the family, with the applicant"`
	PlacedOn domain.Date `json:"placed_on" format:"date"`
}

type publicProvisionBody struct {
	Persons    int         `json:"persons"`
	PlacedOn   domain.Date `json:"placed_on" format:"date"`
	UsefulArea int         `json:"useful_area" doc:"Square metres"`
	ProvidedOn domain.Date `json:"provided_on" format:"date"`
}

const (
	// publicGround is why anybody stands on a list.
	publicGround = "recognised as in need of a dwelling: law On housing relations, art. 101-3"
	// publicProvisions bounds the provisions that a public list shows.
	publicProvisions = 100
)

func family(bodies []familyBody) []housing.FamilyMember {
	var members []housing.FamilyMember
	for _, m := range bodies {
		members = append(members, housing.FamilyMember(m))
	}
	return members
}

// holder is the citizen who gives the command; zero for staff.
func holder(ctx context.Context) domain.PersonID {
	if p := principal(ctx); p.Role == domain.RoleCitizen {
		return p.PersonID
	}
	return domain.PersonID{}
}

// lists registers what changes an entry after its placement.
func (s *Server) lists() {
	const tag, entry = "Service housing", "/v1/queues/{list_id}/entries/{entry_id}"
	changed := func(id domain.EntryID, r command.Receipt) entryChanged { return entryChanged{id, eventsOf(r)} }

	post(s, operation{
		id: "redate-entry", path: entry + "/redating", tag: tag, status: http.StatusOK,
		summary: "Re-date an entry to the day on which its ground arose",
		doc:     "The entry counts from the beginning of that day. The numbers between its two places change by one; those before and behind stay.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *redatingInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.RedateEntry(ctx, cmd, in.ListID, housing.Redate{
			EntryID: in.EntryID, GroundArose: in.Body.GroundAroseOn, Reasons: domain.Personal(in.Body.Reasons),
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "transfer-entry", path: entry + "/transfer", tag: tag, status: http.StatusOK,
		summary: "Transfer an entry to a remaining member of the family",
		doc:     "After the death or departure of the holder, with the seniority, if the family is still in need.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *transferInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.TransferEntry(ctx, cmd, in.ListID, housing.Transfer{
			EntryID: in.EntryID, PersonID: in.Body.PersonID, Family: family(in.Body.Family), Cause: in.Body.Cause,
			On: in.Body.On, Need: housing.NeedCheck(in.Body.Need),
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "provide-dwelling", path: entry + "/provision", tag: tag, status: http.StatusOK,
		summary: "Give a service dwelling to an entry",
		doc: "To the first in order that is eligible. Who stands before is skipped where the dwelling does not fit the family (less than 15 m² for each, " +
			"or in more than one room above 18 m² for one person more), is under review, or declined this dwelling; the event names them. " +
			"The entry ends, and the dwelling gets its one lease. With register_residence the holder's residence is registered there too; where that cannot be, the provision stands and says why.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *provisionInput) (command.Receipt, provided, error) {
		out := provided{CaseID: domain.CaseID{UUID: domain.DeriveID(cmd.ID.UUID, "case")}, EntryID: in.EntryID, Skipped: []skipBody{}}
		r, err := s.commands.Provide(ctx, cmd, housing.Provide{
			CaseID: out.CaseID, ListID: in.ListID, EntryID: in.EntryID,
			Dwelling: housing.ServiceDwelling{ID: in.Body.DwellingID, Area: in.Body.UsefulArea, Rooms: in.Body.Rooms},
			Need:     housing.NeedCheck(in.Body.Need), Declined: in.Body.Declined, Minutes: in.Body.Minutes,
			Register: in.Body.RegisterResidence, RegisteredFrom: in.Body.RegisteredFrom,
		}, opt)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case housing.EntryProvided:
				for _, skip := range e.Skipped {
					out.Skipped = append(out.Skipped, skipBody(skip))
				}
			case housing.ProvisionCompleted:
				if e.Residence != (housing.Residence{}) {
					out.Residence = (*providedResidence)(&e.Residence)
				}
			}
		}
		out.Events = eventsOf(r)
		return r, out, err
	})

	post(s, operation{
		id: "confirm-entry", path: entry + "/inventory", tag: tag, status: http.StatusOK,
		summary: "Confirm an entry in the yearly inventory",
		doc:     "A review that was opened because the confirmation was missing ends with it.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *inventoryInput) (command.Receipt, entryChanged, error) {
		on := in.Body.On
		if on.IsZero() {
			on = cmd.Today()
		}
		r, err := s.commands.ConfirmInventory(ctx, cmd, in.ListID, housing.ConfirmInventory{EntryID: in.EntryID, On: on}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "take-inventory", path: "/v1/queues/{list_id}/inventory", tag: tag, status: http.StatusOK,
		summary: "Ask for every yearly confirmation that is due, and review the entries whose holders did not answer in time",
		doc:     "The registry does so by itself on the day; this does it now. No entry is removed by it, and none loses its number.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *takeInventoryInput) (command.Receipt, inventoryTaken, error) {
		r, err := s.commands.TakeInventory(ctx, cmd, in.ListID, opt)
		out := inventoryTaken{ListID: in.ListID, Events: eventsOf(r)}
		for _, rec := range r.Events {
			if _, asked := rec.Event.(housing.InventoryRequested); asked {
				out.Asked++
			} else {
				out.Reviewed++
			}
		}
		return r, out, err
	})

	post(s, operation{
		id: "report-change", path: entry + "/change", tag: tag, status: http.StatusOK,
		summary: "Report a change of the family, or that the need is lost",
		doc:     "A citizen reports on their own entry. A lost need opens a review.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *reportInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.ReportChange(ctx, cmd, in.ListID, housing.ReportChange{
			EntryID: in.EntryID, Holder: holder(ctx), Kind: in.Body.Kind, Family: family(in.Body.Family),
			HappenedOn: in.Body.HappenedOn, Note: domain.Personal(in.Body.Note),
		}, opt)
		return r, changed(in.EntryID, r), hide(ctx, err)
	})

	post(s, operation{
		id: "protect-entry", path: entry + "/protection", tag: tag, status: http.StatusOK,
		summary: "Record that an entry is of a category that is not removed before a dwelling is provided, or lift that",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *protectionInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.ProtectEntry(ctx, cmd, in.ListID, housing.Protect{
			EntryID: in.EntryID, Category: in.Body.Category, Lift: in.Body.Lift, Because: domain.Personal(in.Body.Because),
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "review-entry", path: entry + "/review", tag: tag, status: http.StatusOK,
		summary: "Open or close a review of an entry",
		doc:     "Under review an entry keeps its number, and is passed over when a dwelling is given. A review that is closed confirms the entry, and its year begins anew.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *reviewInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.ReviewEntry(ctx, cmd, in.ListID, housing.Review{
			EntryID: in.EntryID, Close: in.Body.Close, Note: domain.Personal(in.Body.Note),
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "prioritise-entry", path: entry + "/priority", tag: tag, status: http.StatusOK,
		summary: "Give an entry priority by the rule of its list, or end it",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *priorityInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.PrioritiseEntry(ctx, cmd, in.ListID, housing.Prioritise{
			EntryID: in.EntryID, Category: in.Body.Category, End: in.Body.End,
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "set-priority-rule", path: "/v1/queues/{list_id}/priority-rule", tag: tag, status: http.StatusOK,
		summary: "Set or end the priority rule of a list",
		doc:     "A list has none until one is set. A rule moves nobody by itself, and its end takes nothing back.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *priorityRuleInput) (command.Receipt, listChanged, error) {
		r, err := s.commands.SetPriorityRule(ctx, cmd, in.ListID, housing.SetPriorityRule{Categories: in.Body.Categories, Basis: in.Body.Basis}, opt)
		return r, listChanged{in.ListID, eventsOf(r)}, err
	})

	post(s, operation{
		id: "give-notice", path: entry + "/notice", tag: tag, status: http.StatusOK,
		summary: "Record the written notice of a removal",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *noticeInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.GiveNotice(ctx, cmd, in.ListID, housing.GiveNotice{
			EntryID: in.EntryID, Grounds: domain.Personal(in.Body.Grounds), On: in.Body.GivenOn,
		}, opt)
		return r, changed(in.EntryID, r), err
	})

	post(s, operation{
		id: "change-consent", path: entry + "/consent", tag: tag, status: http.StatusOK,
		summary: "Withdraw or renew the consent to look-ups in other systems",
		doc:     "A withdrawn consent blocks new look-ups and leaves the entry where it is. A citizen decides on their own entry.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *consentInput) (command.Receipt, entryChanged, error) {
		c, err := in.Body.change()
		if err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		c.EntryID, c.Holder = in.EntryID, holder(ctx)
		r, err := s.commands.ChangeConsent(ctx, cmd, in.ListID, c, opt)
		return r, changed(in.EntryID, r), hide(ctx, err)
	})

	post(s, operation{
		id: "end-lease", path: "/v1/dwellings/{id}/lease-end", tag: tag, status: http.StatusOK,
		summary: "End the lease of a service dwelling",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *endLeaseInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.EndLease(ctx, cmd, in.ID, residence.EndLease{Reason: in.Body.Reason, On: in.Body.On}, opt)
		return r, recordedDwelling{in.ID, eventsOf(r)}, err
	})

	read(s, operation{
		id: "get-entry-numbers", method: http.MethodGet, path: entry + "/numbers", tag: tag, fromLog: true,
		summary: "The number of an entry at any time, and every change of it with its cause",
		doc:     "Read from the log itself, which is folded anew: the price is that of a replay of the list. A citizen sees their own entry only.",
	}, s.numbers)

	read(s, operation{
		id: "get-public-list", method: http.MethodGet, path: "/v1/queues/{list_id}/public", tag: tag, fromLog: true,
		summary: "What is published of a list: how many are in each family, when they were placed, what was provided",
		doc: "Exactly what art. 78 lists, and nothing that names anybody: no id, no name, no IIN. It is for everybody who has a token; " +
			"whether and where it is published is for the body that keeps the list.",
	}, func(ctx context.Context, in *publicInput) (*publicOutput, error) {
		var body publicBody
		err := s.commands.List(ctx, in.ListID, func(q *housing.Queue) error {
			if !q.Known() {
				return housing.UnknownList()
			}
			body = publicBody{
				Body: q.List.Body, Settlement: q.List.Settlement, Title: q.List.Title, Ground: publicGround, Of: q.Len(),
				Waiting: []publicLineBody{}, Provided: []publicProvisionBody{},
			}
			for _, l := range q.Public(in.After, in.Limit) {
				body.Waiting = append(body.Waiting, publicLineBody(l))
			}
			for _, p := range q.PublicProvisions(publicProvisions) {
				body.Provided = append(body.Provided, publicProvisionBody{p.Persons, p.PlacedOn, p.Area, domain.DateOf(p.ProvidedAt)})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return &publicOutput{body}, nil
	})
}

// numbers answers from the log.
func (s *Server) numbers(ctx context.Context, in *numbersInput) (*found[numbersBody], error) {
	asOf := s.now()
	if in.AsOf != "" {
		day, instant, err := parseMoment(in.AsOf)
		if err != nil {
			return nil, err.At("query.as_of")
		}
		if asOf = instant; instant.IsZero() {
			asOf = day.AddDays(1).Start().Add(-1)
		}
	}
	body := numbersBody{ListID: in.ListID, EntryID: in.EntryID, AsOf: asOf, Status: "not_placed", Changes: []numberChangeBody{}}
	err := s.commands.List(ctx, in.ListID, func(q *housing.Queue) error {
		if !q.Known() {
			return housing.UnknownList()
		}
		e, ok := q.Entry(in.EntryID)
		if !ok {
			return domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
		}
		if p := holder(ctx); !p.IsZero() && p != e.PersonID {
			return notYours()
		}
		body.PersonID, body.CaseID = e.PersonID, e.CaseID
		return nil
	})
	if err != nil {
		return nil, hide(ctx, err)
	}
	n := housing.NumbersOf(in.EntryID)
	var last domain.Recorded
	for rec, err := range s.events.Read(ctx, in.ListID.Stream(), 0) {
		if err != nil {
			return nil, err
		}
		// Without as_of everything counts, however the clocks differ.
		if in.AsOf != "" && rec.Created.After(asOf) {
			break
		}
		n.Apply(rec)
		last = rec
	}
	number, of := n.Now()
	body.Of, body.AsOfPosition = of, last.Position
	if e, ok := n.Entry(); ok {
		body.Status = string(e.State())
	}
	if number > 0 {
		body.Number = &number
	}
	for _, c := range n.Changes {
		line := numberChangeBody{
			Of: c.Of, Kind: changeOf(c.Cause.Event), At: c.Cause.Event.EffectiveAt(), CreatedAt: c.Cause.Created,
			Event: projections.EventRef{Stream: c.Cause.Stream, Revision: c.Cause.Revision}.String(),
		}
		if c.Number > 0 {
			line.Number = &c.Number
		}
		body.Changes = append(body.Changes, line)
	}
	return answer(body, last.Revision, last.Position), nil
}

// changeOf names what an event does to numbers; an event that changes none has
// no name.
func changeOf(e domain.Event) projections.ChangeKind {
	switch e.(type) {
	case housing.EntryPlaced:
		return projections.Placed
	case housing.EntryRemoved:
		return projections.Removed
	case housing.EntryReinstated:
		return projections.Reinstated
	case housing.EntryProvided:
		return projections.Provided
	case housing.EntryRedated:
		return projections.Redated
	case housing.EntryPrioritised:
		return projections.Prioritised
	case housing.PriorityEnded:
		return projections.PriorityEnded
	}
	return ""
}
