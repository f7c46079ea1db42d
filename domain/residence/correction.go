package residence

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// CorrectionGround is why the registry's own record of the past was wrong.
type CorrectionGround string

const (
	ClericalError   CorrectionGround = "clerical_error"   // the registry recorded something other than the documents said
	UntrueDocuments CorrectionGround = "untrue_documents" // the act rested on untrue documents
	CourtAct        CorrectionGround = "court_act"
	ComplaintUpheld CorrectionGround = "complaint_upheld"
	ClockError      CorrectionGround = "clock_error" // a clock was wrong by which the registry ended a stay
)

// CorrectionGrounds lists them all (policy; the acts are silent).
var CorrectionGrounds = []CorrectionGround{
	ClericalError, UntrueDocuments, CourtAct, ComplaintUpheld, ClockError,
}

// Standing is what the registry holds true of one registration.
type Standing struct {
	From    domain.Date   `json:"effective_from"`
	Until   domain.Date   `json:"until,omitzero"`    // temporary: its term
	EndedOn domain.Date   `json:"ended_on,omitzero"` // zero where it has not been ended
	Reason  Reason        `json:"reason,omitempty"`
	CaseID  domain.CaseID `json:"case_id,omitzero"`
	Void    bool          `json:"annulled,omitempty"` // it never was
}

// Correction is what every correction says: which earlier fact it corrects, on
// what ground, and what the record of the registration was before and is now.
// So a fold needs no other event. Nothing is edited or deleted (R14): the
// corrected fact stays in the log.
type Correction struct {
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	DwellingID     domain.DwellingID     `json:"dwelling_id"`
	Kind           Kind                  `json:"kind"`
	Corrects       domain.EventRef       `json:"corrects"`
	Ground         CorrectionGround      `json:"ground"`
	Reasons        domain.Personal       `json:"reasons"`
	Basis          domain.Basis          `json:"basis,omitzero"`     // the document, where the correction rests on one
	Accepted       []domain.Code         `json:"accepted,omitempty"` // consequences of the whole act that were accepted
	Warnings       []Warning             `json:"warnings,omitempty"` // of the whole act
	Was            Standing              `json:"was"`
	Now            Standing              `json:"now"`
}

// The corrections. The first three are about a beginning, the next two about an
// ending, the last about any correction, itself included. An insertion is a
// beginning and is annulled and corrected as one. It names the fact that it
// replaces (a registration with another dwelling or of another kind, which is
// annulled), or no fact where the registration had not been recorded at all.
type (
	RegistrationInserted  Correction // there was one more
	RegistrationAnnulled  Correction // there was no such registration
	RegistrationCorrected Correction // it had another period
	EndingAnnulled        Correction // it did not end so
	EndingCorrected       Correction // it ended on another day
	CorrectionAnnulled    Correction // what was corrected had been right
)

func (RegistrationInserted) EventType() string  { return "RegistrationInserted" }
func (RegistrationAnnulled) EventType() string  { return "RegistrationAnnulled" }
func (RegistrationCorrected) EventType() string { return "RegistrationCorrected" }
func (EndingAnnulled) EventType() string        { return "EndingAnnulled" }
func (EndingCorrected) EventType() string       { return "EndingCorrected" }
func (CorrectionAnnulled) EventType() string    { return "ResidenceCorrectionAnnulled" }

func (e RegistrationInserted) EffectiveAt() time.Time  { return Correction(e).effectiveAt() }
func (e RegistrationAnnulled) EffectiveAt() time.Time  { return Correction(e).effectiveAt() }
func (e RegistrationCorrected) EffectiveAt() time.Time { return Correction(e).effectiveAt() }
func (e EndingAnnulled) EffectiveAt() time.Time        { return Correction(e).effectiveAt() }
func (e EndingCorrected) EffectiveAt() time.Time       { return Correction(e).effectiveAt() }
func (e CorrectionAnnulled) EffectiveAt() time.Time    { return Correction(e).effectiveAt() }

