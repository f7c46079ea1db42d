package procedure

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// Terms are the numbers of the edition in force, and the calendar that working
// days are counted by.
type Terms struct {
	HearingDays       int  // working days from the preliminary decision to the act, at least (APPC 73)
	ObjectionDays     int  // working days for the objection (APPC 73)
	ExtensionMonths   int  // at most, in total (APPC 76)
	ExtensionNotice   int  // working days for the notice of an extension (APPC 76)
	ForwardingDays    int  // working days to forward what went to the wrong body (APPC 65)
	TerminationNotice int  // working days for the notice of a termination (APPC 70)
	ComplaintMonths   int  // for a complaint to be in time (APPC 92)
	ComplaintForward  int  // working days for the body to satisfy or forward it (APPC 91)
	ComplaintDecision int  // working days for the reviewing body (APPC 99)
	RemedyDays        int  // working days to remedy an act that no longer stands (APPC 85)
	CorrectionDays    int  // working days for a correction, at least (policy: "a reasonable time")
	WithdrawalBasis   bool // an official withdraws for the applicant on a paper only
	Calendar          Calendar
	StateHeld         []domain.DocumentType // what the state's own systems hold (C14)

	// LastDay returns the last day on which an application that is complete on
	// the day is decided in time.
	LastDay func(complete domain.Date) (domain.Date, error)
}

// Calendar counts working days. It returns an error for a year without data.
type Calendar interface {
	// AddWorkingDays returns the n-th working day after the day.
	AddWorkingDays(day domain.Date, n int) (domain.Date, error)
}

// Case is the fold of a case- stream as far as the procedure goes. The zero
// Case is one that does not exist.
type Case struct {
	Application
	State       State
	Completed   Completion
	CureUntil   domain.Date
	Decider     string   // account
	Recused     []string // accounts that may not take part any more
	Hearing     *HearingAnnounced
	Heard       bool      // or the hearing was dispensed with
	Original    time.Time // the deadline before any extension
	DecidedOn   domain.Date
	DecidedBy   string // account
	Decision    uint64 // revision of the event that decided last
	NotifiedAt  time.Time
	Overdue     bool
	Complaint   *ComplaintFiled   // that is not decided yet
	Court       *CourtActRecorded // the last one
	OfSilence   bool              // the complaint came before the decision: it is not about the decision that followed
	ComplaintAt string            // body that reviews it; empty while the deciding body has it
	Owing       []Owing
	Taken       []Taken // steps that can be annulled ([Case.AnnulStep])
	Annulments  int     // of such steps
	Deaths      []PartyDied
	Papers      int // files that were handed in
}

// Completion is when and where in the log an application became complete. What
// depends on the order of applications is derived from it.
type Completion struct {
	At       time.Time
	Position domain.Position
}

