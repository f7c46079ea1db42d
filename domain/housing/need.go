package housing

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// FindingKind is a kind of fact about the applicant or the family that art.
// 101-3 asks for.
type FindingKind string

const (
	FoundDwelling      FindingKind = "dwelling_owned"          // or a share in one
	FoundStateDwelling FindingKind = "state_dwelling_received" // from the state stock, in permanent use
	FoundBelowNorms    FindingKind = "below_norms"             // the dwelling fails sanitary or technical norms
	FoundIllness       FindingKind = "chronic_illness"         // severe, and in the list of such
	FoundBenefit       FindingKind = "past_benefit"
	FoundAlienation    FindingKind = "dwelling_alienated" // a habitable one, or a share in it
)

// FindingKinds lists them all.
var FindingKinds = []FindingKind{
	FoundDwelling,
	FoundStateDwelling,
	FoundBelowNorms,
	FoundIllness,
	FoundBenefit,
	FoundAlienation,
}

// Finding is one fact about one person. Which members it has depends on its
// kind.
type Finding struct {
	Kind     FindingKind     `json:"kind"`
	PersonID domain.PersonID `json:"person_id"` // the applicant or a member of the family
	Source   CheckSource     `json:"source"`
	// that the finding is about; zero where it is not named, or nowhere recorded
	DwellingID domain.DwellingID `json:"dwelling_id,omitzero"`
	// dwellings and benefits: where; that of the list where it is empty
	Settlement     string         `json:"settlement,omitempty"`
	Share          rules.Fraction `json:"share,omitzero"`            // dwellings owned and alienated
	BeforeMarriage bool           `json:"before_marriage,omitempty"` // dwellings of the spouse
	// dwellings owned: bought with housing payments, and the contract is not fulfilled
	Unfulfilled bool            `json:"purchase_unfulfilled,omitempty"`
	AlienatedOn domain.Date     `json:"alienated_on,omitzero"`
	Benefit     string          `json:"benefit,omitempty"` // of those that the edition names
	Note        domain.Personal `json:"note,omitempty"`    // the document or the extract
}

// Format masks the whole finding: a reader of a log must not see what somebody
// owns or suffers from.
func (Finding) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[finding]")) }

// LogValue masks it too.
func (Finding) LogValue() slog.Value { return slog.StringValue("[finding]") }

// Format masks the judgement: it tells of illnesses and dwellings.
func (Judgement) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[judgement]")) }

// LogValue masks it too.
func (Judgement) LogValue() slog.Value { return slog.StringValue("[judgement]") }

// scope is the kind of data to which a finding belongs.
func (k FindingKind) scope() ConsentScope {
	switch k {
	case FoundIllness:
		return ScopeHealth
	case FoundStateDwelling, FoundBenefit:
		return ScopeBenefits
	}
	return ScopeRealEstate
}

// Lookup is a look-up of a person's data in state information systems, whatever
// was found.
type Lookup struct {
	PersonID domain.PersonID `json:"person_id"`
	Scope    ConsentScope    `json:"scope"`
}

// NeedExamined records what was found about the need of an application's family
// and how it is judged on that day. It may come again; the last one counts.
//
// Lookups says whose data was looked up in other systems. Each is an access to
// personal data and is recorded in that person's access log first ([Accesses]).
type NeedExamined struct {
	CaseID      domain.CaseID   `json:"case_id"`
	ApplicantID domain.PersonID `json:"applicant_id"`
	Family      []FamilyMember  `json:"family,omitempty"` // of the application
	Settlement  string          `json:"settlement"`       // of the list
	AppliedOn   domain.Date     `json:"applied_on"`       // with the complete application
	Findings    []Finding       `json:"findings,omitempty"`
	Lookups     []Lookup        `json:"lookups,omitempty"`
	Exception   domain.Personal `json:"exception,omitempty"` // of art. 9, on which was looked up without consent
	// of the family, whose own consent is missing: nothing was looked up about them
	Unconsented []domain.PersonID `json:"unconsented,omitempty"`
	Judgement   Judgement         `json:"judgement"`
	ExaminedAt  time.Time         `json:"examined_at"`
}

func (NeedExamined) EventType() string        { return "NeedExamined" }
func (e NeedExamined) EffectiveAt() time.Time { return e.ExaminedAt }

func (e NeedExamined) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }

func (e NeedExamined) LogValue() slog.Value { return domain.Masked(e) }

// Judgement says whether a family is in need, by the edition in force on a day.
// A commission can still decide for another reason.
type Judgement struct {
	Edition rules.EditionID    `json:"edition"`
	On      domain.Date        `json:"judged_on"`
	InNeed  bool               `json:"in_need"`
	Grounds []rules.NeedGround `json:"grounds,omitempty"` // of need, that are met
	Bars    []Bar              `json:"bars,omitempty"`    // all of them; none where the family is in need
	Family  []FamilyMember     `json:"family,omitempty"`  // that is counted with the applicant (Q13)
}

// Bar is a reason for which a family is not recognised as in need.
type Bar struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero"` // whose dwelling or benefit it is
	Benefit  string          `json:"benefit,omitempty"`
}

// Judge judges the facts by the edition in force on the day (Q10): in need by a
// combination of grounds (Q11), with the family that is counted (Q13), without a
// past benefit (Q14) or an alienation within the look-back (Q12) of the
// applicant or the spouse.
func (e NeedExamined) Judge(by rules.Edition, on domain.Date) Judgement {
	j := Judgement{Edition: by.ID, On: on, Family: e.counted(by)}
	counted := func(p domain.PersonID) bool {
		return p == e.ApplicantID || slices.ContainsFunc(j.Family, func(m FamilyMember) bool { return m.PersonID == p })
	}
	met := map[rules.NeedGround]bool{rules.NoDwelling: true, rules.NoStateDwelling: true}
	var housed, others []Bar
	for _, f := range e.Findings {
		switch f.Kind {
		case FoundDwelling:
			if counted(f.PersonID) && e.here(f) && by.CountsAsDwelling(f.Share) && !f.Unfulfilled {
				met[rules.NoDwelling] = false
				housed = append(housed, Bar{Code: domain.CodeDwellingOwned, PersonID: f.PersonID})
			}
		case FoundStateDwelling:
			if counted(f.PersonID) {
				met[rules.NoStateDwelling] = false
				housed = append(housed, Bar{Code: domain.CodeStateDwelling, PersonID: f.PersonID})
			}
		case FoundBelowNorms:
			met[rules.BelowNorms] = met[rules.BelowNorms] || counted(f.PersonID)
		case FoundIllness:
			met[rules.ChronicIllness] = met[rules.ChronicIllness] || counted(f.PersonID)
		case FoundBenefit:
			if by.Placement.PastBenefitsAnywhere || e.here(f) {
				others = append(others, Bar{Code: domain.CodePastBenefit, PersonID: f.PersonID, Benefit: f.Benefit})
			}
		case FoundAlienation:
			if e.here(f) && !f.BeforeMarriage && by.AlienationCounts(f.AlienatedOn, e.AppliedOn, f.Share) {
				others = append(others, Bar{Code: domain.CodeDwellingAlienated, PersonID: f.PersonID})
			}
		}
	}
	for _, g := range rules.NeedGrounds {
		if met[g] {
			j.Grounds = append(j.Grounds, g)
		}
	}
	inNeed := slices.ContainsFunc(by.Placement.InNeed, func(all []rules.NeedGround) bool {
		return !slices.ContainsFunc(all, func(g rules.NeedGround) bool { return !met[g] })
	})
	if !inNeed {
		j.Bars = append([]Bar{{Code: domain.CodeNoGroundOfNeed}}, housed...)
	}
	j.Bars = append(j.Bars, others...)
	j.InNeed = len(j.Bars) == 0
	return j
}

// counted is the family that is counted with the applicant: of the relations
// that the edition names, without a spouse who had a dwelling in the settlement
// before the marriage (Q13).
func (e NeedExamined) counted(by rules.Edition) []FamilyMember {
	var family []FamilyMember
	for _, m := range e.Family {
		housed := slices.ContainsFunc(e.Findings, func(f Finding) bool {
			return f.Kind == FoundDwelling && f.PersonID == m.PersonID && f.BeforeMarriage && e.here(f) &&
				by.CountsAsDwelling(f.Share)
		})
		if !housed && slices.Contains(by.Placement.Family, string(m.Relation)) {
			family = append(family, m)
		}
	}
	return family
}

// here reports whether a finding is of the list's settlement.
func (e NeedExamined) here(f Finding) bool {
	return f.Settlement == "" || strings.EqualFold(strings.TrimSpace(f.Settlement), strings.TrimSpace(e.Settlement))
}

