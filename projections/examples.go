package projections

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/events"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// example is an event as the models are given it. Golden files show what each
// model writes for it, and the schema is a digest of that.
type example struct {
	of       string // type of the event
	how      string // how it differs from the sample of its type; "" for the sample itself
	delivery domain.Delivery
}

// writes tells what every model writes for the example.
func (e example) writes(tell func(model string, o op)) {
	if e.delivery.Poison != nil {
		for _, o := range new(intake).ops(e.delivery) {
			tell("quarantine", o)
		}
		return
	}
	for _, m := range models {
		for _, o := range m.project(*e.delivery.Recorded) {
			tell(m.name, o)
		}
	}
}

// variant makes another example of a type out of its sample.
type variant struct {
	how    string
	change func(domain.Event) domain.Event
}

// but is a variant of the sample of E: change sets fields of a copy.
func but[E domain.Event](how string, change func(*E)) variant {
	return variant{how, func(sample domain.Event) domain.Event {
		e, ok := sample.(E)
		if !ok {
			return nil
		}
		change(&e)
		return e
	}}
}

// examples returns the sample of every type of event that is projected, and its
// variants. A variant is needed where a model does not treat all events of a
// type alike; a test finds the statements of models that no example reaches.
func examples() []example {
	var all []example
	add := func(stream, how string, e domain.Event) {
		rec := recordedExample(stream, e)
		all = append(all, example{e.EventType(), how, domain.Delivery{Position: rec.Position, Recorded: rec}})
	}
	for _, sample := range events.Samples() {
		stream := streamOf(sample)
		if stream == "" {
			continue
		}
		add(stream, "", sample)
		for _, v := range variants {
			if e := v.change(sample); e != nil {
				add(streamOf(e), v.how, e)
			}
		}
		if isStep(sample) {
			add(domain.ListID{UUID: uuid.NameSpaceURL}.Stream(), "in the review of an entry", sample)
		}
	}
	unreadable := recordedExample(domain.PersonID{UUID: uuid.NameSpaceURL}.Stream(), nil)
	released := recordedExample(domain.PersonID{UUID: uuid.NameSpaceURL}.Stream(), nil)
	released.Event = domain.Skipped{
		Type: "Unknown", Why: "why", Basis: "order 7", ReleasedBy: "operator-3", ReleasedAt: released.Created,
	}.Skip(*released)
	all = append(all, example{"an event that is released", "", domain.Delivery{Position: released.Position, Recorded: released}})
	return append(all, example{"an event that cannot be decoded", "", domain.Delivery{
		Position: unreadable.Position, Recorded: unreadable, Poison: errors.New("why"),
	}})
}

// recordedExample is the event as the log would have it.
func recordedExample(stream string, e domain.Event) *domain.Recorded {
	return &domain.Recorded{
		ID: uuid.NameSpaceDNS, Stream: stream, Revision: 7, Position: 0x1267, Event: e,
		Created: time.Date(2026, 3, 15, 12, 0, 1, 0, domain.Zone),
		Meta: domain.Meta{
			Causation: domain.CommandID{UUID: uuid.NameSpaceOID}, Actor: "desk-7", Role: domain.RoleOperator,
		},
	}
}

// streamOf returns the stream of an event: that of the first id that it has. It
// is "" for an event that no projector follows.
func streamOf(e domain.Event) string {
	switch e := e.(type) {
	case accesslog.PersonalDataRead:
		return accesslog.Stream(e.PersonID)
	case accesslog.PageRead:
		return accesslog.PageStream(uuid.NameSpaceURL)
	case residence.DwellingCodeClaimed:
		return ""
	}
	if slices.ContainsFunc(otp.Events, func(t domain.EventType) bool { return t.Name == e.EventType() }) {
		return ""
	}
	v := reflect.ValueOf(e)
	for i := range v.NumField() {
		id, ok := v.Field(i).Interface().(interface {
			Stream() string
			IsZero() bool
		})
		if ok && !id.IsZero() {
			return id.Stream()
		}
	}
	return ""
}

// isStep reports whether the event is a step of the procedure, which may also be
// in the stream of a list.
func isStep(e domain.Event) bool {
	return !e.Concerns().Case.IsZero() &&
		reflect.TypeOf(e).PkgPath() == reflect.TypeFor[procedure.DutyMissed]().PkgPath()
}

// earlier and later are places in the order of a list, before and behind that of
// the samples.
var (
	earlier = housing.Seniority{At: time.Date(1969, 12, 31, 0, 0, 0, 0, domain.Zone), Position: 1}
	later   = housing.Seniority{At: time.Date(2026, 4, 1, 0, 0, 0, 0, domain.Zone), Position: 9000}
)

// corrected is a variant of a correction that leaves the registration open.
func corrected(how string, kind residence.Kind) variant {
	return variant{how, func(sample domain.Event) domain.Event {
		c, ok := residence.CorrectionIn(sample)
		if !ok {
			return nil
		}
		c.Kind, c.Now = kind, residence.Standing{From: c.Was.From, Until: c.Was.Until}
		v := reflect.New(reflect.TypeOf(sample)).Elem()
		v.Set(reflect.ValueOf(c).Convert(v.Type()))
		return v.Interface().(domain.Event)
	}}
}