func (e RegistrationInserted) Concerns() domain.Concern  { return Correction(e).concerns() }
func (e RegistrationAnnulled) Concerns() domain.Concern  { return Correction(e).concerns() }
func (e RegistrationCorrected) Concerns() domain.Concern { return Correction(e).concerns() }
func (e EndingAnnulled) Concerns() domain.Concern        { return Correction(e).concerns() }
func (e EndingCorrected) Concerns() domain.Concern       { return Correction(e).concerns() }
func (e CorrectionAnnulled) Concerns() domain.Concern    { return Correction(e).concerns() }

func (e RegistrationInserted) LogValue() slog.Value  { return domain.Masked(e) }
func (e RegistrationAnnulled) LogValue() slog.Value  { return domain.Masked(e) }
func (e RegistrationCorrected) LogValue() slog.Value { return domain.Masked(e) }
func (e EndingAnnulled) LogValue() slog.Value        { return domain.Masked(e) }
func (e EndingCorrected) LogValue() slog.Value       { return domain.Masked(e) }
func (e CorrectionAnnulled) LogValue() slog.Value    { return domain.Masked(e) }

// CorrectionIn returns what an event corrects; false where it is no correction.
func CorrectionIn(event domain.Event) (Correction, bool) {
	switch e := event.(type) {
	case RegistrationInserted:
		return Correction(e), true
	case RegistrationAnnulled:
		return Correction(e), true
	case RegistrationCorrected:
		return Correction(e), true
	case EndingAnnulled:
		return Correction(e), true
	case EndingCorrected:
		return Correction(e), true
	case CorrectionAnnulled:
		return Correction(e), true
	}
	return Correction{}, false
}

// effectiveAt is the first day for which the record is now different.
func (c Correction) effectiveAt() time.Time {
	if c.Was.Void != c.Now.Void || c.Was.From != c.Now.From {
		return earlier(c.Was.From, c.Now.From).Start()
	}
	if d := earlier(c.Was.heldUntil(), c.Now.heldUntil()); !d.IsZero() {
		return d.Start()
	}
	return c.Now.From.Start()
}

