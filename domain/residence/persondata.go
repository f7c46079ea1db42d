package residence

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
)

// BirthKnown is how much of a birth date is known. What is not known stands as 01 in
// the date, so every age counts from the first day on which the person can be born.
type BirthKnown string

const (
	BirthDay   BirthKnown = "" // the whole date
	BirthMonth BirthKnown = "month"
	BirthYear  BirthKnown = "year"
)

// BirthsKnown lists those that are said; a date that is known whole says nothing.
var BirthsKnown = []BirthKnown{BirthMonth, BirthYear}

// PersonData is who a person is.
type PersonData struct {
	Name       domain.Personal     `json:"name"`
	BirthDate  domain.PersonalDate `json:"birth_date"`
	BirthKnown BirthKnown          `json:"birth_known,omitempty"`
	Class      Class               `json:"class"`
}

// DataChange is why the record of who a person is becomes another one.
type DataChange string

const (
	DataCorrected DataChange = "correction" // the record was wrong from its beginning
	DataChanged   DataChange = "change"     // something happened: a marriage, a grant of citizenship
)

// DataChanges lists them all.
var DataChanges = []DataChange{DataCorrected, DataChanged}

// PersonDataChanged says that the name, the birth date or the class of a person is
// recorded otherwise, on what document, and what was recorded before (R24).
type PersonDataChanged struct {
	PersonID   domain.PersonID `json:"person_id"`
	Kind       DataChange      `json:"kind"`
	Was        PersonData      `json:"was"`
	Now        PersonData      `json:"now"`
	From       domain.Date     `json:"effective_from"` // of a correction the day on which the person was recorded
	Basis      domain.Basis    `json:"basis"`
	Accepted   []domain.Code   `json:"accepted,omitempty"` // contradictions that the official has seen (R25)
	RecordedAt time.Time       `json:"recorded_at"`
	Likeness   Likeness        `json:"likeness,omitzero"`   // of what is recorded now
	NameKeys   []NameKey       `json:"name_keys,omitempty"` // by which the person is found since then too
}

func (PersonDataChanged) EventType() string          { return "PersonDataChanged" }
func (e PersonDataChanged) EffectiveAt() time.Time   { return e.From.Start() }
func (e PersonDataChanged) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e PersonDataChanged) LogValue() slog.Value     { return domain.Masked(e) }

// Data is who the person is now, as recorded.
func (p *Person) Data() PersonData {
	return PersonData{p.Name, domain.PersonalDate{Date: p.BirthDate}, p.BirthKnown, p.Class}
}

func (p *Person) setData(d PersonData) {
	p.Name, p.BirthDate, p.BirthKnown, p.Class = d.Name, d.BirthDate.Date, d.BirthKnown, d.Class
}

// ChangePersonData is the command that records another name, birth date or class. What
// is zero stays as it is; BirthKnown goes with BirthDate.
type ChangePersonData struct {
	Kind       DataChange
	From       domain.Date // of a change
	Name       domain.Personal
	BirthDate  domain.Date
	BirthKnown BirthKnown
	Class      Class
	Basis      domain.Basis
	Accept     []domain.Code
	Household  Household // whose birth dates a correction is compared with

	Likeness func(PersonData) Likeness  // nil: none is recorded
	NameKeys func(PersonData) []NameKey // nil: none are recorded
}

// ChangeData decides [ChangePersonData].
//
// A correction holds from the day on which the person was recorded. A change holds from
// its own day, which is not before that of an earlier change. A birth date never changes:
// it can only be corrected.
func (p *Person) ChangeData(cmd domain.Command, c ChangePersonData) ([]domain.Event, error) {
	if !p.Known() {
		return nil, unknownPerson()
	}
	from, err := p.dataFrom(cmd.Today(), c)
	if err != nil {
		return nil, err
	}
	now, err := p.dataAfter(cmd.Today(), c)
	if err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	accepted, err := answered(contradictions(p.IIN, now), c.Accept)
	if err != nil {
		return nil, err
	}
	changed := PersonDataChanged{
		PersonID: p.ID, Kind: c.Kind, Was: p.Data(), Now: now, From: from, Basis: c.Basis, Accepted: accepted,
		RecordedAt: cmd.Now, NameKeys: p.keysAfter(now, c.NameKeys),
	}
	if c.Likeness != nil {
		changed.Likeness = c.Likeness(now)
	}
	return []domain.Event{changed}, nil
}

