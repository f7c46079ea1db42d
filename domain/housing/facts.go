package housing

import (
	"log/slog"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Facts are what the registry's own records say of the holder of an application or entry and of
// the family: they are put beside what is stated (Q28, Q29). The zero Facts say nothing.
type Facts struct {
	Persons []PersonFacts // the holder first, then the family in its order
	Former  PersonFacts   // of a transfer: the holder until now; else zero
	// of a provision: the dwelling as recorded; zero where it is not described
	Area  float64 // useful area in square metres
	Rooms int
}

// PersonFacts are what is recorded of one person.
type PersonFacts struct {
	PersonID domain.PersonID
	Born     domain.Date       // zero where it is not known
	DiedOn   domain.Date       // zero where no death is recorded
	LeftOn   domain.Date       // of a departure abroad, after which they are registered nowhere; else zero
	Home     domain.DwellingID // permanent; of who died or left, the last one; zero where none is recorded
	Titles   []Title
	Leases   []domain.DwellingID // service dwellings whose lease in force names the person
	Counted  []domain.ListEntry  // active entries that are theirs or count them, without the one in question
	// More says that more dwellings and entries name the person than are compared.
	More bool
}

// Title is a share in a dwelling that the person has, or has given away.
type Title struct {
	DwellingID domain.DwellingID
	Share      rules.Fraction // zero where it is not recorded
	Until      domain.Date    // the first day on which they had it no more; zero where they have it
}

// Contradiction is something that the registry's own records say against an act, or beside what
// it rests on.
type Contradiction struct {
	Code       domain.Code       `json:"code"`
	PersonID   domain.PersonID   `json:"person_id,omitzero"`
	DwellingID domain.DwellingID `json:"dwelling_id,omitzero"`
	ListID     domain.ListID     `json:"list_id,omitzero"`  // with EntryID: that names the person too
	EntryID    domain.EntryID    `json:"entry_id,omitzero"` // of that list
	Stated     string            `json:"stated,omitempty"`  // such as an area or a share
	Recorded   string            `json:"recorded,omitempty"`
}

// Contradictions are the codes of all contradictions that can be answered.
var Contradictions = []domain.Code{
	domain.CodeTitleUnstated, domain.CodeSharesTogether, domain.CodeAlienationUnstated, domain.CodeServiceLeaseHeld,
	domain.CodeCountedElsewhere, domain.CodeChildOfAge, domain.CodeSpouseMinor, domain.CodeLeftCountry, domain.CodeRegisteredElsewhere,
	domain.CodeAreaDiffers, domain.CodeRoomsDiffer, domain.CodeCauseNotRecorded, domain.CodeNotAllCompared,
	domain.CodePersonDead, domain.CodeServiceNotStated, domain.CodeServiceElsewhere,
	domain.CodeServiceEnded,
}

// contradicting says each contradiction in words.
var contradicting = map[domain.Code]string{
	domain.CodeTitleUnstated:       "the person owns a share that counts in a dwelling, and no finding says so",
	domain.CodeSharesTogether:      "the shares of the family in one dwelling are together half of it or more",
	domain.CodeAlienationUnstated:  "the person gave away a share that counts in a dwelling, and no finding says so",
	domain.CodeServiceLeaseHeld:    "a service dwelling is let to the person already",
	domain.CodeCountedElsewhere:    "another active entry is the person's, or counts the person",
	domain.CodeChildOfAge:          "the child is of age, and is not named as a child with a disability",
	domain.CodeSpouseMinor:         "one of the spouses is a minor: nobody is married before full age, unless the age was lowered",
	domain.CodeLeftCountry:         "the person has left the country, and has not been registered since",
	domain.CodeRegisteredElsewhere: "the member of the family is registered at another dwelling than the holder",
	domain.CodeAreaDiffers:         "the useful area is another one than the one recorded, which counts",
	domain.CodeRoomsDiffer:         "the number of rooms is another one than the one recorded, which counts",
	domain.CodeCauseNotRecorded:    "the death of the holder is not recorded, or with another day",
	domain.CodeNotAllCompared:      "more dwellings and entries name the person than the registry compares",
	domain.CodePersonDead:          "the death of this member of the family is recorded: they are not counted",
	domain.CodeServiceNotStated:    "the applicant states no service in the body whose list it is",
	domain.CodeServiceElsewhere:    "the applicant states a service in another body than the one whose list it is",
	domain.CodeServiceEnded:        "the end of the holder's service in the body whose list it is is recorded",
}

// warning is the contradiction as a part of a refusal.
func (c Contradiction) warning() *domain.Error {
	var about strings.Builder
	add := func(text, value string) {
		if value != "" {
			about.WriteString("; " + text + " " + value)
		}
	}
	if !c.PersonID.IsZero() {
		add("person", c.PersonID.String())
	}
	if !c.DwellingID.IsZero() {
		add("dwelling", c.DwellingID.String())
	}
	if !c.EntryID.IsZero() {
		add("entry", c.EntryID.String())
	}
	add("stated:", c.Stated)
	add("recorded:", c.Recorded)
	return domain.Refuse(domain.Conflict, c.Code, "%s%s", contradicting[c.Code], about.String())
}

// Accept is the answer to contradictions before the act: which of them are accepted, by their
// codes, and why the act is right all the same.
type Accept struct {
	Codes   []domain.Code
	Reasons domain.Personal
}

// Answer is what an act keeps of the contradictions that were answered. The zero Answer: there
// were none.
type Answer struct {
	Contradictions []Contradiction `json:"contradictions,omitempty"`
	Reasons        domain.Personal `json:"reasons,omitempty"`
}

// Codes are those of the contradictions, each once, in the order of their first.
func (a Answer) Codes() []domain.Code {
	var codes []domain.Code
	for _, c := range a.Contradictions {
		if !slices.Contains(codes, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

func (a Answer) LogValue() slog.Value { return domain.Masked(a) }

func (a Accept) isZero() bool { return len(a.Codes) == 0 && a.Reasons == "" }

// answer refuses while a contradiction is not accepted, or no reasons are given.
func (a Accept) answer(found []Contradiction) (Answer, error) {
	if len(found) == 0 {
		return Answer{}, nil
	}
	var warnings []*domain.Error
	for _, c := range found {
		warnings = append(warnings, c.warning())
	}
	err := domain.CheckAnswered(domain.CodeWarningsOpen, warnings, a.Codes,
		"the registry's own records contradict this: mend what is wrong, or accept the codes and say in accept_reasons why")
	if err != nil {
		return Answer{}, err
	}
	if strings.TrimSpace(string(a.Reasons)) == "" {
		return Answer{}, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say why this is right although the records contradict it").At("accept_reasons")
	}
	return Answer{found, a.Reasons}, nil
}

// alive refuses a family, as a request states it, that counts somebody who has died.
func (f Facts) alive(family []FamilyMember) error {
	for i, m := range family {
		if p := f.of(m.PersonID); !p.DiedOn.IsZero() {
			return domain.Refuse(domain.Conflict, domain.CodePersonDead,
				"the death of this member of the family on %s is recorded: name the family without them; a death that was "+
					"recorded by mistake is annulled first", p.DiedOn).At(domain.Path("family", i, "person_id"))
		}
	}
	return nil
}

// living refuses an act for a holder who has died, or whose family, as it is counted, has lost
// somebody.
func (f Facts) living(holder domain.PersonID, family []FamilyMember) error {
	if p := f.of(holder); !p.DiedOn.IsZero() {
		return domain.Refuse(domain.Conflict, domain.CodePersonDead,
			"the death of the holder on %s is recorded: the entry can pass to the family", p.DiedOn)
	}
	for _, m := range family {
		if p := f.of(m.PersonID); !p.DiedOn.IsZero() {
			return domain.Refuse(domain.Conflict, domain.CodePersonDead,
				"the family counts the person %s, whose death on %s is recorded: have the change of the family reported "+
					"first", m.PersonID, p.DiedOn)
		}
	}
	return nil
}

// withoutDead is the family without those who have died.
func (f Facts) withoutDead(family []FamilyMember) []FamilyMember {
	return slices.DeleteFunc(slices.Clone(family), func(m FamilyMember) bool { return !f.of(m.PersonID).DiedOn.IsZero() })
}

// of returns the facts of a person; the zero facts where nothing is known.
func (f Facts) of(id domain.PersonID) PersonFacts {
	i := slices.IndexFunc(f.Persons, func(p PersonFacts) bool { return p.PersonID == id })
	if i < 0 {
		return PersonFacts{PersonID: id}
	}
	return f.Persons[i]
}

// comparison is what is stated, to be compared with the facts.
type comparison struct {
	holder   domain.PersonID
	family   []FamilyMember
	findings []Finding   // that state titles, alienations and state dwellings
	since    domain.Date // from which the look-back of alienations counts (Q12)
	today    domain.Date
	by       rules.Edition
}

// contradictions returns what the facts say against or beside what is stated, in the order of
// the persons (Q28).
func (f Facts) contradictions(c comparison) []Contradiction {
	var found []Contradiction
	stated := newStatements(c.findings)
	holder := f.of(c.holder)
	relations := append([]FamilyMember{{PersonID: c.holder}}, c.family...)
	for _, m := range relations {
		p := f.of(m.PersonID)
		about := func(code domain.Code) Contradiction { return Contradiction{Code: code, PersonID: p.PersonID} }
		found = append(found, p.titleContradictions(c, m.Relation, stated)...)
		for _, d := range p.Leases {
			if !stated.take(FoundStateDwelling, p.PersonID, Title{DwellingID: d}) {
				found = append(found, Contradiction{Code: domain.CodeServiceLeaseHeld, PersonID: p.PersonID, DwellingID: d})
			}
		}
		for _, e := range p.Counted {
			found = append(found, Contradiction{
				Code: domain.CodeCountedElsewhere, PersonID: p.PersonID, ListID: e.ListID, EntryID: e.EntryID,
			})
		}
		if m.ofAge(p.Born, c.by, c.today) {
			found = append(found, about(domain.CodeChildOfAge))
		}
		if m.marriedYoung(holder.Born, p.Born, c.by, c.today) {
			found = append(found, about(domain.CodeSpouseMinor))
		}
		if !p.DiedOn.IsZero() {
			dead := about(domain.CodePersonDead)
			dead.Recorded = p.DiedOn.String()
			found = append(found, dead)
			continue
		}
		if !p.LeftOn.IsZero() {
			left := about(domain.CodeLeftCountry)
			left.Recorded = p.LeftOn.String()
			found = append(found, left)
		}
		home := holder.Home
		if !f.Former.PersonID.IsZero() {
			home = f.Former.Home
		}
		if !home.IsZero() && !p.Home.IsZero() && p.Home != home {
			apart := about(domain.CodeRegisteredElsewhere)
			apart.DwellingID = p.Home
			found = append(found, apart)
		}
		if p.More {
			found = append(found, about(domain.CodeNotAllCompared))
		}
	}
	found = append(found, f.Former.titleContradictions(c, "", stated)...)
	return append(found, f.togetherHalf(c)...)
}

// ofAge reports whether the member is named as a child and is of age (art. 101-10 names children
// with a disability apart, of any age).
func (m FamilyMember) ofAge(born domain.Date, by rules.Edition, today domain.Date) bool {
	return m.Relation == Child && !born.IsZero() && born.YearsOn(today) >= by.Ages.Capacity
}

// marriedYoung reports whether the member is named as the spouse, and one of both is a minor. Below
// [MarriageAge] nobody is married; from there on to full age only whose age of marriage was lowered
// (code on marriage and family, art. 10).
func (m FamilyMember) marriedYoung(holder, spouse domain.Date, by rules.Edition, today domain.Date) bool {
	minor := func(born domain.Date) bool { return !born.IsZero() && born.YearsOn(today) < by.Ages.Capacity }
	return m.Relation == Spouse && (minor(holder) || minor(spouse))
}

// unlikely are the contradictions of a family that is stated by the holder, who knows how old the
// members are.
func (f Facts) unlikely(holder domain.PersonID, family []FamilyMember, by rules.Edition, today domain.Date) []Contradiction {
	var found []Contradiction
	for _, m := range family {
		born := f.of(m.PersonID).Born
		if m.ofAge(born, by, today) {
			found = append(found, Contradiction{Code: domain.CodeChildOfAge, PersonID: m.PersonID})
		}
		if m.marriedYoung(f.of(holder).Born, born, by, today) {
			found = append(found, Contradiction{Code: domain.CodeSpouseMinor, PersonID: m.PersonID})
		}
	}
	return found
}

// counts reports whether the share counts as a dwelling. One that is not recorded does: it may
// be the whole.
func (t Title) counts(by rules.Edition) bool { return !t.recorded() || by.CountsAsDwelling(t.Share) }

func (t Title) recorded() bool { return t.Share != rules.Fraction{} }

var whole, _ = rules.ParseFraction("1/1")

// titleContradictions are the titles of the person that count and are not stated: those that
// they have (Q11), and of the applicant and the spouse those that they gave away (Q12).
func (p PersonFacts) titleContradictions(c comparison, r Relation, stated statements) []Contradiction {
	var found []Contradiction
	for _, t := range p.Titles {
		kind, code, recorded, counts := FoundDwelling, domain.CodeTitleUnstated, t.Share.String(), t.counts(c.by)
		if !t.Until.IsZero() {
			kind, code, recorded = FoundAlienation, domain.CodeAlienationUnstated, t.Until.String()
			counts = counts && c.by.AlienationCounts(t.Until, c.since, whole) && (r == "" || r == Spouse)
		}
		if taken := stated.take(kind, p.PersonID, t); counts && !taken {
			found = append(found, Contradiction{
				Code: code, PersonID: p.PersonID, DwellingID: t.DwellingID,
				Stated: stated.share(kind, p.PersonID, t.DwellingID), Recorded: recorded,
			})
		}
	}
	return found
}

// togetherHalf are the dwellings in which the shares of the family count together, and none of
// them counts alone.
func (f Facts) togetherHalf(c comparison) []Contradiction {
	var found []Contradiction
	total, alone := map[domain.DwellingID]*big.Rat{}, map[domain.DwellingID]bool{}
	var order []domain.DwellingID
	for _, m := range append([]FamilyMember{{PersonID: c.holder}}, c.family...) {
		for _, t := range f.of(m.PersonID).Titles {
			if !t.Until.IsZero() {
				continue
			}
			if total[t.DwellingID] == nil {
				total[t.DwellingID] = new(big.Rat)
				order = append(order, t.DwellingID)
			}
			total[t.DwellingID].Add(total[t.DwellingID], t.Share.Rat())
			alone[t.DwellingID] = alone[t.DwellingID] || t.counts(c.by)
		}
	}
	for _, d := range order {
		if !alone[d] && total[d].Cmp(c.by.Placement.DwellingShareFrom.Rat()) >= 0 {
			found = append(found, Contradiction{Code: domain.CodeSharesTogether, DwellingID: d, Recorded: total[d].String()})
		}
	}
	return found
}

// statements are findings, each of which states one dwelling at most.
type statements struct {
	findings []Finding
	taken    []bool
}

func newStatements(findings []Finding) statements {
	return statements{findings, make([]bool, len(findings))}
}

// take reports whether a finding of the kind states the title of the person, and takes it: one
// that names the dwelling, or one that names none. The share must be the one recorded.
func (s statements) take(k FindingKind, p domain.PersonID, t Title) bool {
	for _, d := range []domain.DwellingID{t.DwellingID, {}} {
		for i, f := range s.findings {
			if s.taken[i] || f.Kind != k || f.PersonID != p || f.DwellingID != d {
				continue
			}
			if !t.recorded() || f.Share.Rat().Cmp(t.Share.Rat()) == 0 {
				s.taken[i] = true
				return true
			}
		}
	}
	return false
}

// share is the share that a finding states of the dwelling; empty where none names it.
func (s statements) share(k FindingKind, p domain.PersonID, d domain.DwellingID) string {
	for _, f := range s.findings {
		if f.Kind == k && f.PersonID == p && f.DwellingID == d {
			return f.Share.String()
		}
	}
	return ""
}

// ofDwelling returns the dwelling of a provision as it is recorded, which counts, and in what
// the stated one differs. A stated area is a whole number; the recorded one may have a fraction.
func (f Facts) ofDwelling(stated ServiceDwelling) (ServiceDwelling, []Contradiction) {
	var found []Contradiction
	is := stated
	if f.Area > 0 {
		is.Area = int(f.Area)
		if stated.Area != 0 && math.Abs(float64(stated.Area)-f.Area) >= 1 {
			found = append(found, Contradiction{
				Code: domain.CodeAreaDiffers, DwellingID: stated.ID, Stated: strconv.Itoa(stated.Area),
				Recorded: strconv.FormatFloat(f.Area, 'f', -1, 64),
			})
		}
	}
	if f.Rooms > 0 {
		is.Rooms = f.Rooms
		if stated.Rooms != 0 && stated.Rooms != f.Rooms {
			found = append(found, Contradiction{
				Code: domain.CodeRoomsDiffer, DwellingID: stated.ID, Stated: strconv.Itoa(stated.Rooms),
				Recorded: strconv.Itoa(f.Rooms),
			})
		}
	}
	return is, found
}

// ofCause is what is recorded of the former holder against the cause of a transfer. A departure to
// another settlement is recorded nowhere.
func (f Facts) ofCause(cause TransferCause, on domain.Date) []Contradiction {
	recorded := f.Former.DiedOn
	if f.Former.PersonID.IsZero() || recorded == on || cause != HolderDied && recorded.IsZero() {
		return nil
	}
	c := Contradiction{Code: domain.CodeCauseNotRecorded, PersonID: f.Former.PersonID, Stated: on.String()}
	if !recorded.IsZero() {
		c.Recorded = recorded.String()
	}
	return []Contradiction{c}
}

// Compare returns what the facts say beside the last examination of an application, as a decision
// to place would find it today.
func (a *Application) Compare(f Facts, l *List, today domain.Date, by rules.Book) []Contradiction {
	var findings []Finding
	if a.Examined != nil {
		findings = a.Examined.Findings
	}
	return a.contradicted(f, findings, l, today, by)
}

// contradicted is all that a decision to place on the list has to answer.
func (a *Application) contradicted(
	f Facts, findings []Finding, l *List, today domain.Date, by rules.Book,
) []Contradiction {
	found := f.contradictions(comparison{
		holder: a.ApplicantID, family: a.Received.Family, findings: findings,
		since: domain.DateOf(a.Completed.At), today: today, by: by.On(today),
	})
	return append(found, a.Received.Service.contradictions(a.ApplicantID, l.Opened.Body)...)
}

// Compare returns what the facts say against the need of an entry, as a provision would find it
// today.
func (e Entry) Compare(f Facts, today domain.Date, by rules.Book) []Contradiction {
	found := f.contradictions(comparison{
		holder: e.PersonID, family: e.Family, since: domain.DateOf(e.FiledAt), today: today, by: by.On(today),
	})
	if ended := e.service.on; !ended.IsZero() { // a review has kept the entry, and who provides answers for it again
		found = append(found, Contradiction{Code: domain.CodeServiceEnded, PersonID: e.PersonID, Recorded: ended.String()})
	}
	return found
}

// Text says the contradiction in words, without naming anybody.
func (c Contradiction) Text() string { return contradicting[c.Code] }
