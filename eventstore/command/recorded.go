package command

import (
	"bytes"
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// comparedAtMost bounds the dwellings, and the entries, that are looked at for one person.
const comparedAtMost = 100

// Recorded returns what the registry's own records say of the holder of an application or entry
// and of the family (Q28). The read model, which has caught up, tells which dwellings and entries
// have ever named them; each stream tells what it says now. own is the entry in question, which does
// not count. A stream with an event that cannot be used is taken as it was before that event.
func (h *Handler) Recorded(
	ctx context.Context, today domain.Date, own domain.EntryID, holder domain.PersonID, family []housing.FamilyMember,
) (housing.Facts, error) {
	var facts housing.Facts
	for _, m := range append([]housing.FamilyMember{{PersonID: holder}}, family...) {
		p, err := h.recordedOf(ctx, today, own, m.PersonID)
		if err != nil {
			return housing.Facts{}, err
		}
		facts.Persons = append(facts.Persons, p)
	}
	return facts, nil
}

// recordedOf returns what is recorded of one person, also under ids that were merged into it.
func (h *Handler) recordedOf(
	ctx context.Context, today domain.Date, own domain.EntryID, id domain.PersonID,
) (housing.PersonFacts, error) {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return housing.PersonFacts{}, err
	}
	facts := livesOf(p, id, today)
	if h.records == nil {
		return facts, nil
	}
	for _, self := range append([]domain.PersonID{id}, p.Absorbed()...) {
		naming, err := h.records.Naming(ctx, self)
		if err != nil {
			return facts, err
		}
		slices.SortFunc(naming.Dwellings, func(a, b domain.DwellingID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
		slices.SortFunc(naming.Entries, func(a, b domain.ListEntry) int {
			return bytes.Compare(a.EntryID.UUID[:], b.EntryID.UUID[:])
		})
		facts.More = facts.More || len(naming.Dwellings) > comparedAtMost || len(naming.Entries) > comparedAtMost
		for _, d := range naming.Dwellings[:min(len(naming.Dwellings), comparedAtMost)] {
			if err := h.recordedAt(ctx, &facts, self, d); err != nil {
				return facts, err
			}
		}
		for _, e := range naming.Entries[:min(len(naming.Entries), comparedAtMost)] {
			counts, err := h.countedIn(ctx, e, self)
			if err != nil {
				return facts, err
			}
			if counts && e.EntryID != own {
				facts.Counted = append(facts.Counted, e)
			}
		}
	}
	return facts, nil
}

// livesOf returns what the person's own stream says.
func livesOf(p *residence.Person, id domain.PersonID, today domain.Date) housing.PersonFacts {
	facts := housing.PersonFacts{PersonID: id, Born: p.BirthDate, LeftOn: p.LeftOn(today), Home: p.Home(today)}
	if death, dead := p.Dead(); dead {
		facts.DiedOn = death.On
	}
	return facts
}

// recordedAt adds what the dwelling says of the person.
func (h *Handler) recordedAt(
	ctx context.Context, facts *housing.PersonFacts, id domain.PersonID, dwelling domain.DwellingID,
) error {
	v, err := streamOf[residence.Dwelling](h, dwelling.Stream()).readSound(ctx)
	if err != nil {
		return err
	}
	for _, t := range v.state.TitlesOf(id) {
		title := housing.Title{DwellingID: dwelling, Until: t.Until}
		if share, err := rules.ParseFraction(string(t.Share)); err == nil { // else it is not recorded
			title.Share = share
		}
		facts.Titles = append(facts.Titles, title)
	}
	if v.state.LetTo(id) {
		facts.Leases = append(facts.Leases, dwelling)
	}
	return nil
}

// countedIn reports whether the entry is active and is the person's, or counts the person.
func (h *Handler) countedIn(ctx context.Context, e domain.ListEntry, id domain.PersonID) (bool, error) {
	q, err := streamOf[housing.List](h, e.ListID.Stream()).readSound(ctx)
	if err != nil {
		return false, err
	}
	entry, ok := q.state.Entry(e.EntryID)
	return ok && entry.Active && (entry.PersonID == id ||
		slices.ContainsFunc(entry.Family, func(m housing.FamilyMember) bool { return m.PersonID == id })), nil
}

// lives returns when the holder of an application or entry and the family were born and died.
func (h *Handler) lives(
	ctx context.Context, today domain.Date, holder domain.PersonID, family []housing.FamilyMember,
) (housing.Facts, error) {
	var facts housing.Facts
	for _, m := range append([]housing.FamilyMember{{PersonID: holder}}, family...) {
		p, err := look[residence.Person](ctx, h, m.PersonID.Stream())
		if err != nil {
			return facts, err
		}
		facts.Persons = append(facts.Persons, livesOf(p, m.PersonID, today))
	}
	return facts, nil
}

// Comparison puts what the registry's own records say beside what is stated (Q28).
type Comparison struct {
	CaseID         domain.CaseID
	Holder         domain.PersonID
	Family         []housing.FamilyMember
	Findings       []housing.Finding     // of the last examination; none of an entry
	Service        housing.ServiceStated // by the applicant; none of an entry
	Facts          housing.Facts         // of whom the registry compares
	Contradictions []housing.Contradiction

	Revision uint64          // of the stream of the case or list
	Position domain.Position // of the complete application, or of the last event of the list
}

// CompareCase compares an application for housing as it stands.
func (h *Handler) CompareCase(ctx context.Context, id domain.CaseID) (Comparison, error) {
	v, err := streamOf[housing.Application](h, id.Stream()).read(ctx)
	if err != nil {
		return Comparison{}, err
	}
	a := &v.state
	if !a.Known() {
		return Comparison{}, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown,
			"no application for service housing has this id")
	}
	today := domain.DateOf(h.now())
	c := Comparison{
		CaseID: id, Holder: a.ApplicantID, Family: a.Received.Family, Revision: uint64(v.revision),
		Position: a.Completed.Position, Service: a.Received.Service,
	}
	if a.Examined != nil {
		c.Findings = a.Examined.Findings
	}
	q, err := h.List(ctx, a.Received.ListID)
	if err != nil {
		return c, err
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return c, err
	}
	c.Facts, err = h.Recorded(ctx, today, housing.EntryOf(id), c.Holder, c.Family)
	c.Contradictions = a.Compare(c.Facts, q, today, h.rules)
	return c, err
}

// CompareEntry compares an entry as it stands.
func (h *Handler) CompareEntry(ctx context.Context, list domain.ListID, id domain.EntryID) (Comparison, error) {
	v, err := streamOf[housing.List](h, list.Stream()).read(ctx)
	if err != nil {
		return Comparison{}, err
	}
	if !v.state.Known() {
		return Comparison{}, housing.UnknownList()
	}
	e, ok := v.state.Entry(id)
	if !ok {
		return Comparison{}, domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
	}
	today := domain.DateOf(h.now())
	c := Comparison{CaseID: e.CaseID, Holder: e.PersonID, Family: e.Family, Revision: uint64(v.revision)}
	if n := v.state.Steps(); n > 0 {
		c.Position = v.state.Step(n - 1).Position
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return c, err
	}
	c.Facts, err = h.Recorded(ctx, today, id, c.Holder, c.Family)
	c.Contradictions = e.Compare(c.Facts, today, h.rules)
	return c, err
}
