package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
	"tizilim/projections"
)

func (s *Server) entryOperations() []operation.Operation {
	return []operation.Operation{
		s.redateEntry(),
		s.undoRedating(),
		s.transferEntry(),
		s.confirmEntry(),
		s.reportChange(),
		s.protectEntry(),
		s.reviewEntry(),
		s.endService(),
		s.undoServiceEnd(),
		s.prioritiseEntry(),
		s.changeEntryConsent(),
		s.getEntryNumbers(),
		s.getEntry(),
	}
}

// entryAddress is the path of an entry.
const entryAddress = "/v1/queues/{list_id}/entries/{entry_id}"

// entryProblems are those of every change of an entry that stands on its list.
var entryProblems = codes{domain.CodeListUnknown, domain.CodeEntryUnknown, domain.CodeEntryNotActive}

// EntryPath names an entry of a list in an address.
type EntryPath struct {
	ListID  domain.ListID  `path:"list_id" format:"uuid"`
	EntryID domain.EntryID `path:"entry_id" format:"uuid"`
}

type redatingBody struct {
	GroundAroseOn domain.Date `json:"ground_arose_on" format:"date" doc:"The day on which the ground arose: after the day of the application, at the latest today"`
	Reasons       string      `json:"reasons" minLength:"1" maxLength:"4000"`
	Minuted
}

type redatingInput struct {
	EntryPath
	operation.Posted[redatingBody]
}

type entryChanged struct {
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	operation.Events
}

