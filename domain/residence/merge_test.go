package residence_test

import (
	"errors"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// twin is a second record of the human who is Aigul: the refugee Erlan, without an IIN.
func twin(name domain.Personal, birth string, known residence.BirthKnown) history {
	return history{residence.PersonRecorded{
		PersonID: erlan, Name: name, BirthDate: domain.PersonalDate{Date: day(birth)}, BirthKnown: known,
		Class: residence.Refugee, RecordedAt: domaintest.Noon(),
	}}
}

func (h history) merged(into domain.PersonID) history {
	return append(h[:len(h):len(h)], residence.RecordsMerged{
		PersonID: h.person(), SurvivorID: into, MergeID: domaintest.Command().ID, Basis: certificate(),
		MergedAt: domaintest.Noon(),
	})
}

func (h history) undone(merge uint64, code domain.Code) history {
	e := residence.MergeUndone{
		PersonID: h.person(), SurvivorID: aigul, Merge: domain.EventRef{Stream: h.person().Stream(), Revision: merge}, Code: code,
		UndoneAt: domaintest.Noon(),
	}
	if code == "" {
		e.Reasons, e.Basis = "a namesake", certificate()
	}
	return append(h[:len(h):len(h)], e)
}

// mergeInto merges the record into that of the survivor.
func mergeInto(survivor history, c residence.MergeRecords) func(*residence.Person) ([]domain.Event, error) {
	return func(p *residence.Person) ([]domain.Event, error) {
		c.ID, c.Survivor = domaintest.Command().ID, survivor.fold()
		if c.SurvivorID.IsZero() {
			c.SurvivorID = survivor.person()
		}
		if c.Basis.IsZero() {
			c.Basis = certificate()
		}
		return p.MergeInto(domaintest.Command(), c)
	}
}

func TestR33_ARecordIsMergedIntoAnotherOneOfTheSameHuman(t *testing.T) {
	same := twin("АЙГҮЛ", "1990-01-01", "")
	merge := residence.MergeRecords{}
	accepted := func(codes ...domain.Code) history {
		h := same.merged(aigul)
		e := h[1].(residence.RecordsMerged)
		e.Accepted = codes
		return history{h[0], e}
	}
	other := recorded(erlan, residence.Citizen, "1990-01-01")
	other[0] = residence.PersonRecorded{
		PersonID: erlan, IIN: "880506300019", Name: "Айгүл", BirthDate: domain.PersonalDate{Date: day("1990-01-01")},
		Class: residence.Citizen, RecordedAt: domaintest.Noon(),
	}
	replaced := other.merged(aigul)
	e := replaced[1].(residence.RecordsMerged)
	e.Replaced = residence.ReplacedOfAbsorbed
	replaced[1] = e
	refused := func(name string, p, s history, c residence.MergeRecords, code domain.Code, field string) domaintest.Spec[residence.Person] {
		return domaintest.Spec[residence.Person]{Name: "R33 " + name, Given: p, When: mergeInto(s, c), Refused: code, Field: field}
	}
	absorbs := resident()
	absorbs = append(absorbs, residence.RecordAbsorbed{PersonID: aigul, AbsorbedID: daur})
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R33 with one name and birth date", Given: same, When: mergeInto(resident(), merge), Then: same.merged(aigul)[1:]},
		{
			Name:  "R33 with differences that the document explains",
			Given: twin("Айгуль", "1991-01-01", ""),
			When: mergeInto(resident(), residence.MergeRecords{
				Accept: []domain.Code{domain.CodeNamesDiffer, domain.CodeBirthDatesDiffer},
			}),
			Then: accepted(domain.CodeNamesDiffer, domain.CodeBirthDatesDiffer)[1:],
		},
		{
			Name:  "R33 R26 what is not known of a birth date differs from nothing",
			Given: twin("Айгүл", "1990-01-01", residence.BirthYear),
			When:  mergeInto(recorded(aigul, residence.Citizen, "1990-05-17"), merge),
			Then:  same.merged(aigul)[1:],
		},
		{
			Name:  "R33 R28 with an IIN that the other one replaced",
			Given: other,
			When:  mergeInto(resident(), residence.MergeRecords{Replaced: residence.ReplacedOfAbsorbed}),
			Then:  replaced[1:],
		},
		{
			Name:  "R33 again after it was undone",
			Given: same.merged(aigul).undone(1, ""),
			When:  mergeInto(resident(), merge),
			Then:  same.merged(aigul)[1:],
		},
		{
			Name:  "R33 with a past registration beside the other's",
			Given: same.permanent(first, flat, "2019-01-01").ended(first, flat, residence.Permanent, residence.CourtDecision, "2020-01-01"),
			When:  mergeInto(resident().permanent(again, house, "2020-01-01"), merge),
			Then:  same.merged(aigul)[1:],
		},
		refused("not with two names", twin("Ерлан", "1990-01-01", ""), resident(), merge, domain.CodeWarningsOpen, "accept"),
		refused("not with two birth dates", twin("Айгүл", "1990-01-02", ""), resident(), merge, domain.CodeWarningsOpen, "accept"),
		refused("not with two months of birth", twin("Айгүл", "1990-02-01", residence.BirthMonth), resident(), merge, domain.CodeWarningsOpen, "accept"),
		refused("not with two IINs", other, resident(), merge, domain.CodeIINsDiffer, "replaced_iin"),
		refused("not with an IIN that replaced none", same, resident(), residence.MergeRecords{Replaced: residence.ReplacedOfSurvivor}, domain.CodeMemberNotAllowed, "replaced_iin"),
		refused("not with an unknown way to replace", other, resident(), residence.MergeRecords{Replaced: "x"}, domain.CodeValueUnknown, "replaced_iin"),
		refused("not into itself", same, same, merge, domain.CodeSameRecord, "survivor_id"),
		refused("not into nobody", same, nil, residence.MergeRecords{SurvivorID: daur}, domain.CodePersonUnknown, "survivor_id"),
		refused("nobody", nil, resident(), merge, domain.CodePersonUnknown, ""),
		refused("not twice", same.merged(aigul), resident(), merge, domain.CodeRecordMerged, ""),
		refused("not into one that was merged", same, resident().merged(daur), merge, domain.CodeRecordMerged, "survivor_id"),
		refused("not a survivor", absorbs, same, merge, domain.CodeMergeBarred, ""),
		refused("R27 not the living with the dead", same, resident().dead("2026-03-01"), merge, domain.CodeDeathsDiffer, "survivor_id"),
		refused("R27 not with two days of death", same.dead("2026-03-02"), resident().dead("2026-03-01"), merge, domain.CodeDeathsDiffer, "survivor_id"),
		refused("R27 not while a death is followed up", same.dead("2026-03-01"), resident().dead("2026-03-01"), merge, domain.CodeMergeBarred, ""),
		refused("R11 not with two residences at once", same.permanent(first, flat, "2019-01-01").
			ended(first, flat, residence.Permanent, residence.CourtDecision, "2020-01-02"),
			resident().permanent(again, house, "2020-01-01"), merge, domain.CodePeriodOverlaps, "survivor_id"),
		refused("not with a registration that holds", same.permanent(first, flat, "2019-01-01"), resident(), merge, domain.CodeMergeBarred, ""),
		refused("C22 not while a hold stands", append(same, residence.HoldPlaced{PersonID: erlan}), resident(), merge, domain.CodeMergeBarred, ""),
		refused("not with a representative", append(same, residence.RepresentativeRecorded{PersonID: erlan, RepresentativeID: daur}), resident(), merge, domain.CodeMergeBarred, ""),
		{
			Name:  "R33 not without the document",
			Given: same,
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.MergeInto(domaintest.Command(), residence.MergeRecords{SurvivorID: aigul, Survivor: resident().fold()})
			},
			Refused: domain.CodeBasisRequired,
			Field:   "basis",
		},
	})
}