// Known reports whether the case exists.
func (c *Case) Known() bool { return !c.CaseID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces what it
// changes.
func (c *Case) Clone() Case { return *c }

// Apply folds the next event of the stream into c.
func (c *Case) Apply(rec domain.Recorded) {
	c.owe(rec.Event)
	c.take(rec)
	c.learn(rec.Event)
	switch e := rec.Event.(type) {
	case Begins:
		c.Application, c.State = e.Begun(), e.MovesTo()
		c.Original = c.Deadline
		c.Completed = Completion{At: c.ReceivedAt, Position: rec.Position}
		if act, ok := e.(ActContested); ok {
			c.DecidedOn, c.DecidedBy, c.NotifiedAt = act.ActedOn, string(act.ActedBy), act.ToldAt
		}
	case Moves:
		c.State = e.MovesTo()
		if from, ok := e.(Runs); ok && !from.Term().IsZero() {
			c.Deadline, c.Original = from.Term(), from.Term()
		}
		if c.State.Open() { // also where a decision fell
			c.DecidedOn, c.DecidedBy, c.NotifiedAt = domain.Date{}, "", time.Time{}
		} else {
			c.decided(rec)
		}
	case CorrectionRequested:
		c.State, c.CureUntil = AwaitingCorrection, e.Until
	case CorrectionReceived:
		c.State, c.Deadline, c.Original, c.Overdue = Registered, e.Deadline, e.Deadline, false
		c.Completed = Completion{At: e.ReceivedAt, Position: rec.Position}
	case CaseReturned:
		c.State = Returned
	case CaseForwarded:
		c.State = Forwarded
	case ReviewBegan:
		c.State, c.Decider = InReview, string(e.Decider)
	case DeciderRecused:
		c.Decider, c.Recused = string(e.Decider), append(slices.Clip(c.Recused), string(e.Recused))
	case HearingAnnounced:
		c.State, c.Hearing, c.Heard = HearingPending, &e, false
	case ObjectionFiled:
		c.State, c.Heard = InReview, true
	case HearingClosed:
		c.State, c.Heard = InReview, true
		if e.How == HearingWaived { // the applicant asked for it, so the act need not wait
			c.Hearing = nil
		}
	case HearingDispensed:
		c.Heard = true
	case TermExtended:
		c.Deadline, c.Overdue = e.Deadline, false
	case CaseWithdrawn:
		c.State = Withdrawn
	case CaseTerminated:
		c.State = Terminated
		c.decided(rec)
	case DecisionNotified:
		c.NotifiedAt = e.NotifiedAt
	case DeadlinePassed:
		c.Overdue = true
	case StepAnnulled:
		c.undo(e)
	case PaperFiled:
		c.Papers++
	case ComplaintFiled:
		c.Complaint, c.ComplaintAt, c.OfSilence = &e, "", c.State.Open()
	case ComplaintForwarded:
		c.ComplaintAt = e.To
	case ComplaintDecided:
		c.Complaint, c.ComplaintAt = nil, ""
		if !e.Deadline.IsZero() {
			c.reopen(e.Deadline)
		}
	case ComplaintWithdrawn:
		c.Complaint, c.ComplaintAt = nil, ""
	case CourtActRecorded:
		c.Complaint, c.ComplaintAt, c.Court = nil, "", &e
		if !e.Deadline.IsZero() {
			c.reopen(e.Deadline)
		}
	}
}

// decided notes who decided, and that the decision has not been notified yet.
func (c *Case) decided(rec domain.Recorded) {
	c.DecidedOn, c.DecidedBy = domain.DateOf(rec.Event.EffectiveAt()), rec.Meta.Actor
	c.Decision, c.NotifiedAt = rec.Revision, time.Time{}
}

// may refuses a step that the table does not have for the state of the case,
// and every step of a case that does not exist.
func (c *Case) may(step Step) error {
	if !c.Known() {
		return domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no case with this id")
	}
	if c.OneSitting && (c.State == Registered || c.State == InReview && c.DecidedOn.IsZero()) {
		return domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"an application of this service is decided when it is received, so it has no such step")
	}
	if _, ok := Next(c.State, step); ok {
		return nil
	}
	if step == NotifyExtension || step == NotifyForwarding || step == RecordRemedy || step == FollowCourt {
		return domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"in a case that is %s the step %s is not possible", c.State, step)
	}
	if !c.State.Open() || c.State == Approved {
		return domain.Refuse(domain.Conflict, domain.CodeCaseDecided,
			"the case has ended (%s); if it was decided, only a complaint is possible", c.State)
	}
	return domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
		"in a case that is %s the step %s is not possible", c.State, step)
}

// by checks that the caller may decide: the deciding official is not the applicant, nor
// anybody whom the act touches, whatever account is used (C15), and has not been recused.
func (c *Case) by(cmd domain.Command) error {
	own := !cmd.Person.IsZero() && (cmd.Person == c.ApplicantID || slices.Contains(c.Affected, cmd.Person))
	if own {
		return domain.Refuse(domain.Forbidden, domain.CodeDeciderRecused,
			"this case is about you: another official must act")
	}
	return c.account(cmd.Actor)
}

// account checks the account of a deciding official alone.
func (c *Case) account(actor string) error {
	if actor == c.ApplicantID.String() || slices.Contains(c.Recused, actor) {
		return domain.Refuse(domain.Forbidden, domain.CodeDeciderRecused,
			"the applicant, and an official who was replaced, cannot decide this case: another official must act")
	}
	return nil
}

// Correction is the command that asks for what an application lacks.
type Correction struct {
	Missing       []Missing
	SystemsSilent bool        // the state systems do not answer
	Until         domain.Date // the last day to bring it; the least reasonable time where it is zero
}

// RequestCorrection decides [Correction]: it lists what is missing and sets a
// date that leaves a reasonable time (C3). Documents that state systems hold
// are looked up there; they are asked for only where the systems do not answer
// (C14).
func (c *Case) RequestCorrection(cmd domain.Command, ask Correction, t Terms) ([]domain.Event, error) {
	if err := c.may(RequestCorrection); err != nil {
		return nil, err
	}
	if len(ask.Missing) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "list what is missing").At("missing")
	}
	for i, m := range ask.Missing {
		if strings.TrimSpace(string(m.Text)) == "" {
			return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"say in words what is missing").At(domain.Path("missing", i, "text"))
		}
		if !ask.SystemsSilent && slices.Contains(t.StateHeld, m.Document) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeHeldByState,
				"state systems hold this document: look it up there; "+
					"if they do not answer, set systems_silent").At(domain.Path("missing", i, "document_type"))
		}
	}
	until := ask.Until
	least, err := t.Calendar.AddWorkingDays(cmd.Today(), t.CorrectionDays)
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = least
	}
	if until.Before(least) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeTooEarly,
			"the applicant needs a reasonable time: set until to %s or later", least).At("until")
	}
	return []domain.Event{CorrectionRequested{
		CaseID: c.CaseID, Missing: ask.Missing, SystemsSilent: ask.SystemsSilent, Until: until, RequestedAt: cmd.Now,
	}}, nil
}