func (s *Server) redateEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "redate-entry", Path: entryAddress + "/redating", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Re-date an entry to the day on which its ground arose",
		Doc: "The entry counts from the beginning of that day. The entries between its old and its new place move " +
			"by one number; all others keep their numbers.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, minutesProblems, []domain.Code{
			domain.CodeNothingChanges, domain.CodeReasonsRequired, domain.CodeEntryUnderReview, domain.CodeRedatingTooEarly,
		}),
		Example: `{"ground_arose_on": "2026-03-02", "reasons": "the second child was born then"}`,
	}, func(ctx context.Context, call operation.Call, in *redatingInput) (command.Receipt, entryChanged, error) {
		call.Minutes = in.Body.stated()
		r, err := s.commands.RedateEntry(ctx, call.Command, in.ListID, housing.Redate{
			EntryID: in.EntryID, GroundArose: in.Body.GroundAroseOn, Reasons: domain.Personal(in.Body.Reasons),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type redatingUndoBody struct {
	Redating domain.EventRef `json:"redating" maxLength:"80" doc:"The event that re-dated the entry, as stream@revision; the changes of its number name it"`
	Basis    *basisBody      `json:"basis" doc:"The document that shows the mistake"`
	Reasons  string          `json:"reasons" minLength:"1" maxLength:"4000"`
	Minuted
}

type redatingUndoInput struct {
	EntryPath
	operation.Posted[redatingUndoBody]
}

func (s *Server) undoRedating() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "undo-redating", Path: entryAddress + "/redating/undo", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Undo a re-dating that was a mistake",
		Doc: "The entry stands again where it stood before the re-dating, and so do the entries between. Of several " +
			"re-datings the last one is undone first. The holder gets a notice.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, meetingProblems, []domain.Code{
			domain.CodeFactUnknown, domain.CodeAnnulmentOvertaken, domain.CodeReasonsRequired, domain.CodeBasisRequired,
			domain.CodeHashFormat, domain.CodeDateInFuture,
		}),
		Example: `{
			"redating": "queue-1dff55d9-aad9-56f1-9741-f1f1b2d2e58a@7", "reasons": "the ground of another applicant",
			"basis": {"type": "other", "number": "4", "issued_on": "2026-03-14", "issuer": "жилищная комиссия",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
		}`,
	}, func(ctx context.Context, call operation.Call, in *redatingUndoInput) (command.Receipt, entryChanged, error) {
		call.Minutes = in.Body.stated()
		r, err := s.commands.UndoRedating(ctx, call.Command, in.ListID, housing.UndoRedating{
			EntryID: in.EntryID, Redating: in.Body.Redating, Basis: in.Body.Basis.basis(),
			Reasons: domain.Personal(in.Body.Reasons),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type numbersInput struct {
	EntryPath
	Wording
	AsOf string `query:"as_of" maxLength:"40" doc:"An RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5. Default: now" example:"2026-03-01T12:00:00+05:00"`
}

type numberChangeBody struct {
	Number    *int                   `json:"number" doc:"The number after the change"`
	Of        int                    `json:"of"`
	Kind      projections.ChangeKind `json:"kind" doc:"What changed the number"`
	Own       bool                   `json:"own" doc:"The act was on this entry, and not on another one"`
	Text      string                 `json:"text" doc:"The same in words for the holder, in the language that was asked for" example:"Алдыңызда тұрған адам кезектен шығарылды."`
	At        time.Time              `json:"at" doc:"When the change took effect"`
	CreatedAt time.Time              `json:"created_at" doc:"When the event was appended to the log"`
	Event     string                 `json:"event" doc:"stream@revision of the event that changed the number"`
}

// Wording is the language in which an answer is worded. It is embedded.
type Wording struct {
	Language domain.Language `query:"language" doc:"The language of the texts. Default: that of Accept-Language, or else kk"`
	Reader   string          `header:"Accept-Language" doc:"The languages that the reader prefers"`
}

// language is that of the texts.
func (w Wording) language() domain.Language {
	if w.Language == "" && w.Reader != "" {
		return problem.LanguageOf(w.Reader)
	}
	return cmp.Or(w.Language, domain.Kazakh)
}

// numberState is the state of an entry at an instant.
type numberState string

// notPlaced is the state before the placement, which no [housing.EntryState] is.
const notPlaced numberState = "not_placed"

var numberStates = append([]numberState{notPlaced}, as[numberState](housing.EntryStates)...)

type numbersBody struct {
	PersonID       domain.PersonID    `json:"-"` // whose entry it is
	CaseID         domain.CaseID      `json:"-"`
	ListID         domain.ListID      `json:"list_id" format:"uuid"`
	EntryID        domain.EntryID     `json:"entry_id" format:"uuid"`
	AsOf           time.Time          `json:"as_of"`
	Status         numberState        `json:"status" doc:"The status at that instant"`
	Number         *int               `json:"number" doc:"The number at that instant; null if the entry was not on the list"`
	Of             int                `json:"of" doc:"How many entries stood on the list"`
	Changes        []numberChangeBody `json:"changes" doc:"The changes of the number up to that instant, the oldest first; at most the last 1000"`
	ChangesOmitted int                `json:"changes_omitted,omitempty" doc:"How many earlier changes are left out. The created_at of the first change that is shown, as as_of, shows what came before"`
	AsOfPosition   domain.Position    `json:"as_of_position" doc:"Position of the last event of the list that is counted"`
}

// numberChanges bounds the changes of one answer. The number of an entry changes with each
// departure before it, so that a long list has more than anybody reads at once.
const numberChanges = 1000

// numbers answers from the state of the list, which remembers its events.
func (s *Server) numbers(ctx context.Context, in *numbersInput) (*operation.Found[numbersBody], error) {
	asOf := s.now()
	if in.AsOf != "" {
		_, until, err := parseMoment(in.AsOf)
		if err != nil {
			return nil, err.At("query.as_of")
		}
		asOf = notBeyond(asOf, until)
	}
	list, entry, err := s.holderOf(ctx, in.EntryPath)
	if err != nil {
		return nil, operation.Hide(ctx, err)
	}
	events := list.Steps() // without as_of everything counts, however the clocks differ
	if in.AsOf != "" {
		events = list.StepsUntil(asOf)
	}
	body := numbersBody{
		PersonID: entry.PersonID, CaseID: entry.CaseID, ListID: in.ListID, EntryID: in.EntryID, AsOf: asOf,
		Status: notPlaced, Changes: []numberChangeBody{},
	}
	body.fill(in.ListID.Stream(), list.Numbers(in.EntryID, events, numberChanges), in.language())
	var last housing.Step
	if events > 0 {
		last = list.Step(events - 1)
	}
	body.AsOfPosition = last.Position
	return operation.Answer(body, last.Revision, last.Position), nil
}

// holderOf returns a list and an entry on it, to a citizen only their own.
func (s *Server) holderOf(ctx context.Context, at EntryPath) (*housing.List, housing.Entry, error) {
	q, err := s.commands.List(ctx, at.ListID)
	if err != nil {
		return nil, housing.Entry{}, err
	}
	if !q.Known() {
		return nil, housing.Entry{}, housing.UnknownList()
	}
	e, ok := q.Entry(at.EntryID)
	if !ok {
		return nil, housing.Entry{}, domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
	}
	if p := operation.Citizen(ctx); !p.IsZero() && p != e.PersonID {
		return nil, housing.Entry{}, operation.NotYours()
	}
	return q, e, nil
}

// fill adds the state, the number and its changes.
func (b *numbersBody) fill(stream string, n housing.Numbers, l domain.Language) {
	b.Of, b.ChangesOmitted = n.Of, n.Omitted
	if n.Placed {
		b.Status = numberState(n.State)
	}
	if n.Number > 0 {
		b.Number = &n.Number
	}
	for _, c := range n.Changes {
		line := numberChangeBody{
			Of: c.Of, Kind: changesOf[c.Cause.Event], Own: c.Own, At: c.Cause.At, CreatedAt: c.Cause.Created,
			Event: domain.EventRef{Stream: stream, Revision: c.Cause.Revision}.String(),
		}
		line.Text = causeText(line.Kind, line.Own, l)
		if c.Number > 0 {
			line.Number = &c.Number
		}
		b.Changes = append(b.Changes, line)
	}
}

// changesOf names the kind of change that an event of a type makes to numbers.
var changesOf = map[string]projections.ChangeKind{
	housing.EntryPlaced{}.EventType():      projections.Placed,
	housing.EntryRemoved{}.EventType():     projections.Removed,
	housing.EntryReinstated{}.EventType():  projections.Reinstated,
	housing.EntryProvided{}.EventType():    projections.Provided,
	housing.EntryLeft{}.EventType():        projections.Left,
	housing.EntryRedated{}.EventType():     projections.Redated,
	housing.RedatingUndone{}.EventType():   projections.Undone,
	housing.EntryPrioritised{}.EventType(): projections.Prioritised,
	housing.PriorityEnded{}.EventType():    projections.PriorityEnded,
}

// needCheckProblems are those of a check of need.
var needCheckProblems = codes{
	domain.CodeDateInFuture, domain.CodeNeedCheckTooOld, domain.CodeNeedNotConfirmed, domain.CodeMemberNotAllowed,
	domain.CodeConsentMissing, domain.CodeConsentWithdrawn, domain.CodeConsentExpired, domain.CodeConsentTerms,
}

type needCheckBody struct {
	On     domain.Date            `json:"on" format:"date" doc:"The day of the check. A check is valid for 30 days, or as long as the edition in force says"`
	Source housing.CheckSource    `json:"source" doc:"How the need was checked; a look-up in state systems needs a consent in force"`
	Scope  []housing.ConsentScope `json:"scope,omitempty" maxItems:"3" doc:"Only for a look-up in state systems: the kinds of data that were looked up for the holder and for each member of the family. The consent must cover them, and the access log of each person names the look-up"`
	InNeed bool                   `json:"in_need"`
}

type transferBody struct {
	PersonID domain.PersonID       `json:"person_id" format:"uuid" doc:"The new holder: a member of the family who is registered together with the holder"`
	Family   []familyBody          `json:"family,omitempty" maxItems:"50" doc:"The rest of the family, with its relations to the new holder"`
	Cause    housing.TransferCause `json:"cause"`
	On       domain.Date           `json:"on" format:"date" doc:"The day of the death, the departure or the divorce"`
	Basis    *basisBody            `json:"basis,omitempty" doc:"Of a divorce: its certificate (divorce_certificate), or the decision of a court (court_decision) on who keeps the entry"`
	Agreed   *basisBody            `json:"agreement,omitempty" doc:"Of a divorce by its certificate: the paper by which the holder leaves the entry to the former spouse"`
	Need     needCheckBody         `json:"need_check"`
	Minuted
	Accepting
}

type transferred struct {
	EntryID       domain.EntryID       `json:"entry_id" format:"uuid"`
	CertificateID domain.CertificateID `json:"certificate_id" format:"uuid" doc:"The certificate of the new holder"`
	operation.Events
}

type transferInput struct {
	EntryPath
	operation.Posted[transferBody]
}

func (s *Server) transferEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "transfer-entry", Path: entryAddress + "/transfer", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Transfer an entry to a remaining member of the family",
		Doc: "This is for the death or departure of the holder, or for a divorce after which the spouse keeps the entry, " +
			"if the family is still in need. The entry keeps its place in the order. The new holder gets a certificate " +
			"of their own; the former one is overtaken. It ends the review that the death of the holder began. What the registry's " +
			"own records say against it, such as a holder whose death is not recorded, is a warning: answer it with " +
			"accept and accept_reasons.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, needCheckProblems, meetingProblems, []domain.Code{
			domain.CodeKinshipImpossible, domain.CodeAlreadyOnList, domain.CodeSpouseOnList,
			domain.CodeEntryUnderReview, domain.CodeNotInFamily, domain.CodeBasisRequired, domain.CodeHashFormat,
			domain.CodeReasonsRequired,
		}, contradictedByRecords),
		Example: `{
			"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e", "cause": "death", "on": "2026-03-10",
			"need_check": {"on": "2026-03-15", "source": "documents", "in_need": true}
		}`,
	}, func(ctx context.Context, call operation.Call, in *transferInput) (command.Receipt, transferred, error) {
		call.Minutes = in.Body.stated()
		r, err := s.commands.TransferEntry(ctx, call.Command, in.ListID, housing.Transfer{
			EntryID: in.EntryID, PersonID: in.Body.PersonID, Family: family(in.Body.Family), Cause: in.Body.Cause,
			On: in.Body.On, Need: housing.NeedCheck(in.Body.Need), Accept: in.Body.accept(),
			Basis: in.Body.Basis.basis(), Agreement: in.Body.Agreed.basis(),
		}, call.Options)
		out := transferred{EntryID: in.EntryID}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(housing.EntryTransferred); ok {
				out.CertificateID = e.CertificateID
			}
		}
		return r, out, err
	})
}