// variants are the examples beside the samples: the other cases that a model
// tells apart.
var variants = []variant{
	but("in an unknown territory", func(e *residence.DwellingRecorded) { e.KATO = "" }),
	but("at an address of all letters", func(e *residence.DwellingRecorded) { // so the schema changes with their folding
		e.Address = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя abcdefghijklmnopqrstuvwxyz şçıŋ shch sch sh ch kh gh zh ye yo " +
			"ул. көшесі, 12 ABCDEHIKMOPTXY, 1abcehikmoptxy, 010000"
	}),
	but("in another territory", func(e *residence.DwellingRecoded) { e.Now.KATO = "711310000" }),
	but("of an earlier build", func(e *residence.PersonRecorded) { e.Likeness = residence.Likeness{} }),
	but("from a person and an agent to others", func(e *residence.OwnersChanged) {
		was, is := domain.PersonID{UUID: uuid.NameSpaceDNS}, domain.PersonID{UUID: uuid.NameSpaceURL}
		e.Former = []residence.Owner{{PersonID: was}, {Kind: residence.Company, AgentID: was}}
		e.Owners = []residence.Owner{{PersonID: is}, {Kind: residence.Company, AgentID: is}}
	}),
	but("of a decline, while the offer stood", func(e *residence.OfferEnded) { e.Over = false }),
	but("of an earlier version", func(e *residence.LeaseBegan) { e.BodyID = domain.BodyID{} }),
	but("undone by a document", func(e *residence.MergeUndone) { e.Code = "" }),
	but("permanent", func(e *residence.RegistrationBegan) { e.Kind, e.Until = residence.Permanent, domain.Date{} }),
	but("temporary", func(e *residence.RegistrationEnded) { e.Kind = residence.Temporary }),
	corrected("open again, temporary", residence.Temporary),
	corrected("open again, permanent", residence.Permanent),
	but("without co-owners", func(e *residence.DeregistrationApplied) {
		e.CoOwners, e.StatedCoOwners, e.ConfirmBy = nil, nil, time.Time{}
	}),
	but("others have not confirmed yet", func(e *residence.CoOwnerConfirmed) { e.Deadline = time.Time{} }),
	but("nobody is deregistered", func(e *residence.DeregistrationDecided) {
		refused := residence.Result{Code: domain.CodeNotRegisteredHere, Reason: "not here"}
		refused.PersonID = e.Results[0].PersonID
		e.Results = []residence.Result{refused}
	}),
	but("that takes nothing from anybody", func(e *housing.PriorityRuleSet) { e.More = false }),
	but("of no case", func(e *residence.DepartureSheetIssued) { e.CaseID = domain.CaseID{} }),
	but("of no case", func(e *certificates.Duplicated) { e.CaseID = domain.CaseID{} }),
	but("of no case", func(e *certificates.Corrected) { e.CaseID = domain.CaseID{} }),

	but("without consent to look-ups", func(e *housing.ApplicationReceived) {
		e.Consent, e.Terms = false, housing.ConsentTerms{}
	}),
	but("consent without a last day", func(e *housing.ApplicationReceived) { e.Terms.Until = domain.Date{} }),
	but("without a judgement", func(e *housing.ApplicationRefused) { e.Judgement = nil }),
	but("of an entry", func(e *housing.LookupConsentWithdrawn) { e.CaseID = domain.CaseID{} }),
	but("of an entry", func(e *housing.LookupConsentRenewed) { e.CaseID = domain.CaseID{} }),
	but("of an entry", func(e *housing.LookupConsentExpired) { e.CaseID = domain.CaseID{} }),
	but("without priority and consent", func(e *housing.EntryPlaced) {
		e.Seniority, e.Consent = later, housing.Consent{}
	}),
	but("to an earlier place", func(e *housing.EntryRedated) { e.From, e.Seniority = later, earlier }),
	but("to a later place", func(e *housing.EntryRedated) { e.From, e.Seniority = earlier, later }),
	but("in no review", func(e *housing.InventoryConfirmed) { e.Review = "" }),
	but("which ends no review", func(e *housing.ServiceEndUndone) { e.ReviewID, e.NextDueOn = domain.CaseID{}, domain.Date{} }),
	but("while another review goes on", func(e *housing.ServiceEnded) { e.ReviewID, e.DecideBy = domain.CaseID{}, domain.Date{} }),

	but("a return", func(e *procedure.StepAnnulled) { e.Step, e.Duty = procedure.CaseReturned{}.EventType(), "" }),
	but("the end of a hearing", func(e *procedure.StepAnnulled) { e.Step, e.Duty = procedure.HearingClosed{}.EventType(), "" }),
	but("lateness", func(e *procedure.StepAnnulled) { e.Step, e.Duty = procedure.DeadlinePassed{}.EventType(), "" }),
	but("waived", func(e *procedure.HearingClosed) { e.How = procedure.HearingWaived }),
	but("abroad", func(e *residence.RegistrationEnded) { e.Reason = residence.DepartureAbroad }),
	but("with its applicant", func(e *procedure.CaseTerminated) {
		e.Ground, e.DuplicateOf, e.NotifyBy = procedure.ApplicantDied, domain.CaseID{}, domain.Date{}
	}),
	but("not as a duplicate", func(e *procedure.CaseTerminated) { e.DuplicateOf = domain.CaseID{} }),
	but("a remedy is owed", func(e *procedure.CourtActRecorded) { e.Deadline = time.Time{} }),
	but("the act stands", func(e *procedure.ComplaintDecided) { e.Deadline, e.RemedyBy = time.Time{}, domain.Date{} }),

	but("by a citizen", func(e *accesslog.PersonalDataRead) { e.Role = domain.RoleCitizen }),

	but("of no case", func(e *notice.NoticeQueued) {
		e.FromCase, e.CaseID, e.Represented = false, domain.CaseID{}, domain.PersonID{}
	}),
	but("to the person", func(e *notice.NoticeQueued) { e.Represented = domain.PersonID{} }),
	but("nothing more will be told", func(e *notice.NoticeSent) { e.Reports = false }),
	but("for good", func(e *notice.NoticeFailed) { e.RetryAt = time.Time{} }),
}
