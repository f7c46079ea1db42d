package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// certificate is a document that shows another name or class.
func certificate() domain.Basis {
	return domain.Basis{
		Type: domain.DocumentOther, Number: "17", IssuedOn: day("2026-03-02"), Issuer: "АХАЖ",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}
}

func changeData(c residence.ChangePersonData) func(*residence.Person) ([]domain.Event, error) {
	return func(p *residence.Person) ([]domain.Event, error) {
		if c.Basis.IsZero() {
			c.Basis = certificate()
		}
		return p.ChangeData(domaintest.Command(), c)
	}
}

// bornOn corrects the birth date of somebody with this household.
func bornOn(birth string, of residence.Household) func(*residence.Person) ([]domain.Event, error) {
	return changeData(residence.ChangePersonData{
		Kind: residence.DataCorrected, BirthDate: day(birth), Household: of, Accept: []domain.Code{domain.CodeIINBirthDate},
	})
}

func data(name domain.Personal, birth string, known residence.BirthKnown, class residence.Class) residence.PersonData {
	return residence.PersonData{
		Name: name, BirthDate: domain.PersonalDate{Date: day(birth)}, BirthKnown: known, Class: class,
	}
}

// became is what the registry says about Aigul, who was a citizen born on 1 January 1990.
func became(
	kind residence.DataChange, from string, was, now residence.PersonData, accepted ...domain.Code,
) residence.PersonDataChanged {
	return residence.PersonDataChanged{
		PersonID: aigul, Kind: kind, Was: was, Now: now, From: day(from), Basis: certificate(), Accepted: accepted,
		RecordedAt: domaintest.Noon(),
	}
}

func TestR24_WhoAPersonIsIsCorrectedOrChangedByADocument(t *testing.T) {
	citizen := data("Айгүл", "1990-01-01", "", residence.Citizen)
	refugee := data("Айгүл", "1990-01-01", "", residence.Refugee)
	married := data("Айгүл Ким", "1990-01-01", "", residence.Citizen)
	wedding := became(residence.DataChanged, "2026-03-01", citizen, married)
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R24 a name by marriage holds from its day",
			Given: resident(),
			When:  changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: day("2026-03-01"), Name: "Айгүл  Ким"}),
			Then:  []domain.Event{wedding},
		},
		{
			Name:  "R24 a wrong name never was right",
			Given: resident(),
			When:  changeData(residence.ChangePersonData{Kind: residence.DataCorrected, Name: "Айгүл Ким"}),
			Then:  []domain.Event{became(residence.DataCorrected, "2026-03-15", citizen, married)},
		},
		{
			Name:  "R24 a refugee becomes a citizen",
			Given: recorded(aigul, residence.Refugee, "1990-01-01"),
			When:  changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: today, Class: residence.Citizen}),
			Then:  []domain.Event{became(residence.DataChanged, "2026-03-15", refugee, citizen)},
		},
		{
			Name:  "R24 after a change the new record is what is changed",
			Given: append(resident(), wedding),
			When:  changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: today, Name: "Айгүл"}),
			Then:  []domain.Event{became(residence.DataChanged, "2026-03-15", married, citizen)},
		},
		{
			Name:    "R24 no change before an earlier one",
			Given:   append(resident(), wedding),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: day("2026-02-28"), Name: "Айгүл"}),
			Refused: domain.CodeEffectiveTooEarly,
			Field:   "effective_from",
		},
		{
			Name:    "R24 no change in the future",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: today.AddDays(1), Name: "Ким"}),
			Refused: domain.CodeDateInFuture,
			Field:   "effective_from",
		},
		{
			Name:    "R24 no change before birth",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: day("1989-12-31"), Name: "Ким"}),
			Refused: domain.CodeBeforeBirth,
			Field:   "effective_from",
		},
		{
			Name:    "R24 a change has its day",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataChanged, Name: "Ким"}),
			Refused: domain.CodeRequired,
			Field:   "effective_from",
		},
		{
			Name:    "R24 a correction has none",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataCorrected, From: today, Name: "Ким"}),
			Refused: domain.CodeMemberNotAllowed,
			Field:   "effective_from",
		},
		{
			Name:    "R24 a birth date never changes",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataChanged, From: today, BirthDate: day("1991-01-01")}),
			Refused: domain.CodeMemberNotAllowed,
			Field:   "birth_date",
		},
		{
			Name:    "R24 nobody is born after they were registered",
			Given:   resident().permanent(first, flat, "1995-01-01"),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataCorrected, BirthDate: day("1996-01-01")}),
			Refused: domain.CodeBeforeBirth,
			Field:   "birth_date",
		},
		{
			Name:    "Q24 no child before the parent",
			Given:   child(thirteen).representedBy(aigul),
			When:    bornOn("1990-01-01", residence.Household{Representatives: []*residence.Person{resident().fold()}}),
			Refused: domain.CodeKinshipImpossible,
			Field:   "birth_date",
		},
		{
			Name:    "Q24 no parent after the child",
			Given:   resident(),
			When:    bornOn(thirteen, with(child(thirteen).representedBy(aigul), resident())),
			Refused: domain.CodeKinshipImpossible,
			Field:   "birth_date",
		},
		{
			Name:  "Q24 a guardian may be younger",
			Given: recorded(aigul, residence.Refugee, "1990-01-01"),
			When:  bornOn("1991-02-03", with(recorded(daur, residence.Citizen, "1991-02-02").guardedBy(aigul), resident())),
			Then: []domain.Event{became(residence.DataCorrected, "2026-03-15", refugee,
				data("Айгүл", "1991-02-03", "", residence.Refugee), domain.CodeIINBirthDate)},
		},
		{
			Name:    "R24 the same again changes nothing",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataCorrected, Name: "Айгүл", Class: residence.Citizen}),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:  "R24 not without a document",
			Given: resident(),
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.ChangeData(domaintest.Command(), residence.ChangePersonData{Kind: residence.DataCorrected, Name: "Ким"})
			},
			Refused: domain.CodeBasisRequired,
			Field:   "basis",
		},
		{
			Name:    "R24 nobody unknown",
			When:    changeData(residence.ChangePersonData{Kind: residence.DataCorrected, Name: "Ким"}),
			Refused: domain.CodePersonUnknown,
		},
		{
			Name:    "R25 a birth date that the IIN contradicts is asked about",
			Given:   resident(),
			When:    changeData(residence.ChangePersonData{Kind: residence.DataCorrected, BirthDate: day("1989-12-31")}),
			Refused: domain.CodeWarningsOpen,
			Field:   "accept",
		},
		{
			Name:  "R25 and taken when the official accepts it",
			Given: resident(),
			When: changeData(residence.ChangePersonData{
				Kind: residence.DataCorrected, BirthDate: day("1989-12-31"),
				Accept: []domain.Code{domain.CodeIINBirthDate, domain.CodeIINClass},
			}),
			Then: []domain.Event{became(residence.DataCorrected, "2026-03-15", citizen,
				data("Айгүл", "1989-12-31", "", residence.Citizen), domain.CodeIINBirthDate)},
		},
		{
			Name:  "R26 only the year is known after all",
			Given: resident(),
			When: changeData(residence.ChangePersonData{
				Kind: residence.DataCorrected, BirthDate: day("1990-01-01"), BirthKnown: residence.BirthYear,
			}),
			Then: []domain.Event{became(residence.DataCorrected, "2026-03-15", citizen,
				data("Айгүл", "1990-01-01", residence.BirthYear, residence.Citizen))},
		},
	})
}