// Examine is the command that records an examination of need.
type Examine struct {
	Findings   []Finding
	Lookups    []Lookup        // beside those that the findings come from: where nothing was found
	Exception  domain.Personal // of art. 9, for look-ups without consent
	Settlement string          // of the list
	Rules      rules.Book      // by which it is judged
}

// Examine decides [Examine], while the case is in review.
func (a *Application) Examine(cmd domain.Command, c Examine) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	if err := a.Examining(cmd); err != nil {
		return nil, err
	}
	examined, err := a.examine(cmd, c)
	if err != nil {
		return nil, err
	}
	return []domain.Event{examined}, nil
}

// examine checks what was found and judges it.
func (a *Application) examine(cmd domain.Command, c Examine) (NeedExamined, error) {
	by := c.Rules.On(cmd.Today())
	for i, f := range c.Findings {
		if err := a.admissible(f, by, cmd.Today()); err != nil {
			return NeedExamined{}, err.At(domain.Path("findings", i, err.Field))
		}
	}
	looked, err := a.lookups(cmd, c)
	if err != nil {
		return NeedExamined{}, err
	}
	e := NeedExamined{
		CaseID: a.CaseID, ApplicantID: a.ApplicantID, Family: a.Received.Family, Settlement: c.Settlement,
		AppliedOn: domain.DateOf(
			a.Completed.At,
		), Findings: c.Findings, Lookups: looked, Exception: c.Exception,
		Unconsented: a.Unconsented(cmd.Today()), ExaminedAt: cmd.Now,
	}
	e.Judgement = e.Judge(by, cmd.Today())
	return e, nil
}

// admissible refuses a finding that lacks a member, has one that its kind does
// not take, or is about a person for whom it does not count. The error's field
// is the member of the finding.
func (a *Application) admissible(f Finding, by rules.Edition, today domain.Date) *domain.Error {
	spouse := slices.Contains(spousesIn(a.Received.Family), f.PersonID)
	inFamily := spouse || f.PersonID == a.ApplicantID ||
		slices.ContainsFunc(a.Received.Family, func(m FamilyMember) bool { return m.PersonID == f.PersonID })
	dwelling := f.Kind == FoundDwelling || f.Kind == FoundAlienation
	switch {
	case !slices.Contains(FindingKinds, f.Kind):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a finding is of one of the kinds %v", FindingKinds).At("kind")
	case !slices.Contains(CheckSources, f.Source):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the source of a finding is one of %v", CheckSources).At("source")
	case !inFamily:
		return domain.Refuse(domain.Invalid, domain.CodeNotInFamily,
			"this person is neither the applicant nor named in the application").At("person_id")
	case (f.Kind == FoundBenefit || f.Kind == FoundAlienation) && !spouse && f.PersonID != a.ApplicantID:
		return domain.Refuse(domain.Invalid, domain.CodeFindingPerson,
			"a finding of this kind must be about the applicant or the spouse").At("person_id")
	case f.BeforeMarriage && !spouse:
		return domain.Refuse(domain.Invalid, domain.CodeFindingPerson,
			"before_marriage counts for the dwellings of the spouse only").At("before_marriage")
	case dwelling && f.Share == rules.Fraction{}:
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the share in the dwelling, 1/1 for the whole").At("share")
	case f.Kind == FoundAlienation && f.AlienatedOn.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the alienation").At("alienated_on")
	case today.Before(f.AlienatedOn):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the day of the alienation is at the latest today").At("alienated_on")
	case f.Kind == FoundBenefit && !slices.Contains(by.Placement.PastBenefits, f.Benefit):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a past benefit is one of %v", by.Placement.PastBenefits).At("benefit")
	}
	for _, m := range []struct {
		name    string
		given   bool
		allowed bool
	}{
		{"dwelling_id", !f.DwellingID.IsZero(), dwelling || f.Kind == FoundStateDwelling || f.Kind == FoundBelowNorms},
		{"settlement", f.Settlement != "", dwelling || f.Kind == FoundBenefit},
		{"share", f.Share != rules.Fraction{}, dwelling},
		{"before_marriage", f.BeforeMarriage, dwelling},
		{"purchase_unfulfilled", f.Unfulfilled, f.Kind == FoundDwelling},
		{"alienated_on", !f.AlienatedOn.IsZero(), f.Kind == FoundAlienation},
		{"benefit", f.Benefit != "", f.Kind == FoundBenefit},
	} {
		if m.given && !m.allowed {
			return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"a finding of the kind %s does not have this member; leave it out", f.Kind).At(m.name)
		}
	}
	return nil
}