type inventoryBody struct {
	On domain.Date `json:"on,omitzero" format:"date" doc:"The day of the confirmation. Default: today"`
}

type inventoryInput struct {
	EntryPath
	operation.Posted[inventoryBody]
}

func (s *Server) confirmEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-entry", Path: entryAddress + "/inventory", Tag: housingTag,
		Of:       operation.OfEntry,
		Summary:  "Confirm an entry in the yearly inventory",
		Doc:      "If the entry is under review because it was not confirmed in time, the review ends.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: entryProblems.and(domain.CodeDateInFuture, domain.CodeEffectiveTooEarly),
		Example:  `{"on": "2026-03-15"}`,
	}, func(ctx context.Context, call operation.Call, in *inventoryInput) (command.Receipt, entryChanged, error) {
		on := in.Body.On
		if on.IsZero() {
			on = call.Today()
		}
		r, err := s.commands.ConfirmInventory(
			ctx, call.Command, in.ListID, housing.ConfirmInventory{EntryID: in.EntryID, On: on}, call.Options,
		)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type reportBody struct {
	Kind       housing.ChangeKind `json:"kind"`
	Family     []memberBody       `json:"family,omitempty" maxItems:"50" doc:"The whole family that is counted from now on; on the portal, each by IIN and name"`
	HappenedOn domain.Date        `json:"happened_on" format:"date" doc:"The day of the change; it is to be reported within ten working days"`
	Note       string             `json:"note,omitempty" maxLength:"2000"`
	Basis      *basisBody         `json:"basis,omitempty" doc:"Only of an official: the paper by which the holder reports it, or that shows it; the rules in force demand one"`
	Papers     []familyPaper      `json:"papers,omitempty" maxItems:"50" doc:"Of a change of the family: the document for each person who joins it (marriage_certificate; birth_certificate, guardianship_decision or court_decision), leaves it (divorce_certificate, death_certificate, court_decision), or has another relation. Not needed for a death that the registry has recorded, nor for a child who is of age"`
	Representing
	Accepting
}

// familyPaper is a document that shows a change of the family.
type familyPaper struct {
	NamedPerson
	Document *basisBody `json:"document"`
}

// familyPapers are documents, each for somebody who joins or leaves the family.
func (n *naming) familyPapers(ctx context.Context, papers []familyPaper) ([]housing.FamilyPaper, error) {
	var all []housing.FamilyPaper
	for i, p := range papers {
		id, err := n.who(ctx, p.NamedPerson, domain.Path("papers", i))
		if err != nil {
			return nil, err
		}
		all = append(all, housing.FamilyPaper{PersonID: id, Basis: p.Document.basis()})
	}
	return all, nil
}

type reportInput struct {
	EntryPath
	operation.Posted[reportBody]
}

func (s *Server) reportChange() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "report-change", Path: entryAddress + "/change", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Report that the family has changed, or that the need is lost",
		Doc: "A review of the entry begins; that of a changed family has a last day, which the holder is told. Each change " +
			"of the family is shown by its document. A child over age is a warning: answer it with accept and " +
			"accept_reasons. A citizen can report a change of their own entry only.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleCommission},
		Problems: slices.Concat(entryProblems, namingProblems, []domain.Code{
			domain.CodeDateInFuture, domain.CodeNamedTwice, domain.CodeKinshipImpossible, domain.CodePersonUnknown,
			domain.CodeAlreadyOnList, domain.CodeSpouseOnList, domain.CodeNotFound,
			domain.CodeBasisRequired, domain.CodeHashFormat, domain.CodeMemberNotAllowed, domain.CodeRepresentative,
			domain.CodePaperRequired, domain.CodeWarningsOpen, domain.CodeReasonsRequired, domain.CodeChildOfAge,
		}),
		Example: `{
			"kind": "family", "happened_on": "2026-03-10",
			"family": [{"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e", "relation": "child"}],
			"papers": [{"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e", "document": {
				"type": "birth_certificate", "number": "AA-0012345", "issued_on": "2026-03-12", "issuer": "АХАЖ",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}}]
		}`,
	}, func(ctx context.Context, call operation.Call, in *reportInput) (command.Receipt, entryChanged, error) {
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, operation.Hide(ctx, err)
		}
		named := s.naming(call, "report-change", in.ListID.Stream())
		members, err := named.members(ctx, in.Body.Family)
		if err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		papers, err := named.familyPapers(ctx, in.Body.Papers)
		if err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		r, err := s.commands.ReportChange(ctx, call.Command, in.ListID, housing.ReportChange{
			EntryID: in.EntryID, Holder: operation.Citizen(ctx), Kind: in.Body.Kind, Family: members,
			HappenedOn: in.Body.HappenedOn, Note: domain.Personal(in.Body.Note),
			Basis: in.Body.Basis.basis(), Papers: papers, Accept: in.Body.accept(),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, operation.Hide(ctx, err)
	})
}