// Correct takes what was missing. After the date the case is returned instead;
// the applicant can apply again (C3).
func (c *Case) Correct(cmd domain.Command, documents []domain.Document, t Terms) ([]domain.Event, error) {
	if err := c.may(Correct); err != nil {
		return nil, err
	}
	if c.CureUntil.Before(cmd.Today()) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooLate,
			"the date for the correction was %s; file a new application", c.CureUntil)
	}
	if len(documents) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name what was handed in: an empty correction completes nothing").At("documents")
	}
	deadline, err := t.decision(cmd.Today())
	if err != nil {
		return nil, err
	}
	return []domain.Event{
		CorrectionReceived{CaseID: c.CaseID, Documents: documents, ReceivedAt: cmd.Now, Deadline: deadline},
	}, nil
}

// decision is the deadline of an application that is complete on the day.
func (t Terms) decision(day domain.Date) (time.Time, error) {
	last, err := t.LastDay(day)
	return last.End(), err
}

// Return ends a case whose date for the correction has passed. The registry
// does so by itself.
func (c *Case) Return(cmd domain.Command) ([]domain.Event, error) {
	if err := c.may(Return); err != nil {
		return nil, err
	}
	if !c.CureUntil.Before(cmd.Today()) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooEarly,
			"the applicant can correct the application until %s", c.CureUntil)
	}
	return []domain.Event{CaseReturned{CaseID: c.CaseID, ReturnedAt: cmd.Now}}, nil
}

// Forward hands the application to the right body (C5).
func (c *Case) Forward(cmd domain.Command, to string, t Terms) ([]domain.Event, error) {
	if err := c.may(Forward); err != nil {
		return nil, err
	}
	if strings.TrimSpace(to) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the body that the application goes to").At("to")
	}
	last, err := t.Calendar.AddWorkingDays(domain.DateOf(c.RegisteredAt), t.ForwardingDays)
	if err != nil {
		return nil, err
	}
	if last.Before(cmd.Today()) {
		return nil, domain.Refuse(
			domain.Conflict,
			domain.CodeTooLate,
			"an application can be forwarded only within %d working days, that is until %s; now this body must decide it",
			t.ForwardingDays,
			last,
		)
	}
	return []domain.Event{CaseForwarded{CaseID: c.CaseID, To: to, NotifyBy: last, ForwardedAt: cmd.Now}}, nil
}

// TakeUp begins the review. The actor decides.
func (c *Case) TakeUp(cmd domain.Command) ([]domain.Event, error) {
	if err := c.may(TakeUp); err != nil {
		return nil, err
	}
	if err := c.by(cmd); err != nil {
		return nil, err
	}
	return []domain.Event{ReviewBegan{CaseID: c.CaseID, Decider: domain.Account(cmd.Actor), BeganAt: cmd.Now}}, nil
}

// Recuse replaces the deciding official (C15, APPC 67).
func (c *Case) Recuse(cmd domain.Command, ground RecusalGround, decider string) ([]domain.Event, error) {
	if err := c.may(Recuse); err != nil {
		return nil, err
	}
	if !slices.Contains(RecusalGrounds, ground) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a recusal has one of the grounds %v", RecusalGrounds).At("ground")
	}
	if decider == "" || decider == c.Decider {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name another official who decides").At("decider")
	}
	if err := c.account(decider); err != nil {
		return nil, err
	}
	return []domain.Event{
		DeciderRecused{CaseID: c.CaseID, Recused: domain.Account(c.Decider), Ground: ground, Decider: domain.Account(decider), RecusedAt: cmd.Now},
	}, nil
}

// Extension is the command that gives a case more time.
type Extension struct {
	Office  Office // of the official who extends
	Stated  bool   // the official has stated the office: no record of the body names it
	Until   domain.Date
	Reasons domain.Personal
}