// earlier returns the earlier day; the zero day comes after all others.
func earlier(a, b domain.Date) domain.Date {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// heldUntil is the first day on which the registration no longer holds; zero
// where it has no end.
func (s Standing) heldUntil() domain.Date { return earlier(s.EndedOn, s.Until) }

// Open reports whether nothing has ended the registration but, perhaps, its
// term.
func (s Standing) Open() bool { return !s.Void && s.EndedOn.IsZero() }

// Standing is what the registry holds true of the registration.
func (r Registration) Standing() Standing {
	return Standing{From: r.From, Until: r.Until, EndedOn: r.EndedOn, Reason: r.Reason, CaseID: r.CaseID, Void: r.Void}
}

// registration is the one that was inserted.
func (e RegistrationInserted) registration(at domain.Position) Registration {
	return Registration{
		ID:         e.RegistrationID,
		DwellingID: e.DwellingID,
		Kind:       e.Kind,
		From:       e.Now.From,
		Until:      e.Now.Until,
		Position:   at,
	}
}

// stand makes the registration what s says.
func (r *Registration) stand(s Standing) {
	r.From, r.Until, r.Void = s.From, s.Until, s.Void
	r.Ended, r.EndedOn, r.Reason, r.CaseID = !s.EndedOn.IsZero(), s.EndedOn, s.Reason, s.CaseID
}

// fact is an event of a person's stream about a registration. It is kept so
// that a correction can name it, annul it and bring it back.
type fact struct {
	revision uint64
	of       domain.RegistrationID
	kind     factKind
	corrects uint64   // revision; of a correction
	says     Standing // of a beginning its period, of an ending its day and reason; of their corrections likewise
}

type factKind uint8

const (
	beginning factKind = iota
	ending
	beginningCorrected
	endingCorrected
	annulment
)

func factIn(rec domain.Recorded) (fact, bool) {
	f := fact{revision: rec.Revision}
	switch e := rec.Event.(type) {
	case RegistrationBegan:
		f.of, f.says = e.RegistrationID, Standing{From: e.From, Until: e.Until}
	case RegistrationInserted:
		f.of, f.says = e.RegistrationID, e.Now
	case RegistrationEnded:
		f.of, f.kind, f.says = e.RegistrationID, ending, Standing{EndedOn: e.On, Reason: e.Reason, CaseID: e.CaseID}
	default:
		c, ok := CorrectionIn(e)
		if !ok {
			return f, false
		}
		f.of, f.kind, f.corrects, f.says = c.RegistrationID, annulment, c.Corrects.Revision, c.Now
		switch e.(type) {
		case RegistrationCorrected:
			f.kind = beginningCorrected
		case EndingCorrected:
			f.kind = endingCorrected
		}
	}
	return f, true
}

// facts are those of a person, in the order of the stream.
type facts []fact

// outOfForce returns the revisions of the facts that are annulled. An annulment
// that is itself annulled has no effect.
func (fs facts) outOfForce() map[uint64]bool {
	out := map[uint64]bool{}
	for _, f := range slices.Backward(fs) { // a fact is annulled only by later ones
		if f.kind == annulment && !out[f.revision] {
			out[f.corrects] = true
		}
	}
	return out
}

// root returns the beginning or ending that a fact is, or corrects through any
// number of corrections; an annulment is its own root.
func (fs facts) root(f fact) fact {
	for f.kind == beginningCorrected || f.kind == endingCorrected {
		f = fs[fs.index(f.corrects)]
	}
	return f
}

func (fs facts) index(revision uint64) int {
	return slices.IndexFunc(fs, func(f fact) bool { return f.revision == revision })
}

// endingOf returns the ending in force of the registration: the last one.
func (fs facts) endingOf(id domain.RegistrationID) (last fact, ok bool) {
	out := fs.outOfForce()
	for _, f := range fs {
		if f.of == id && f.kind == ending && !out[f.revision] {
			last, ok = f, true
		}
	}
	return last, ok
}

// standing is the state of the registration that follows from the facts in
// force.
func (fs facts) standing(id domain.RegistrationID) Standing {
	out := fs.outOfForce()
	last, ended := fs.endingOf(id)
	var s Standing
	for _, f := range fs {
		switch {
		case f.of != id:
		case f.kind == beginning:
			s.From, s.Until, s.Void = f.says.From, f.says.Until, out[f.revision]
		case out[f.revision]:
		case f.kind == beginningCorrected:
			s.From, s.Until = f.says.From, f.says.Until
		case (f.kind == ending || f.kind == endingCorrected) && ended && fs.root(f).revision == last.revision:
			s.EndedOn, s.Reason, s.CaseID = f.says.EndedOn, f.says.Reason, f.says.CaseID
		}
	}
	return s
}

// Line is a registration of a timeline with the events that say so.
type Line struct {
	Registration
	BeganBy domain.EventRef
	EndedBy domain.EventRef // zero where no ending is in force
}

// Timeline returns all registrations of the person, annulled ones too, in the
// order of time.
func (p *Person) Timeline() []Line {
	var lines []Line
	for _, r := range p.Registrations {
		l := Line{Registration: r}
		for _, f := range p.facts {
			if f.of == r.ID && f.kind == beginning {
				l.BeganBy = domain.EventRef{Stream: p.ID.Stream(), Revision: f.revision}
			}
		}
		if f, ok := p.facts.endingOf(r.ID); ok {
			l.EndedBy = domain.EventRef{Stream: p.ID.Stream(), Revision: f.revision}
		}
		lines = append(lines, l)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.From.Compare(b.From) })
	return lines
}

// CorrectionAction is what a [Change] does to the fact that it names.
type CorrectionAction string

const (
	Annul CorrectionAction = "annul"
	Amend CorrectionAction = "correct"

	// Insert adds a registration. Where it replaces one with a wrong dwelling
	// or kind, the change names that one, which is annulled.
	Insert CorrectionAction = "insert"
)

// CorrectionActions lists them all.
var CorrectionActions = []CorrectionAction{Annul, Amend, Insert}

// FactName names an earlier fact of the person's stream: by its event, or as
// the beginning or the present ending of a registration.
type FactName struct {
	Event          domain.EventRef
	RegistrationID domain.RegistrationID
	Ending         bool
}

