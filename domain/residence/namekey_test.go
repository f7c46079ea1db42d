package residence_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

var nameKey = domain.PersonIDKey("a key that no registry has")

// keysOf are the keys of a record, by which [findsBy] looks.
func keysOf(d residence.PersonData) []residence.NameKey { return residence.NameKeysOf(nameKey, d) }

func sought(name domain.Personal, birth string, known residence.BirthKnown) residence.Sought {
	return residence.Sought{Name: name, BirthDate: domain.PersonalDate{Date: day(birth)}, BirthKnown: known}
}

// findsBy reports whether the index leads from the search to a record with the keys.
func findsBy(q residence.Sought, keys []residence.NameKey) bool {
	for _, fit := range q.Keys(nameKey) {
		if !slices.ContainsFunc(fit, func(k residence.NameKey) bool { return slices.Contains(keys, k) }) {
			return false
		}
	}
	return true
}

// TestR53_APersonIsFoundByNameAndBirthDate: index and record agree on each.
func TestR53_APersonIsFoundByNameAndBirthDate(t *testing.T) {
	for _, c := range []struct {
		name        domain.Personal
		birth       string
		known       residence.BirthKnown
		sought      domain.Personal
		soughtBirth string
		soughtKnown residence.BirthKnown
		finds       bool
	}{
		{name: "Айгүл Серікқызы Әбенова", sought: "абенова", finds: true},
		{name: "Айгүл Серікқызы Әбенова", sought: "Abenova Aigul", finds: true},
		{name: "Айгүл Серікқызы Әбенова", sought: "АБЕНОВА Айгуль Серик кызы", finds: true},
		{name: "Айгүл Серікқызы Әбенова", sought: "Абенова Айгерим", finds: false},
		{name: "Ерлан Болат ұлы Қали", sought: "Кали Ерлан Болатулы", finds: true},
		{name: "Өтегенов Үміт", sought: "Utegenov Umit", finds: false},
		{name: "Өтегенов Үміт", sought: "Otegenov Umit", finds: true},
		{name: "Ілияс", sought: "Ильяс", finds: true}, {name: "Ілияс", sought: "Iliyas", finds: true},
		{name: "Ұлан", sought: "Улан", finds: true}, {name: "Ұлан", sought: "Ulan Қали", finds: false},
		{name: "Иванова-Петрова Анна", sought: "Петрова", finds: true},
		{name: "Ұлан", soughtBirth: "1990-05-18", sought: "Ұлан", finds: false},
		{name: "Ұлан", soughtBirth: "1990-05-01", soughtKnown: residence.BirthMonth, sought: "Ұлан", finds: false},
		{name: "Ұлан", soughtBirth: "1990-01-01", soughtKnown: residence.BirthYear, sought: "Ұлан", finds: false},
		{name: "Ұлан", birth: "1990-05-01", known: residence.BirthMonth, sought: "Ұлан", finds: true},
		{name: "Ұлан", birth: "1990-01-01", known: residence.BirthYear, sought: "Ұлан", finds: true},
		{name: "Ұлан", birth: "1990-01-01", sought: "Ұлан", finds: false}, // the first of January is a birthday too
		{
			name: "Ұлан", birth: "1990-01-01", known: residence.BirthYear, sought: "Ұлан",
			soughtBirth: "1990-05-01", soughtKnown: residence.BirthMonth, finds: true,
		},
		{
			name: "Ұлан", birth: "1990-05-01", known: residence.BirthMonth, sought: "Ұлан",
			soughtBirth: "1990-01-01", soughtKnown: residence.BirthYear, finds: false,
		},
		{
			name: "Ұлан", birth: "1990-01-01", known: residence.BirthYear, sought: "Ұлан",
			soughtBirth: "1990-01-01", soughtKnown: residence.BirthYear, finds: true,
		},
	} {
		if c.birth == "" {
			c.birth = "1990-05-17"
		}
		if c.soughtBirth == "" {
			c.soughtBirth = "1990-05-17"
		}
		of := data(c.name, c.birth, c.known, residence.Refugee)
		p := domaintest.Fold[residence.Person](residence.PersonRecorded{
			PersonID: erlan, Name: of.Name, BirthDate: of.BirthDate, BirthKnown: of.BirthKnown, Class: of.Class,
		})
		q := sought(c.sought, c.soughtBirth, c.soughtKnown)
		match, found := p.Match(q)
		if found != c.finds || findsBy(q, keysOf(of)) != c.finds {
			t.Errorf("%s of %s (%s) finds %s of %s (%s): the record says %t, the index %t", string(c.sought), c.soughtBirth,
				c.soughtKnown, string(c.name), c.birth, c.known, found, findsBy(q, keysOf(of)))
		}
		if found && (match.Former || match.Name != of.Name || match.BirthDate != of.BirthDate) {
			t.Errorf("%s matches by %s, former %t", string(c.sought), string(match.Name), match.Former)
		}
	}
}