// TestR33_WhatIsInForceDoesNotGoOver: the refusal lists all that must be moved first.
func TestR33_WhatIsInForceDoesNotGoOver(t *testing.T) {
	entry := domain.ListEntry{}
	ties := map[string]residence.Ties{
		"an entry":     {Entries: []domain.ListEntry{entry}},
		"a family":     {Counted: []domain.ListEntry{entry}},
		"an open case": {Cases: []domain.CaseID{{}}},
		"a lease":      {Leases: []domain.DwellingID{flat}},
		"ownership":    {Dwellings: []domain.DwellingID{flat}},
		"a child":      {Wards: []domain.PersonID{daur}},
	}
	p := twin("Айгүл", "1990-01-01", "").fold()
	for name, tied := range ties {
		got, err := mergeInto(resident(), residence.MergeRecords{Ties: tied})(p)
		if domain.CodeOf(err) != domain.CodeMergeBarred {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	_, err := mergeInto(resident(), residence.MergeRecords{Ties: residence.Ties{
		Cases: []domain.CaseID{{}, {}}, Leases: []domain.DwellingID{flat},
	}})(p)
	var refusal *domain.Error
	if !errors.As(err, &refusal) || len(refusal.Also) != 2 {
		t.Errorf("%v does not list two more things", err)
	}
}

// absorb has the survivor take in the record, in which the merge is the event of the revision.
func absorb(record history, merge uint64, ties residence.Ties) func(*residence.Person) ([]domain.Event, error) {
	return func(p *residence.Person) ([]domain.Event, error) {
		return p.Absorb(domaintest.Command(), residence.Absorb{
			Merge: record[merge].(residence.RecordsMerged), Absorbed: record.fold(), Ties: ties,
			Event: domain.EventRef{Stream: record.person().Stream(), Revision: merge},
		})
	}
}

func TestR33_TheSurvivorStandsForTheRecordOrTheMergeIsUndone(t *testing.T) {
	merge := domain.EventRef{Stream: erlan.Stream(), Revision: 1}
	same := twin("Айгүл", "1990-01-01", "").merged(aigul)
	absorbed := residence.RecordAbsorbed{PersonID: aigul, AbsorbedID: erlan, Merge: merge, AbsorbedAt: domaintest.Noon()}
	with := func(was, now domain.IIN) []domain.Event {
		e := absorbed
		e.Was, e.IIN = was, now
		return []domain.Event{e}
	}
	iin := func(h history, iin domain.IIN) history {
		e := h[0].(residence.PersonRecorded)
		e.IIN = iin
		h[0] = e
		return h
	}
	replaces := iin(twin("Айгүл", "1990-01-01", ""), "880506300019").merged(aigul)
	e := replaces[1].(residence.RecordsMerged)
	e.Replaced = residence.ReplacedOfSurvivor
	replaces[1] = e
	past := twin("Айгүл", "1990-01-01", "").permanent(first, flat, "2019-01-01").
		ended(first, flat, residence.Permanent, residence.CourtDecision, "2020-01-02").merged(aigul)
	refused := func(name string, s history, record history, at uint64, ties residence.Ties, code domain.Code, field string) domaintest.Spec[residence.Person] {
		return domaintest.Spec[residence.Person]{Name: "R33 " + name, Given: s, When: absorb(record, at, ties), Refused: code, Field: field}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R33 one without an IIN", Given: resident(), When: absorb(same, 1, residence.Ties{}), Then: with("", "")},
		{
			Name: "R33 one with an IIN, which the survivor lacks", Given: iin(recorded(aigul, residence.Refugee, "1990-01-01"), ""),
			When: absorb(iin(same[:1:1], newIIN).merged(aigul), 1, residence.Ties{}), Then: with("", newIIN),
		},
		{
			Name: "R33 R28 one with the IIN that replaced the survivor's", Given: resident(),
			When: absorb(replaces, 1, residence.Ties{}), Then: with(newIIN, "880506300019"),
		},
		refused("R33 once", append(resident(), absorbed), same, 1, residence.Ties{}, domain.CodeNotDue, ""),
		refused("R34 not one that was undone", resident(), same.undone(1, ""), 1, residence.Ties{}, domain.CodeNotDue, ""),
		refused("R11 not where the survivor was registered meanwhile", resident().permanent(again, house, "2020-01-01"),
			past, 3, residence.Ties{}, domain.CodePeriodOverlaps, "survivor_id"),
		refused("not where the record got a case meanwhile", resident(), same, 1, residence.Ties{Cases: []domain.CaseID{caseID}},
			domain.CodeMergeBarred, ""),
		refused("not where the survivor was merged meanwhile", resident().merged(daur), same, 1, residence.Ties{},
			domain.CodeRecordMerged, "survivor_id"),
	})

	void := func(p *residence.Person) ([]domain.Event, error) {
		return p.VoidMerge(domaintest.Command(), merge, domain.CodePeriodOverlaps)
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R33 a refused merge does not hold", Given: same, When: void, Then: same.undone(1, domain.CodePeriodOverlaps)[2:]},
		{Name: "R33 which is said once", Given: same.undone(1, domain.CodePeriodOverlaps), When: void, Refused: domain.CodeNotDue},
	})
}