// Extend decides [Extension]: in all at most the terms' months, before the present
// deadline, by a reasoned decision of the head or a deputy (C9). The record of the body
// says who they are. Only of an account that no body has recorded is the word taken, and
// the event says so.
func (c *Case) Extend(cmd domain.Command, x Extension, t Terms) ([]domain.Event, error) {
	if err := c.may(Extend); err != nil {
		return nil, err
	}
	if err := c.by(cmd); err != nil {
		return nil, err
	}
	if !slices.Contains(Offices, x.Office) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"only one of %v of the body can extend a term: state the office", Offices).At("office")
	}
	if err := reasoned(x.Reasons); err != nil {
		return nil, err
	}
	if cmd.Now.After(c.Deadline) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooLate,
			"the term ended on %s; it can no longer be extended", domain.DateOf(c.Deadline))
	}
	last := domain.DateOf(c.Original).AddMonths(t.ExtensionMonths)
	if !domain.DateOf(c.Deadline).Before(x.Until) || last.Before(x.Until) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePeriodTooLong,
			"until must be later than %s, and not later than %s", domain.DateOf(c.Deadline), last).At("until")
	}
	notify, err := t.Calendar.AddWorkingDays(cmd.Today(), t.ExtensionNotice)
	if err != nil {
		return nil, err
	}
	return []domain.Event{
		TermExtended{
			CaseID:     c.CaseID,
			By:         domain.Account(cmd.Actor),
			Office:     x.Office,
			Stated:     x.Stated,
			Reasons:    x.Reasons,
			Deadline:   x.Until.End(),
			NotifyBy:   notify,
			ExtendedAt: cmd.Now,
		},
	}, nil
}

// Withdraw ends the case at the applicant's request (C6). An official who states the
// request names the paper.
func (c *Case) Withdraw(cmd domain.Command, b domain.Basis, t Terms) ([]domain.Event, error) {
	if err := c.may(Withdraw); err != nil {
		return nil, err
	}
	if err := b.Demand(t.WithdrawalBasis, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{CaseWithdrawn{CaseID: c.CaseID, Basis: b, WithdrawnAt: cmd.Now}}, nil
}

// Termination is the command that ends a case without a decision on its subject.
type Termination struct {
	Ground      TerminationGround
	Reasons     domain.Personal
	DuplicateOf domain.CaseID
	Other       Case // which DuplicateOf names; the zero Case where there is none
}

// Terminate decides [Termination] on a ground of APPC 70 (C13).
func (c *Case) Terminate(cmd domain.Command, d Termination, t Terms) ([]domain.Event, error) {
	if err := c.may(Terminate); err != nil {
		return nil, err
	}
	if err := c.by(cmd); err != nil {
		return nil, err
	}
	if !slices.Contains(statedGrounds, d.Ground) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a termination has one of the grounds %v", statedGrounds).At("ground")
	}
	if err := reasoned(d.Reasons); err != nil {
		return nil, err
	}
	if err := c.duplicates(d); err != nil {
		return nil, err
	}
	notify, err := t.Calendar.AddWorkingDays(cmd.Today(), t.TerminationNotice)
	if err != nil {
		return nil, err
	}
	return []domain.Event{
		CaseTerminated{
			CaseID:       c.CaseID,
			Ground:       d.Ground,
			DuplicateOf:  d.DuplicateOf,
			Reasons:      d.Reasons,
			NotifyBy:     notify,
			TerminatedAt: cmd.Now,
		},
	}, nil
}

// duplicates checks that a termination as a duplicate names the case in which
// the same subject was decided, and no other termination names any (C13). The
// other case must be decided: while it is open, this one repeats nothing.
func (c *Case) duplicates(d Termination) error {
	refuse := func(format string, args ...any) error {
		return domain.Refuse(domain.Invalid, domain.CodeNoDuplicate, format, args...).At("duplicate_of")
	}
	switch {
	case d.Ground != SameSubjectDecided:
		if d.DuplicateOf.IsZero() {
			return nil
		}
		return refuse("only a termination on the ground %s names another case", SameSubjectDecided)
	case d.DuplicateOf.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the case in which the same subject was decided on the same grounds").At("duplicate_of")
	case d.DuplicateOf == c.CaseID || d.Other.CaseID != d.DuplicateOf || d.Other.Subject != c.Subject:
		return refuse(
			"no other case with this id has the same subject: the applicant and the list, or the dwelling, the persons and the ground",
		)
	case d.Other.State != Granted && d.Other.State != Refused:
		return refuse(
			"that case is %s: only a decision on the subject makes another application a duplicate",
			d.Other.State,
		)
	}
	return nil
}

// MarkOverdue records that the deadline has passed. The registry does so by
// itself (C9: lateness is recorded, not hidden).
func (c *Case) MarkOverdue(cmd domain.Command) ([]domain.Event, error) {
	// The term runs from the complete application (Q4), so not while a
	// correction is awaited.
	if !c.Known() || !c.State.Open() || c.State == AwaitingCorrection || c.Deadline.IsZero() || c.Overdue ||
		!cmd.Now.After(c.Deadline) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"the case is not overdue, or that is recorded already")
	}
	return []domain.Event{DeadlinePassed{CaseID: c.CaseID, Deadline: c.Deadline, MarkedAt: cmd.Now}}, nil
}

func reasoned(reasons domain.Personal) error {
	if strings.TrimSpace(string(reasons)) == "" {
		return domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "state the reasons").At("reasons")
	}
	return nil
}