// lookups returns whose data was looked up, each once, and refuses a look-up
// without a valid consent or a recorded exception (C20).
func (a *Application) lookups(cmd domain.Command, c Examine) ([]Lookup, error) {
	var looked []Lookup
	look := func(l Lookup, field string) error {
		if slices.Contains(looked, l) {
			return nil
		}
		looked = append(looked, l)
		if strings.TrimSpace(string(c.Exception)) != "" {
			return nil
		}
		consent, own := a.consentOf(l.PersonID)
		err := consent.allows(cmd.Today(), ForExamination, l.Scope)
		switch {
		case err == nil:
			return nil
		case own && err.Code == domain.CodeConsentMissing:
			return domain.Refuse(domain.Conflict, domain.CodeMemberConsentMissing,
				"this member of the family has not consented for themselves (the consent is %s): leave the look-up out "+
					"until they do, or ask them for documents", consent.On(cmd.Today())).At(field)
		}
		return err.At(field)
	}
	for i, f := range c.Findings {
		if f.Source == FromSystems {
			if err := look(Lookup{f.PersonID, f.Kind.scope()}, domain.Path("findings", i, "source")); err != nil {
				return nil, err
			}
		}
	}
	for i, l := range c.Lookups {
		if !slices.Contains(ConsentScopes, l.Scope) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"a look-up is of one of the kinds %v", ConsentScopes).At(domain.Path("lookups", i, "scope"))
		}
		if l.PersonID != a.ApplicantID &&
			!slices.ContainsFunc(a.Received.Family, func(m FamilyMember) bool { return m.PersonID == l.PersonID }) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeNotInFamily,
				"this person is neither the applicant nor named in the "+
					"application").At(domain.Path("lookups", i, "person_id"))
		}
		if err := look(l, domain.Path("lookups", i)); err != nil {
			return nil, err
		}
	}
	return looked, nil
}

// judged returns the examination that a decision rests on, judged by the
// edition of its day, with its findings and the events that go before the
// decision: an examination that the decision brings is recorded with it. The
// judgement is nil where there is none.
func (a *Application) judged(
	cmd domain.Command, inline *Examine, by rules.Book,
) (*Judgement, []Finding, []domain.Event, error) {
	examined, events := a.Examined, []domain.Event(nil)
	if inline != nil {
		e, err := a.examine(cmd, *inline)
		if err != nil {
			return nil, nil, nil, within("examination", err)
		}
		examined, events = &e, []domain.Event{e}
	}
	if examined == nil {
		return nil, nil, nil, nil
	}
	j := examined.Judge(by.On(cmd.Today()), cmd.Today())
	return &j, examined.Findings, events, nil
}

// within puts the field of a refusal into the member that it is part of.
func within(member string, err error) error {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.At(member + "." + e.Field)
	}
	return err
}

// notMet is the refusal to place an applicant who is not in need by the
// judgement, with every bar.
func (j Judgement) notMet() *domain.Error {
	err := domain.Refuse(domain.Conflict, domain.CodeRequirementsNotMet,
		"by the rules in force the applicant is not in need (art. 101-3): if the facts have changed, examine "+
			"again; otherwise refuse on the ground requirements_not_met").At("outcome")
	for _, b := range j.Bars {
		also := domain.Refuse(domain.Conflict, b.Code, "%s", barred[b.Code])
		if b.Benefit != "" {
			also.Message += ": " + b.Benefit
		}
		err.Also = append(err.Also, also)
	}
	return err
}

// barred says each bar in words.
var barred = map[domain.Code]string{
	domain.CodeNoGroundOfNeed:    "the family meets no combination of grounds that makes a family in need",
	domain.CodeDwellingOwned:     "somebody who is counted in the family owns a dwelling in the settlement",
	domain.CodeStateDwelling:     "somebody who is counted in the family has received a dwelling of the state",
	domain.CodePastBenefit:       "the applicant or the spouse has had a benefit that bars a placement",
	domain.CodeDwellingAlienated: "the applicant or the spouse alienated a dwelling in the settlement too recently",
}