func TestR34_AMergeIsUndoneByItsReference(t *testing.T) {
	merge := domain.EventRef{Stream: erlan.Stream(), Revision: 1}
	same := twin("Айгүл", "1990-01-01", "").merged(aigul)
	undo := func(c residence.UndoMerge) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) { return p.UndoMerge(domaintest.Command(), c) }
	}
	whole := residence.UndoMerge{Merge: merge, Reasons: "a namesake", Basis: certificate()}
	but := func(change func(*residence.UndoMerge)) residence.UndoMerge {
		c := whole
		change(&c)
		return c
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R34 in the stream of the record", Given: same, When: undo(whole), Then: same.undone(1, "")[2:]},
		{Name: "R34 once", Given: same.undone(1, ""), When: undo(whole), Refused: domain.CodeFactNotInForce, Field: "merge"},
		{Name: "R34 by the event that merged it", Given: same, When: undo(but(func(c *residence.UndoMerge) { c.Merge.Revision = 0 })), Refused: domain.CodeFactNotInForce, Field: "merge"},
		{Name: "R34 with reasons", Given: same, When: undo(but(func(c *residence.UndoMerge) { c.Reasons = " " })), Refused: domain.CodeReasonsRequired, Field: "reasons"},
		{Name: "R34 by a document", Given: same, When: undo(but(func(c *residence.UndoMerge) { c.Basis = domain.Basis{} })), Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "R34 not of nobody", When: undo(whole), Refused: domain.CodePersonUnknown},
	})

	separate := func(record history) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.Separate(domaintest.Command(), record.fold())
		}
	}
	absorbed := residence.RecordAbsorbed{PersonID: aigul, AbsorbedID: erlan, Merge: merge}
	took := absorbed
	took.IIN, took.Was = "880506300019", newIIN
	separated := residence.RecordSeparated{PersonID: aigul, SeparatedID: erlan, Merge: merge, SeparatedAt: domaintest.Noon()}
	gave := separated
	gave.Loses, gave.IIN = "880506300019", newIIN
	withIIN := same.undone(1, "")
	e := withIIN[0].(residence.PersonRecorded)
	e.IIN = "880506300019"
	withIIN[0] = e
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R34 the survivor stands for it no longer", Given: append(resident(), absorbed), When: separate(same.undone(1, "")), Then: []domain.Event{separated}},
		{Name: "R34 and gives its IIN back", Given: append(resident(), took), When: separate(withIIN), Then: []domain.Event{gave}},
		{Name: "R34 not while the merge is in force", Given: append(resident(), absorbed), When: separate(same), Refused: domain.CodeNotDue},
		{Name: "R34 once", Given: append(resident(), absorbed, separated), When: separate(same.undone(1, "")), Refused: domain.CodeNotDue},
	})
	survivor := append(resident(), took, gave).fold()
	if survivor.IIN != newIIN || len(survivor.Absorbed()) != 0 {
		t.Errorf("after the merge was undone the survivor has the IIN %q and stands for %v", string(survivor.IIN), survivor.Absorbed())
	}
}

// TestR33_ACommandThatNamesAMergedRecordIsRefused: staff learn which record to name instead.
func TestR33_ACommandThatNamesAMergedRecordIsRefused(t *testing.T) {
	p := twin("Айгүл", "1990-01-01", "").merged(aigul).fold()
	for role, named := range map[domain.Role]bool{domain.RoleOperator: true, domain.RoleCitizen: false} {
		err := p.CheckUnmerged(role, "person_id")
		domaintest.Refused(t, nil, err, domain.CodeRecordMerged, "person_id")
		if strings.Contains(err.Error(), aigul.String()) != named {
			t.Errorf("%s is told %q", role, err)
		}
	}
	if err := resident().fold().CheckUnmerged(domain.RoleOperator, ""); err != nil {
		t.Error(err)
	}
}