type protectionBody struct {
	Category housing.ProtectedCategory `json:"category" maxLength:"64" doc:"A category that the edition in force protects: orphan_or_without_parental_care, incomplete_family, awarded_mother_of_many_children, large_family" example:"large_family"`
	Lift     bool                      `json:"lift,omitempty" doc:"true lifts the protection, because the entry does not belong to this category or no longer does"`
	Because  string                    `json:"because" minLength:"1" maxLength:"2000" doc:"The document that proves the category, or the reasons for lifting the protection"`
}

type protectionInput struct {
	EntryPath
	operation.Posted[protectionBody]
}

func (s *Server) protectEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "protect-entry", Path: entryAddress + "/protection", Tag: housingTag,
		Of: operation.OfEntry,
		Summary: "Protect an entry from removal because of its category, until a dwelling is provided; or lift " +
			"the protection",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: entryProblems.and(domain.CodeNothingChanges, domain.CodeReasonsRequired),
		Example:  `{"category": "large_family", "because": "certificate 17 of 2026-02-01"}`,
	}, func(ctx context.Context, call operation.Call, in *protectionInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.ProtectEntry(ctx, call.Command, in.ListID, housing.Protect{
			EntryID: in.EntryID, Category: in.Body.Category, Lift: in.Body.Lift, Because: domain.Personal(in.Body.Because),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type reviewBody struct {
	Close bool   `json:"close,omitempty" doc:"true closes the review, and the entry stays. The other end of a review is a removal"`
	Note  string `json:"note" minLength:"1" maxLength:"4000" doc:"What is in doubt, or what the review found"`
	Accepting
}

type reviewInput struct {
	EntryPath
	operation.Posted[reviewBody]
}

func (s *Server) reviewEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "review-entry", Path: entryAddress + "/review", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Open or close a review of an entry",
		Doc: "An entry under review keeps its number and is skipped when a dwelling is given. Closing the review " +
			"confirms the entry: the year until its next confirmation begins anew. A review of a changed family is closed " +
			"with an answer to what the registry's own records say of the family: accept and accept_reasons.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, []domain.Code{
			domain.CodeReasonsRequired, domain.CodeEntryUnderReview, domain.CodeEntryNotReviewed, domain.CodeMemberNotAllowed,
		}, contradictedByRecords),
		Example: `{"note": "the holder is said to have acquired a dwelling"}`,
	}, func(ctx context.Context, call operation.Call, in *reviewInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.ReviewEntry(ctx, call.Command, in.ListID, housing.Review{
			EntryID: in.EntryID, Close: in.Body.Close, Note: domain.Personal(in.Body.Note), Accept: in.Body.accept(),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type priorityBody struct {
	Category housing.PriorityCategory `json:"category,omitempty" maxLength:"64" doc:"A category that the priority rule of the list names" example:"large_family"`
	End      bool                     `json:"end,omitempty"`
	Minuted
}

type priorityInput struct {
	EntryPath
	operation.Posted[priorityBody]
}

func (s *Server) prioritiseEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "prioritise-entry", Path: entryAddress + "/priority", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Give an entry priority by the rule of its list, or end its priority",
		Roles:   []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, minutesProblems, []domain.Code{
			domain.CodeNothingChanges, domain.CodeEntryUnderReview, domain.CodePriorityNotRuled,
		}),
		Example: `{"category": "large_family"}`,
	}, func(ctx context.Context, call operation.Call, in *priorityInput) (command.Receipt, entryChanged, error) {
		call.Minutes = in.Body.stated()
		r, err := s.commands.PrioritiseEntry(ctx, call.Command, in.ListID, housing.Prioritise{
			EntryID: in.EntryID, Category: in.Body.Category, End: in.Body.End,
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type consentInput struct {
	EntryPath
	operation.Posted[lookupConsentBody]
}

func (s *Server) changeEntryConsent() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "change-consent", Path: entryAddress + "/consent", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Withdraw or renew the consent to look-ups in other systems",
		Doc: "After a withdrawal no new look-up is allowed; the entry stays on the list. A citizen can change the " +
			"consent of their own entry only.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: entryProblems.and(
			domain.CodeNothingChanges, domain.CodeMemberNotAllowed, domain.CodeTooEarly,
			domain.CodeNotFound, domain.CodeBasisRequired, domain.CodeHashFormat, domain.CodeDateInFuture,
			domain.CodeRepresentative,
		),
		Example: `{"given": false}`,
	}, func(ctx context.Context, call operation.Call, in *consentInput) (command.Receipt, entryChanged, error) {
		c, err := in.Body.change()
		if err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, operation.Hide(ctx, err)
		}
		c.EntryID, c.Holder = in.EntryID, operation.Citizen(ctx)
		r, err := s.commands.ChangeConsent(ctx, call.Command, in.ListID, c, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, operation.Hide(ctx, err)
	})
}