// Change is one part of a correction. A day that is left out stays as it is.
type Change struct {
	Fact    FactName
	Action  CorrectionAction
	From    domain.Date // of a beginning
	Until   domain.Date // of a beginning, temporary
	EndedOn domain.Date // of an ending

	// Of an insertion. What is left out of the days, the kind and the reason of
	// the ending is taken from the registration that it replaces.
	RegistrationID domain.RegistrationID
	DwellingID     domain.DwellingID
	Kind           Kind
	Reason         Reason // of the ending, where EndedOn is given
}

// Correct is the command that corrects what the registry has recorded of a
// person, however long ago and whatever came after.
type Correct struct {
	Ground  CorrectionGround
	Reasons domain.Personal
	Basis   domain.Basis  // the document, where there is one
	Changes []Change      // carried out together: only their joint result is checked
	Accept  []domain.Code // consequences that the caller has seen and accepts

	Household Household
	Rules     rules.Book
	Gone      map[domain.DwellingID]domain.Date // dwellings that are no more, with their last day's end
}

// AcceptableConsequences are the codes of the consequences that a correction can
// accept.
var AcceptableConsequences = []domain.Code{
	domain.CodeLeavesHole, domain.CodeLeavesWithoutResidence, domain.CodeCutsOverlap, domain.CodeEndingWithoutMove,
	domain.CodeCaseContradicted,
}

// Consequence is an effect of a correction beyond the facts that it names.
type Consequence struct {
	Code           domain.Code
	RegistrationID domain.RegistrationID // zero where it is about none
	CaseID         domain.CaseID
	From, Until    domain.Date // the days concerned, [From, Until); Until is zero where there is no end
	Text           string
}

// CorrectionPlan is what a correction would do.
type CorrectionPlan struct {
	Before, After []Line
	Consequences  []Consequence
	Warnings      []Warning // which need not be accepted
	Events        []domain.Event
}

// Correct decides [Correct] as [Person.PlanCorrection] plans it. It refuses,
// and names every consequence that is not accepted.
func (p *Person) Correct(cmd domain.Command, c Correct) ([]domain.Event, error) {
	plan, err := p.PlanCorrection(cmd, c)
	if err != nil {
		return nil, err
	}
	if err := unaccepted(plan.Consequences, c.Accept); err != nil {
		return nil, err
	}
	return plan.Events, nil
}

// PlanCorrection works out the effects of the correction, whatever consequences
// are accepted.
//
// The timeline is recomputed from the facts then in force, and must keep R11,
// R13 and R14. Where two permanent registrations would hold at once, the
// earlier one ends where the later begins, as in a move (R12). That is a
// consequence, and one more event of the same act.
func (p *Person) PlanCorrection(cmd domain.Command, c Correct) (CorrectionPlan, error) {
	none := CorrectionPlan{}
	if !p.Known() {
		return none, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	}
	if !slices.Contains(CorrectionGrounds, c.Ground) {
		return none, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a correction has one of the grounds %v", CorrectionGrounds).At("ground")
	}
	if c.Reasons == "" {
		return none, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons of the correction: an auditor will read them").At("reasons")
	}
	if len(c.Changes) == 0 {
		return none, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name at least one fact to correct").At("changes")
	}
	w := correcting{Person: *p, act: c, today: cmd.Today(), began: p.next}
	for i, ch := range c.Changes {
		if err := w.change(ch); err != nil {
			return none, err.At(domain.Path("changes", i, err.Field))
		}
	}
	if err := w.check(p); err != nil {
		return none, err
	}
	consequences, err := w.endOverlaps()
	if err != nil {
		return none, err
	}
	consequences = append(consequences, p.leftBare(&w.Person, cmd.Today())...)
	consequences = append(consequences, p.contradicted(&w.Person)...)
	plan := CorrectionPlan{Before: p.Timeline(), After: w.Timeline(), Consequences: consequences}
	by := c.Rules.On(w.today)
	plan.Warnings = c.Household.left(p, &w.Person, by, w.today, nobody)
	if is := w.home(w.today); !is.IsZero() && is != p.home(w.today) {
		plan.Warnings = append(plan.Warnings, c.Household.apart(p, is, by, w.today)...)
	}
	plan.Events = accepting(w.events, consequences, plan.Warnings)
	return plan, nil
}