// dataFrom is the day from which the new record holds.
func (p *Person) dataFrom(today domain.Date, c ChangePersonData) (domain.Date, error) {
	switch {
	case c.Kind == DataCorrected && !c.From.IsZero():
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a correction holds since the person was recorded: leave effective_from out").At("effective_from")
	case c.Kind == DataCorrected:
		return p.recordedOn, nil
	case c.Kind != DataChanged:
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the record of a person is altered by one of %v", DataChanges).At("kind")
	case c.From.IsZero():
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day from which the change holds").At("effective_from")
	case today.Before(c.From):
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a change is recorded when it holds: effective_from is at the latest today, %s", today).At("effective_from")
	case c.From.Before(p.BirthDate):
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"the change would hold before the person was born").At("effective_from")
	case c.From.Before(p.changedFrom):
		return domain.Date{}, domain.Refuse(domain.Conflict, domain.CodeEffectiveTooEarly,
			"a later change is recorded already, from %s: give that day or a later one", p.changedFrom).At("effective_from")
	}
	return c.From, nil
}

// dataAfter is who the person would be.
func (p *Person) dataAfter(today domain.Date, c ChangePersonData) (PersonData, error) {
	now := p.Data()
	if c.Name != "" {
		name, err := domain.Name(c.Name, "name")
		if err != nil {
			return now, err
		}
		now.Name = name
	}
	if !c.BirthDate.IsZero() || c.BirthKnown != "" {
		if c.Kind == DataChanged {
			return now, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"a birth date does not change: correct it with the kind %s", DataCorrected).At("birth_date")
		}
		if err := checkBirth(today, c.BirthDate, c.BirthKnown); err != nil {
			return now, err
		}
		if err := p.bornBefore(c.BirthDate); err != nil {
			return now, err
		}
		if err := c.Household.bornInOrder(p, c.BirthDate); err != nil {
			return now, err
		}
		now.BirthDate, now.BirthKnown = domain.PersonalDate{Date: c.BirthDate}, c.BirthKnown
	}
	if c.Class != "" {
		if err := checkClass(c.Class, p.IIN); err != nil {
			return now, err
		}
		now.Class = c.Class
	}
	if now == p.Data() {
		return now, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the record says this already: give a name, a birth date or a class that differs")
	}
	return now, nil
}

// bornBefore refuses a birth date after the beginning of a registration.
func (p *Person) bornBefore(birth domain.Date) error {
	for _, r := range p.Registrations {
		if !r.Void && r.From.Before(birth) {
			return domain.Refuse(domain.Conflict, domain.CodeBeforeBirth,
				"a registration of the person begins on %s, before that day: correct the registration first",
				r.From).At("birth_date")
		}
	}
	return nil
}

// bornInOrder refuses a birth date of p by which a parent who is recorded would not be born before
// the child (Q24).
func (h Household) bornInOrder(p *Person, birth domain.Date) error {
	order := func(child *Person, parent domain.PersonID, parentBorn, childBorn domain.Date) error {
		if !child.parentIs(parent) || parentBorn.Before(childBorn) {
			return nil
		}
		return domain.Refuse(domain.Conflict, domain.CodeKinshipImpossible,
			"by this day a parent would not be born before the child %s: compare the documents of both, and end the "+
				"representation first if they are no parent and child", child.ID).At("birth_date")
	}
	for _, r := range h.Representatives {
		if err := order(p, r.ID, r.BirthDate, birth); err != nil {
			return err
		}
	}
	for _, w := range h.Wards {
		if err := order(w.Minor, p.ID, birth, w.Minor.BirthDate); err != nil {
			return err
		}
	}
	return nil
}