func TestR53_AFormerNameAndBirthDateFindThePersonToo(t *testing.T) {
	first := data("Айгүл Әбенова", "1990-05-17", "", residence.Refugee)
	married, dated := first, first
	married.Name = "Айгүл Ким"
	dated.Name, dated.BirthDate = married.Name, domain.PersonalDate{Date: day("1991-05-17")}
	history := []domain.Event{residence.PersonRecorded{
		PersonID: aigul, Name: first.Name, BirthDate: first.BirthDate, Class: first.Class, RecordedAt: domaintest.Noon(),
		NameKeys: keysOf(first),
	}}
	keys := keysOf(first)
	for _, c := range []residence.ChangePersonData{
		{Kind: residence.DataChanged, From: day("2026-03-01"), Name: married.Name},
		{Kind: residence.DataCorrected, BirthDate: dated.BirthDate.Date},
		{Kind: residence.DataCorrected, Class: residence.PermanentForeigner},
	} {
		c.NameKeys = keysOf
		p := domaintest.Fold[residence.Person](history...)
		events, err := changeData(c)(p)
		if err != nil {
			t.Fatal(err)
		}
		added := events[0].(residence.PersonDataChanged).NameKeys
		if (len(added) == 0) != (c.Class != "") {
			t.Errorf("a change adds %v", added)
		}
		history, keys = append(history, events...), append(keys, added...)
	}
	p := domaintest.Fold[residence.Person](history...)
	for _, c := range []struct {
		name          domain.Personal
		birth         string
		finds, former bool
	}{
		{"Ким", "1991-05-17", true, false}, {"Айгүл", "1991-05-17", true, false}, {"Ким", "1990-05-17", true, true},
		{"Абенова", "1990-05-17", true, true}, {"Абенова", "1991-05-17", true, true}, {"Абенова Ким", "1991-05-17", false, false},
		{"Абенова", "1992-05-17", false, false},
	} {
		q := sought(c.name, c.birth, "")
		match, found := p.Match(q)
		if found != c.finds || match.Former != c.former || found && !findsBy(q, keys) {
			t.Errorf("%s of %s: found %t, former %t, by the index %t",
				string(c.name), c.birth, found, match.Former, findsBy(q, keys))
		}
	}
	p = domaintest.Fold[residence.Person](append(history, residence.PersonErased{PersonID: aigul}, residence.PersonRecorded{
		PersonID: aigul, Name: "Сәуле", BirthDate: first.BirthDate, Class: first.Class,
	})...)
	if _, found := p.Match(sought("Абенова", "1990-05-17", "")); found {
		t.Error("a name that was erased finds the person who was recorded again")
	}
}

func TestR53_NobodyIsFoundByANameAlone(t *testing.T) {
	for _, c := range []struct {
		q     residence.Sought
		code  domain.Code
		field string
	}{
		{sought("Айгүл", "1990-05-17", ""), "", ""},
		{sought("", "1990-05-17", ""), domain.CodeRequired, "name"},
		{sought("...", "1990-05-17", ""), domain.CodeMalformed, "name"},
		{sought("Ь", "1990-05-17", ""), domain.CodeRequired, "name"},
		{residence.Sought{Name: "Айгүл"}, domain.CodeRequired, "birth_date"},
		{sought("Айгүл", "2027-05-17", ""), domain.CodeDateInFuture, "birth_date"},
		{sought("Айгүл", "1990-05-17", residence.BirthYear), domain.CodeBirthPartUnknown, "birth_date"},
		{sought("Айгүл", "1990-05-17", "century"), domain.CodeValueUnknown, "birth_known"},
	} {
		err, field := c.q.Check(domaintest.Today()), ""
		if refusal, ok := errors.AsType[*domain.Error](err); ok {
			field = refusal.Field
		}
		if domain.CodeOf(err) != c.code || field != c.field {
			t.Errorf("%s: %v, want %q at %q", string(c.q.Name), err, c.code, c.field)
		}
	}
}

// TestR53_TheKeysOfANameNeverChange: the log keeps them, so a search must go on to make the same ones.
// Who folds a word in another way searches by both.
func TestR53_TheKeysOfANameNeverChange(t *testing.T) {
	got := keysOf(data("Әйгерім Қуанышұлы Щербакова-Ғизатова Özdemir O'Neil Xavier", "1990-05-17", "", residence.Refugee))
	const want = "0680ff299bbd2d77 8f0e34a283733f45 d764cc8d20470a40 df0431384561beeb c6f9a08f1ceb255f " +
		"9d4aa454f335a004 345ed144d0c2b5f6"
	texts := make([]string, len(got))
	for i, k := range got {
		texts[i] = string(k)
	}
	if strings.Join(texts, " ") != want {
		t.Errorf("the keys are %s", strings.Join(texts, " "))
	}
	for _, other := range [][]residence.NameKey{
		residence.NameKeysOf(domain.PersonIDKey("another key"), data("Ұлан", "1990-05-17", "", residence.Refugee)),
		keysOf(data("Ұлан", "1990-05-18", "", residence.Refugee)), keysOf(data("Ұланбек", "1990-05-17", "", residence.Refugee)),
	} {
		if slices.Equal(other, keysOf(data("Ұлан", "1990-05-17", "", residence.Refugee))) {
			t.Error("key, birth date or name makes no difference")
		}
	}
}
