package housing

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// MemberConsented says that a member of the applicant's family consents, for
// themselves, to be counted in the application and to look-ups of their data.
type MemberConsented struct {
	CaseID   domain.CaseID   `json:"case_id"`
	PersonID domain.PersonID `json:"person_id"`
	ConsentTerms
	Basis       domain.Basis `json:"basis,omitzero"` // of an official who states it
	ConsentedAt time.Time    `json:"consented_at"`
}

// MemberDeclined says that a member of the family does not consent, or no longer does.
type MemberDeclined struct {
	CaseID     domain.CaseID   `json:"case_id"`
	PersonID   domain.PersonID `json:"person_id"`
	Basis      domain.Basis    `json:"basis,omitzero"` // of an official who states it
	DeclinedAt time.Time       `json:"declined_at"`
}

// MembersDropped says that the applicant names members of the family no longer, who have
// not consented. Family is who remains.
type MembersDropped struct {
	CaseID      domain.CaseID     `json:"case_id"`
	ApplicantID domain.PersonID   `json:"applicant_id"`
	Dropped     []domain.PersonID `json:"dropped"`
	Family      []FamilyMember    `json:"family,omitempty"`
	DroppedAt   time.Time         `json:"dropped_at"`
}

func (MemberConsented) EventType() string { return "FamilyMemberConsented" }
func (MemberDeclined) EventType() string  { return "FamilyMemberDeclined" }
func (MembersDropped) EventType() string  { return "FamilyMembersDropped" }

func (e MemberConsented) EffectiveAt() time.Time { return e.ConsentedAt }
func (e MemberDeclined) EffectiveAt() time.Time  { return e.DeclinedAt }
func (e MembersDropped) EffectiveAt() time.Time  { return e.DroppedAt }

func (e MemberConsented) Concerns() domain.Concern { return personInCase(e.PersonID, e.CaseID) }
func (e MemberDeclined) Concerns() domain.Concern  { return personInCase(e.PersonID, e.CaseID) }
func (e MembersDropped) Concerns() domain.Concern  { return domain.ConcernsCase(e.CaseID) }

func (e MemberConsented) LogValue() slog.Value { return domain.Masked(e) }
func (e MemberDeclined) LogValue() slog.Value  { return domain.Masked(e) }

// MemberConsent is where the own consent of a member of the family stands.
type MemberConsent struct {
	PersonID domain.PersonID
	Consent  Consent
}

// consenting are those of the family who consent for themselves: a spouse, and everybody
// who is adult (C20).
func (c ReceiveApplication) consenting(e rules.Edition) []domain.PersonID {
	if !e.Placement.MembersConsent {
		return nil
	}
	var who []domain.PersonID
	for _, m := range c.Family {
		if m.Relation == Spouse || c.Adult != nil && c.Adult(m.PersonID) {
			who = append(who, m.PersonID)
		}
	}
	return who
}

// consentOf are the consents by which the data of the person may be looked up: their own,
// or the applicant's.
func (a *Application) consentOf(p domain.PersonID) (c Consent, own bool) {
	for _, m := range a.Members {
		if m.PersonID == p {
			return m.Consent, true
		}
	}
	return a.Consent, false
}

// applyMembers folds the events of this file. It replaces the list that it changes.
func (a *Application) applyMembers(event domain.Event) {
	change := func(p domain.PersonID, how func(*Consent)) {
		a.Members = slices.Clone(a.Members)
		for i := range a.Members {
			if a.Members[i].PersonID == p {
				how(&a.Members[i].Consent)
			}
		}
	}
	switch e := event.(type) {
	case MemberConsented:
		change(e.PersonID, func(c *Consent) { *c = Consent{ConsentGiven, e.ConsentTerms} })
	case MemberDeclined:
		change(e.PersonID, func(c *Consent) {
			c.State, _ = NextConsent(c.On(domain.DateOf(e.DeclinedAt)), c.declines(domain.DateOf(e.DeclinedAt)))
		})
	case MembersDropped:
		a.Received.Family = e.Family
		a.Members = slices.DeleteFunc(slices.Clone(a.Members), func(m MemberConsent) bool {
			return slices.Contains(e.Dropped, m.PersonID)
		})
	}
}

// declines is the step by which the consent is declined on the day.
func (c Consent) declines(day domain.Date) ConsentStep {
	if c.On(day) == ConsentGiven {
		return WithdrawConsent
	}
	return RefuseConsent
}

// Unconsented are the members who have not consented for themselves, or no longer do.
// One whose consent has expired has consented to be counted; only look-ups are barred.
func (a *Application) Unconsented(day domain.Date) []domain.PersonID {
	var missing []domain.PersonID
	for _, m := range a.Members {
		if s := m.Consent.On(day); s != ConsentGiven && s != ConsentExpired {
			missing = append(missing, m.PersonID)
		}
	}
	return missing
}