func (s *Server) getEntryNumbers() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-entry-numbers", Method: http.MethodGet, Path: entryAddress + "/numbers", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "The number of an entry at a given time, and every change of the number with its cause",
		Doc: "The answer has the last 1000 changes, and says how many there were before. A citizen sees only " +
			"their own entry.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeListUnknown, domain.CodeEntryUnknown, domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
		FromLog:  true,
	}, s.numbers)
}

type entryInput struct {
	EntryPath
	Wording
	operation.AtLeast
}

type entryReviewBody struct {
	Reason    housing.ReviewReason `json:"reason,omitempty"`
	Hearing   *hearingState        `json:"hearing,omitempty" doc:"The hearing before an intended removal"`
	Complaint *complaintState      `json:"complaint,omitempty" doc:"A complaint about the removal that is not decided yet"`
	Owed      []dutyBody           `json:"owed,omitempty" doc:"What the body must still do after a complaint"`
	Late      []dutyBody           `json:"late,omitempty" doc:"Which of these duties were late, even if they have been done since"`
}

type entryRemovalBody struct {
	Reason      housing.RemovalReason `json:"reason"`
	NoticeDueOn domain.Date           `json:"notice_due_on,omitzero" format:"date" doc:"The last day for the written notice, while it is owed"`
}