// accepting writes the consequences and the warnings into the corrections, so
// that the log says what was accepted.
func accepting(events []domain.Event, consequences []Consequence, warnings []Warning) []domain.Event {
	var codes []domain.Code
	for _, q := range consequences {
		if !slices.Contains(codes, q.Code) {
			codes = append(codes, q.Code)
		}
	}
	for i, event := range events {
		switch e := event.(type) {
		case RegistrationInserted:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		case RegistrationAnnulled:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		case RegistrationCorrected:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		case EndingAnnulled:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		case EndingCorrected:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		case CorrectionAnnulled:
			e.Accepted, e.Warnings = codes, warnings
			events[i] = e
		}
	}
	return events
}

// correcting is the state of a person while a correction is worked out, event
// by event.
type correcting struct {
	Person
	act    Correct
	today  domain.Date
	began  uint64 // revision of the first event of the correction
	events []domain.Event
}

func (w *correcting) add(e domain.Event) {
	w.events = append(w.events, e)
	w.Apply(domain.Recorded{Stream: w.ID.Stream(), Revision: w.next, Event: e})
}

// correction returns a correction of f that makes its registration stand so.
func (w *correcting) correction(f fact, now Standing) Correction {
	r := w.registration(f.of)
	return Correction{
		PersonID: w.ID, RegistrationID: r.ID, DwellingID: r.DwellingID, Kind: r.Kind,
		Corrects: domain.EventRef{Stream: w.ID.Stream(), Revision: f.revision},
		Ground:   w.act.Ground, Reasons: w.act.Reasons, Basis: w.act.Basis, Was: r.Standing(), Now: now,
	}
}

// change carries out one change, or refuses it.
func (w *correcting) change(ch Change) *domain.Error {
	if ch.Action == Insert {
		return w.insert(ch)
	}
	f, err := w.named(ch.Fact)
	if err != nil {
		return err
	}
	if w.facts.outOfForce()[f.revision] {
		return domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
			"this fact has been annulled already; to bring it back, annul the event that annulled it").At("event")
	}
	switch ch.Action {
	case Annul:
		w.annul(f)
		return nil
	case Amend:
		return w.amend(f, ch)
	}
	return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
		"a change is one of %s, %s or %s", Annul, Amend, Insert).At("action")
}

// named finds the fact.
func (w *correcting) named(n FactName) (fact, *domain.Error) {
	if !n.Event.IsZero() {
		// A correction names only what was recorded before it.
		if i := w.facts.index(n.Event.Revision); n.Event.Stream == w.ID.Stream() && i >= 0 &&
			n.Event.Revision < w.began {
			return w.facts[i], nil
		}
		return fact{}, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"no registration of the person began, ended or was corrected by this event; look up the event in the "+
				"history of the person").At("event")
	}
	if n.Ending {
		if f, ok := w.facts.endingOf(n.RegistrationID); ok {
			return f, nil
		}
		return fact{}, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"no ending of such a registration of the person is in force").At("registration_id")
	}
	i := slices.IndexFunc(w.facts, func(f fact) bool { return f.kind == beginning && f.of == n.RegistrationID })
	if i < 0 {
		return fact{}, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"the person has no registration with this id").At("registration_id")
	}
	return w.facts[i], nil
}