func TestR24_ARefugeeWhoBecomesACitizenHasThePortal(t *testing.T) {
	p := recorded(aigul, residence.Refugee, "1990-01-01").fold()
	events, err := changeData(residence.ChangePersonData{
		Kind: residence.DataChanged, From: today, Class: residence.Citizen,
	})(p)
	if err != nil {
		t.Fatal(err)
	}
	p = append(recorded(aigul, residence.Refugee, "1990-01-01"), events...).fold()
	open := residence.Admissible(p.Class, residence.GroundOwnerApplication)
	if !slices.Contains(open, domain.ChannelPortal) {
		t.Errorf("a citizen may apply by %v", open)
	}
}

func TestR25_R26_AnIINThatContradictsThePersonMustBeAnswered(t *testing.T) {
	const (
		born1990  = "900101300017"
		foreigner = "900101000018"
		noDay     = "999999000012"
	)
	record := func(iin domain.IIN, birth string, known residence.BirthKnown, class residence.Class, accept ...domain.Code) error {
		_, err := new(residence.Person).Record(domaintest.Command(), residence.RecordPerson{
			PersonID: aigul, IIN: iin, Name: "Айгүл", BirthDate: day(birth), BirthKnown: known, Class: class, Accept: accept,
		})
		return err
	}
	for _, c := range []struct {
		name  string
		iin   domain.IIN
		birth string
		known residence.BirthKnown
		class residence.Class
		want  domain.Code // that must be accepted
	}{
		{"the same day", born1990, "1990-01-01", "", residence.Citizen, ""},
		{"another day", born1990, "1990-01-02", "", residence.Citizen, domain.CodeIINBirthDate},
		{"another century", born1990, "1890-01-01", "", residence.Citizen, domain.CodeIINBirthDate},
		{"R26 the known month agrees", born1990, "1990-01-01", residence.BirthMonth, residence.Citizen, ""},
		{"R26 the known month differs", born1990, "1990-02-01", residence.BirthMonth, residence.Citizen, domain.CodeIINBirthDate},
		{"R26 the known year agrees", "900203300011", "1990-01-01", residence.BirthYear, residence.Citizen, ""},
		{"R26 the known year differs", born1990, "1991-01-01", residence.BirthYear, residence.Citizen, domain.CodeIINBirthDate},
		{"digits that are no day say nothing", noDay, "1990-01-01", "", residence.Citizen, ""},
		{"a foreigner's", foreigner, "1990-01-01", "", residence.PermanentForeigner, ""},
		{"a foreigner's with another day", foreigner, "1990-01-02", "", residence.Refugee, domain.CodeIINBirthDate},
		{"a foreigner's of a citizen", foreigner, "1990-01-01", "", residence.Citizen, domain.CodeIINClass},
		{"none", "", "1990-01-01", "", residence.Refugee, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := record(c.iin, c.birth, c.known, c.class)
			if c.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			domaintest.Refused(t, nil, err, domain.CodeWarningsOpen, "accept")
			if err := record(c.iin, c.birth, c.known, c.class, c.want); err != nil {
				t.Errorf("refused although it was accepted: %v", err)
			}
		})
	}
	for name, c := range map[string]struct {
		birth string
		known residence.BirthKnown
		code  domain.Code
		field string
	}{
		"a day where only the month is known":  {"1990-01-02", residence.BirthMonth, domain.CodeBirthPartUnknown, "birth_date"},
		"a month where only the year is known": {"1990-02-01", residence.BirthYear, domain.CodeBirthPartUnknown, "birth_date"},
		"nothing is known":                     {"1990-01-01", "century", domain.CodeValueUnknown, "birth_known"},
	} {
		t.Run("R26 "+name, func(t *testing.T) {
			domaintest.Refused(t, nil, record(noDay, c.birth, c.known, residence.Citizen), c.code, c.field)
		})
	}
}