// membersConsent refuses a placement while a member has not consented.
func (a *Application) membersConsent(day domain.Date) error {
	missing := a.Unconsented(day)
	if len(missing) == 0 {
		return nil
	}
	err := domain.Refuse(domain.Conflict, domain.CodeMemberConsentMissing,
		"%d of the family have not consented for themselves: wait for their answer, or have the applicant drop them "+
			"from the application", len(missing)).At("outcome")
	for _, p := range missing {
		c, _ := a.consentOf(p)
		err.Also = append(err.Also, domain.Refuse(domain.Conflict, domain.CodeMemberConsentMissing,
			"the consent of the member %s is %s", p, c.On(day)))
	}
	return err
}

// entryConsent is the consent that the entry takes over: to what everybody in the family
// has consented, for as long as all do.
func (a *Application) entryConsent() Consent {
	whole := a.Consent.passesOn()
	if whole.State != ConsentGiven {
		return whole
	}
	for _, m := range a.Members {
		c := m.Consent.passesOn()
		if c.State != ConsentGiven {
			return Consent{State: ConsentRequested}
		}
		whole.Scope = slices.DeleteFunc(slices.Clone(whole.Scope), func(s ConsentScope) bool {
			return !slices.Contains(c.Scope, s)
		})
		if whole.Until.IsZero() || !c.Until.IsZero() && c.Until.Before(whole.Until) {
			whole.Until = c.Until
		}
	}
	if len(whole.Scope) == 0 {
		return Consent{State: ConsentRequested}
	}
	return whole
}

// AnswerAsMember is the command by which a member of the family consents or declines.
type AnswerAsMember struct {
	PersonID domain.PersonID // the member
	Given    bool
	Terms    ConsentTerms // of a consent that is given
	Basis    domain.Basis // of an official who states it
	Rules    rules.Book
}

// AnswerAsMember decides [AnswerAsMember], before the decision on the case. An answer can
// be changed until then.
func (a *Application) AnswerAsMember(cmd domain.Command, c AnswerAsMember) ([]domain.Event, error) {
	citizen := cmd.Role == domain.RoleCitizen
	consent, own := a.consentOf(c.PersonID)
	switch {
	case citizen && (!a.Known() || !own):
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound,
			"there is no such record, or you may not see it")
	case !a.Known():
		return nil, a.ofThisService()
	case !own:
		return nil, domain.Refuse(domain.Invalid, domain.CodeNotInFamily,
			"the application names no such member who consents for themselves").At("person_id")
	case !a.State.Open() || a.Approved != nil:
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "the case is decided (%s)", a.State)
	}
	edition, today := c.Rules.On(cmd.Today()), cmd.Today()
	if err := edition.CheckBasis(rules.MembersConsent, cmd.Role, c.Basis, today, "basis"); err != nil {
		return nil, err
	}
	if !c.Given {
		if _, ok := NextConsent(consent.On(today), consent.declines(today)); !ok {
			return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
				"the consent is %s already", consent.On(today))
		}
		return []domain.Event{MemberDeclined{
			CaseID: a.CaseID, PersonID: c.PersonID, Basis: c.Basis, DeclinedAt: cmd.Now,
		}}, nil
	}
	terms, err := consent.change(today, ChangeConsent{Given: true, Terms: c.Terms})
	if err != nil {
		return nil, err
	}
	return []domain.Event{MemberConsented{
		CaseID: a.CaseID, PersonID: c.PersonID, ConsentTerms: terms, Basis: c.Basis, ConsentedAt: cmd.Now,
	}}, nil
}

// DropMembers is the command by which the applicant names members no longer.
type DropMembers struct {
	Members []domain.PersonID
	Holder  domain.PersonID // who asks, where it is the citizen; zero for staff
}

// DropMembers decides [DropMembers]. Only who has not consented can be dropped: the
// family of the others is a fact that the commission judges.
func (a *Application) DropMembers(cmd domain.Command, c DropMembers) ([]domain.Event, error) {
	if !c.Holder.IsZero() && (!a.Known() || c.Holder != a.ApplicantID) {
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound,
			"there is no such record, or you may not see it")
	}
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	if !a.State.Open() || a.Approved != nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "the case is decided (%s)", a.State)
	}
	missing := a.Unconsented(cmd.Today())
	for i, p := range c.Members {
		field := domain.Path("drop", i)
		switch {
		case slices.Contains(c.Members[:i], p):
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice, "this member is named twice").At(field)
		case !slices.ContainsFunc(a.Received.Family, func(m FamilyMember) bool { return m.PersonID == p }):
			return nil, domain.Refuse(domain.Invalid, domain.CodeNotInFamily,
				"the application names no such member").At(field)
		case !slices.Contains(missing, p):
			return nil, domain.Refuse(domain.Conflict, domain.CodeMemberConsented,
				"only a member who must consent and has not can be dropped").At(field)
		}
	}
	family := slices.DeleteFunc(slices.Clone(a.Received.Family), func(m FamilyMember) bool {
		return slices.Contains(c.Members, m.PersonID)
	})
	return []domain.Event{MembersDropped{
		CaseID: a.CaseID, ApplicantID: a.ApplicantID, Dropped: c.Members, Family: family, DroppedAt: cmd.Now,
	}}, nil
}