// insert adds a registration to the past, in the place of another or of none.
// Consents and the norm are not checked: they are conditions of registering,
// not of the record of the past.
func (w *correcting) insert(ch Change) *domain.Error {
	if w.registration(ch.RegistrationID) != nil || ch.RegistrationID.IsZero() {
		return domain.Refuse(domain.Conflict, domain.CodeRegisteredHere,
			"an inserted registration has an id of its own").At("action")
	}
	c := Correction{
		PersonID: w.ID, RegistrationID: ch.RegistrationID, DwellingID: ch.DwellingID, Kind: ch.Kind,
		Ground: w.act.Ground, Reasons: w.act.Reasons, Was: Standing{Void: true},
	}
	now := Standing{From: ch.From, Until: ch.Until, EndedOn: ch.EndedOn, Reason: ch.Reason}
	if ch.Fact != (FactName{}) {
		f, err := w.named(ch.Fact)
		if err != nil {
			return err
		}
		wrong := w.registration(f.of)
		if f.kind != beginning || wrong.Void {
			return domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
				"name the beginning of a registration that is not annulled").At("event")
		}
		if (ch.DwellingID.IsZero() || ch.DwellingID == wrong.DwellingID) && (ch.Kind == "" || ch.Kind == wrong.Kind) {
			return domain.Refuse(domain.Invalid, domain.CodeNothingChanges,
				"insert replaces a registration only by one with another dwelling or of another kind; if only the "+
					"days are wrong, correct the days").At("dwelling_id")
		}
		c.Corrects = domain.EventRef{Stream: w.ID.Stream(), Revision: f.revision}
		c.DwellingID, c.Kind = cmp.Or(ch.DwellingID, wrong.DwellingID), cmp.Or(ch.Kind, wrong.Kind)
		now.From = orElse(ch.From, wrong.From)
		if c.Kind == wrong.Kind {
			now.Until = orElse(ch.Until, wrong.Until)
		}
		if ch.EndedOn.IsZero() && wrong.Ended {
			now.EndedOn, now.Reason, now.CaseID = wrong.EndedOn, cmp.Or(ch.Reason, wrong.Reason), wrong.CaseID
		}
		w.annul(f)
	}
	if err := checkInserted(c, now); err != nil {
		return err
	}
	c.Now = Standing{From: now.From, Until: now.Until}
	w.add(RegistrationInserted(c))
	if !now.EndedOn.IsZero() {
		w.add(w.registration(c.RegistrationID).end(w.ID, now.Reason, now.EndedOn, now.CaseID))
	}
	return nil
}

// checkInserted keeps that a registration has a dwelling and a kind, and R14:
// an ending has one of the reasons that end a registration of the kind.
func checkInserted(c Correction, now Standing) *domain.Error {
	permits := []Reason{MovedToNewAddress, OwnerApplication, DepartureAbroad, CourtDecision}
	if c.Kind == Temporary {
		permits = []Reason{OwnerApplication, DepartureAbroad, CourtDecision, TermExpired}
	}
	switch {
	case c.DwellingID.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the dwelling of the registration to insert").At("dwelling_id")
	case c.Kind != Permanent && c.Kind != Temporary:
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a registration is %s or %s", Permanent, Temporary).At("kind")
	case now.From.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the registration began").At("effective_from")
	case now.EndedOn.IsZero() && now.Reason != "":
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day of the ending, or leave its reason out").At("ended_on")
	case !now.EndedOn.IsZero() && !slices.Contains(permits, now.Reason):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a %s registration ends for one of the reasons %v", c.Kind, permits).At("reason")
	case now.Reason == TermExpired && now.EndedOn != now.Until:
		return domain.Refuse(domain.Invalid, domain.CodeEndsAfterTerm,
			"a registration whose term ran out ended with its term: give that day, %s", now.Until).At("ended_on")
	}
	return nil
}

func (w *correcting) annul(f fact) {
	after := append(slices.Clip(w.facts), fact{revision: w.next, of: f.of, kind: annulment, corrects: f.revision})
	c := w.correction(f, after.standing(f.of))
	switch f.kind {
	case beginning:
		w.add(RegistrationAnnulled(c))
	case ending:
		w.add(EndingAnnulled(c))
	default:
		w.add(CorrectionAnnulled(c))
	}
}