type changeBody struct {
	Kind      projections.ChangeKind `json:"kind"`
	Own       bool                   `json:"own" doc:"The act was on this entry, and not on another one"`
	Text      string                 `json:"text" doc:"The same in words for the holder, in the language that was asked for" example:"Алдыңызда тұрған адам кезектен шығарылды."`
	At        time.Time              `json:"at" doc:"When the change took effect"`
	CreatedAt time.Time              `json:"created_at" doc:"When the event was appended to the log"`
	Event     string                 `json:"event" doc:"stream@revision of the event that changed the number"`
}

type numberBody struct {
	PersonID        domain.PersonID    `json:"-"` // whose entry it is
	CaseID          domain.CaseID      `json:"-"`
	ListID          domain.ListID      `json:"list_id" format:"uuid"`
	EntryID         domain.EntryID     `json:"entry_id" format:"uuid"`
	Status          housing.EntryState `json:"status"`
	Number          *int               `json:"number" doc:"The current ordinal number, 1 for the first; null if the entry is no longer on the list"`
	Of              int                `json:"of" doc:"How many active entries the list has"`
	Ahead           *int               `json:"ahead" doc:"How many active entries stand before this one"`
	SeniorityAt     time.Time          `json:"seniority_at" doc:"Instant of the complete application, which decides the order"`
	RegisteredOn    domain.Date        `json:"registered_on" format:"date" doc:"Day of placing"`
	CertifiedNumber int                `json:"certified_number" doc:"The number on the certificate; it never changes"`
	InventoryDueOn  domain.Date        `json:"inventory_due_on" format:"date" doc:"The last day to confirm the entry. After it the holder is asked, and without an answer a review begins. No entry is removed without a review"`
	AnswerBy        domain.Date        `json:"answer_by,omitzero" format:"date" doc:"The last day for the holder's confirmation of the need; left out if it was not asked for"`
	Review          *entryReviewBody   `json:"review,omitempty" doc:"The review of the entry, if it is under review or was removed at the end of a review"`
	Removal         *entryRemovalBody  `json:"removal,omitempty"`
	LastChange      changeBody         `json:"last_change" doc:"What changed this number last"`
	AsOfPosition    domain.Position    `json:"as_of_position" doc:"Position of the log up to which this holds"`
}