// checkBirth refuses a birth date that cannot be, or that says more than is known.
func checkBirth(today, birth domain.Date, known BirthKnown) error {
	switch {
	case birth.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the birth date: the age decides which papers are asked for").At("birth_date")
	case today.Before(birth):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the birth date lies in the future").At("birth_date")
	case known != BirthDay && !slices.Contains(BirthsKnown, known):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"of a birth date that is not known whole, one of %v is known", BirthsKnown).At("birth_known")
	}
	_, month, day := birth.Start().Date()
	if known != BirthDay && day != 1 || known == BirthYear && month != time.January {
		return domain.Refuse(domain.Invalid, domain.CodeBirthPartUnknown,
			"write 01 for each part of the birth date that is not known, for example 1958-01-01").At("birth_date")
	}
	return nil
}

func checkClass(class Class, iin domain.IIN) error {
	if !slices.Contains(Classes, class) {
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a person is of one of the classes %v", Classes).At("class")
	}
	if class == Citizen && iin == "" {
		return domain.Refuse(domain.Invalid, domain.CodeIINRequired,
			"a citizen has an IIN; only persons of other classes may be recorded without one").At("iin")
	}
	return nil
}

// AcceptableContradictions are the codes of the contradictions that an official can
// accept.
var AcceptableContradictions = []domain.Code{domain.CodeIINBirthDate, domain.CodeIINClass}

// contradictions says in what the IIN contradicts the person (R25). Its first six digits
// are the birth date, and the seventh the century (1 and 2: 19th, 3 and 4: 20th, 5 and 6:
// 21st), or 0 for a foreigner (practice). A number whose six digits are no day says
// nothing, and of a birth date only what is known is compared.
func contradictions(iin domain.IIN, d PersonData) []domain.Code {
	if iin == "" {
		return nil
	}
	born := d.BirthDate.Start()
	said, ok := birthIn(string(iin), born)
	if !ok {
		return nil
	}
	var found []domain.Code
	if said.Year() != born.Year() || d.BirthKnown != BirthYear && said.Month() != born.Month() ||
		d.BirthKnown == BirthDay && said.Day() != born.Day() {
		found = append(found, domain.CodeIINBirthDate)
	}
	if iin[6] == '0' && d.Class == Citizen {
		found = append(found, domain.CodeIINClass)
	}
	return found
}

// birthIn is the day that the digits say, in the century of born where they say none;
// false where they are no day.
func birthIn(iin string, born time.Time) (time.Time, bool) {
	century := born.Year() / 100
	if c := int(iin[6] - '0'); c > 0 {
		century = 18 + (c-1)/2
	}
	said, err := domain.ParseDate(fmt.Sprintf("%d%s-%s-%s", century, iin[:2], iin[2:4], iin[4:6]))
	return said.Start(), err == nil
}

var contradictionTexts = map[domain.Code]string{
	domain.CodeIINBirthDate: "the first seven digits of the IIN say another birth date: compare both with the document",
	domain.CodeIINClass:     "the seventh digit of the IIN is that of a foreigner, and the class is citizen",
	domain.CodeParentAge: fmt.Sprintf("the parent was younger than %d or older than %d at the birth of the child",
		ParentAtLeast, ParentAtMost),
	domain.CodeParentMinor:      "the parent is a minor too, and acts for nobody until they are of age",
	domain.CodeNamesDiffer:      "the records have different names: compare both with the document",
	domain.CodeBirthDatesDiffer: "the records have different birth dates: compare both with the document",
}

// answered returns the contradictions, within a record or of two records, or refuses and names
// each that is not accepted.
func answered(found, accept []domain.Code) ([]domain.Code, error) {
	var warnings []*domain.Error
	for _, code := range found {
		warnings = append(warnings, domain.Refuse(domain.Conflict, code, "%s", contradictionTexts[code]))
	}
	return found, domain.CheckAnswered(domain.CodeWarningsOpen, warnings, accept,
		"what is recorded contradicts itself: mend it, or accept by its code what is so in the document")
}