func (w *correcting) amend(f fact, ch Change) *domain.Error {
	root := w.facts.root(f)
	was := w.registration(f.of).Standing()
	now := was
	switch {
	case root.kind == annulment:
		return domain.Refuse(domain.Invalid, domain.CodeNotAmendable,
			"an annulment has no days to correct; annul it instead").At("action")
	case w.facts.outOfForce()[root.revision] || was.Void:
		return domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
			"the registration, or this fact, has been annulled; bring it back first").At("event")
	case root.kind == ending:
		if last, _ := w.facts.endingOf(f.of); last.revision != root.revision {
			return domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
				"the registration has a later ending in force; correct that one").At("event")
		}
		if ch.EndedOn.IsZero() {
			return domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day on which it ended").At("ended_on")
		}
		if was.Reason == TermExpired {
			return domain.Refuse(domain.Invalid, domain.CodeNotAmendable,
				"the registration ended with its term; correct its until").At("ended_on")
		}
		now.EndedOn = ch.EndedOn
	default:
		now.From = orElse(ch.From, now.From)
		now.Until = orElse(ch.Until, now.Until)
	}
	if now == was {
		return domain.Refuse(domain.Invalid, domain.CodeNothingChanges,
			"the registry holds this already; give the days that are wrong").At("action")
	}
	if root.kind == ending {
		w.add(EndingCorrected(w.correction(f, now)))
		return nil
	}
	if was.Reason == TermExpired && now.Until != was.Until { // that ending follows from the term
		last, _ := w.facts.endingOf(f.of)
		w.annul(last)
		open := w.registration(f.of).Standing()
		now.EndedOn, now.Reason, now.CaseID = open.EndedOn, open.Reason, open.CaseID
	}
	w.add(RegistrationCorrected(w.correction(f, now)))
	return nil
}

func orElse(d, otherwise domain.Date) domain.Date {
	if d.IsZero() {
		return otherwise
	}
	return d
}

// check keeps R13 and R14 for each registration that the correction changes; no
// ground allows a breach.
func (w *correcting) check(before *Person) *domain.Error {
	death, dead := w.Dead()
	for i, r := range w.Registrations {
		known := i < len(before.Registrations) // not inserted just now
		// unchanged ones are not checked again
		if r.Void || known && r.Standing() == before.Registrations[i].Standing() {
			continue
		}
		if err := (Register{Kind: r.Kind, From: r.From, Until: r.Until, Rules: w.act.Rules}).checkLength(w.today); err != nil {
			return err.At("changes")
		}
		switch {
		case r.From.Before(w.BirthDate):
			return domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
				"a registration would begin before the person was born").At("changes")
		case dead && (r.heldUntil().IsZero() || death.On.Before(r.heldUntil())):
			return domain.Refuse(domain.Conflict, domain.CodePersonDead,
				"the person died on %s, and a registration would hold after that day: give it an ending on that day at the "+
					"latest, or annul the death first", death.On).At("changes")
		case w.act.stands(r):
			return domain.Refuse(domain.Conflict, domain.CodeDwellingGone,
				"a registration would hold at a dwelling that is no more since %s: give it an earlier end",
				w.act.Gone[r.DwellingID]).At("changes")
		case r.Ended && r.EndedOn.Before(r.From):
			return domain.Refuse(domain.Invalid, domain.CodeEndsBeforeBegin,
				"a registration would begin on %s and end before, on %s: correct its ending in the same request",
				r.From, r.EndedOn).At("changes")
		case r.Ended && w.today.Before(r.EndedOn):
			return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
				"an ending is recorded when it has happened: at the latest today").At("changes")
		case r.Ended && r.Reason != TermExpired && !r.Until.IsZero() && r.Until.Before(r.EndedOn):
			return domain.Refuse(domain.Invalid, domain.CodeEndsAfterTerm,
				"a temporary registration would end on %s, after its term, %s", r.EndedOn, r.Until).At("changes")
		}
	}
	return nil
}

// stands reports whether the registration would hold at a dwelling that is no more.
func (c Correct) stands(r Registration) bool {
	gone, is := c.Gone[r.DwellingID]
	return is && (r.heldUntil().IsZero() || gone.Before(r.heldUntil()))
}

// inTime returns the registrations of the kind that hold on at least one day,
// in the order of time.
func (p *Person) inTime(k Kind) []Registration {
	var rs []Registration
	for _, r := range p.Registrations {
		if r.Kind == k && !r.Void && (r.heldUntil().IsZero() || r.From.Before(r.heldUntil())) {
			rs = append(rs, r)
		}
	}
	slices.SortStableFunc(rs, func(a, b Registration) int { return a.From.Compare(b.From) })
	return rs
}