func (s *Server) getEntry() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-entry", Method: http.MethodGet, Path: entryAddress, Tag: housingTag,
		Of:       operation.OfEntry,
		Summary:  "The current number of an entry, and what changed it last",
		Doc:      "A citizen sees only their own entry.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleCommission},
		Problems: []domain.Code{domain.CodeListUnknown, domain.CodeEntryUnknown, domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *entryInput) (*operation.Found[numberBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		n, err := s.model.Number(ctx, in.ListID, in.EntryID)
		if err != nil {
			return nil, operation.Hide(ctx, err)
		}
		if p := operation.Citizen(ctx); !p.IsZero() && p != n.PersonID {
			return nil, operation.NotYours()
		}
		return operation.Answer(numberOf(n, in.language()), n.Revision, n.AsOf), nil
	})
}

func numberOf(n projections.QueueNumber, l domain.Language) numberBody {
	body := numberBody{
		PersonID: n.PersonID, CaseID: n.CaseID, ListID: n.ListID, EntryID: n.EntryID, Status: n.Status, Of: n.Of,
		SeniorityAt:  n.Seniority.At,
		RegisteredOn: n.RegisteredOn, CertifiedNumber: n.Certified, InventoryDueOn: n.InventoryDueOn, AnswerBy: n.AnswerBy,
		AsOfPosition: n.AsOf,
		LastChange: changeBody{
			Kind: n.LastChange.Kind, Own: n.LastChange.Own, Text: causeText(n.LastChange.Kind, n.LastChange.Own, l), At: n.LastChange.EffectiveAt, CreatedAt: n.LastChange.Created,
			Event: n.LastChange.Event.String(),
		},
	}
	if n.Number > 0 {
		body.Number, body.Ahead = &n.Number, &n.Ahead
	}
	body.reviewOf(n)
	return body
}

// reviewOf adds the state of the review of the entry.
func (b *numberBody) reviewOf(n projections.QueueNumber) {
	if n.Removed != "" {
		b.Removal = &entryRemovalBody{n.Removed, n.NoticeDueOn}
	}
	if x := n.Review; x != nil {
		b.Review = &entryReviewBody{
			Reason: x.Reason, Hearing: hearingOf(x.Hearing), Complaint: complaintOf(x.Complaint, x.Appeal),
		}
		for _, o := range x.Owed {
			b.Review.Owed = append(b.Review.Owed, dutyBody(o))
		}
		for _, o := range x.Late {
			b.Review.Late = append(b.Review.Late, dutyBody(o))
		}
	}
}