// endOverlaps keeps R11 as R12 does: the later permanent registration ends the
// earlier. No such rule exists for two temporary stays at once, so they are
// refused.
func (w *correcting) endOverlaps() ([]Consequence, error) {
	overlap := func(a, b Registration) bool { return a.heldUntil().IsZero() || b.From.Before(a.heldUntil()) }
	stays := w.inTime(Temporary)
	for i := 1; i < len(stays); i++ {
		if overlap(stays[i-1], stays[i]) {
			return nil, domain.Refuse(domain.Conflict, domain.CodePeriodOverlaps,
				"two temporary registrations would hold from %s: correct the other one in the same request",
				stays[i].From).At("changes")
		}
	}
	var cs []Consequence
	homes := w.inTime(Permanent)
	for i := 1; i < len(homes); i++ {
		a, b := homes[i-1], homes[i]
		if !overlap(a, b) {
			continue
		}
		cs = append(cs, Consequence{
			Code: domain.CodeCutsOverlap, RegistrationID: a.ID, From: b.From, Until: a.heldUntil(),
			Text: "two permanent registrations would hold from " + b.From.String() + ": the earlier one is ended on that day, as by a move",
		})
		last, ended := w.facts.endingOf(a.ID)
		if !ended {
			w.add(a.end(w.ID, MovedToNewAddress, b.From, domain.CaseID{}))
			continue
		}
		now := a.Standing()
		now.EndedOn, now.Reason, now.CaseID = b.From, MovedToNewAddress, domain.CaseID{}
		w.add(EndingCorrected(w.correction(last, now)))
	}
	return cs, nil
}

// leftBare lists the days on which the person had a permanent residence before
// the correction and has none after it.
func (p *Person) leftBare(after *Person, today domain.Date) []Consequence {
	var cs []Consequence
	for _, was := range p.inTime(Permanent) {
		bare := was.From // the first day not known to be covered
		report := func(until domain.Date) {
			if !until.IsZero() && !bare.Before(until) || today.Before(bare) {
				return
			}
			c := Consequence{Code: domain.CodeLeavesHole, RegistrationID: was.ID, From: bare, Until: until,
				Text: "from " + bare.String() + " until " + until.String() + " the person would have had no permanent residence"}
			if until.IsZero() {
				c.Code, c.Text = domain.CodeLeavesWithoutResidence, "since "+bare.String()+" the person would have no permanent residence"
			}
			cs = append(cs, c)
		}
		end := was.heldUntil()
		covered := false // to the end of was
		for _, now := range after.inTime(Permanent) {
			if !now.heldUntil().IsZero() && !bare.Before(now.heldUntil()) {
				continue
			}
			if !end.IsZero() && !now.From.Before(end) {
				break
			}
			if bare.Before(now.From) {
				report(now.From)
			}
			if bare = now.heldUntil(); bare.IsZero() {
				covered = true
				break
			}
		}
		if !covered && (end.IsZero() || bare.Before(end)) {
			report(end)
		}
	}
	return cs
}

// contradicted lists later facts that no longer agree with the timeline: moves
// to where the person did not move, and results of S001 cases.
func (p *Person) contradicted(after *Person) []Consequence {
	moves := func(p *Person, r Registration) bool {
		return r.Ended && !r.Void && r.Reason == MovedToNewAddress &&
			slices.ContainsFunc(p.Registrations, func(to Registration) bool {
				return to.Kind == Permanent && !to.Void && to.ID != r.ID && to.From == r.EndedOn
			})
	}
	var cs []Consequence
	for i, was := range p.Registrations {
		now := after.Registrations[i]
		if moves(p, was) && now.Ended && !now.Void && now.Reason == MovedToNewAddress && !moves(after, now) {
			cs = append(cs, Consequence{
				Code: domain.CodeEndingWithoutMove, RegistrationID: now.ID, From: now.EndedOn,
				Text: "the registration that ended on " + now.EndedOn.String() + " by a move would have no registration that follows it: annul or correct its ending too",
			})
		}
		if !was.CaseID.IsZero() && (now.Void != was.Void || now.EndedOn != was.EndedOn || now.CaseID != was.CaseID) {
			cs = append(cs, Consequence{
				Code: domain.CodeCaseContradicted, RegistrationID: now.ID, CaseID: was.CaseID, From: was.EndedOn,
				Text: "the case " + was.CaseID.String() + " tells that it ended this registration on " + was.EndedOn.String() + "; its result stays as it was issued",
			})
		}
	}
	return cs
}
