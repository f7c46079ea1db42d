package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

var actOfStreet = domaintest.ID[domain.CaseID]("renaming")

func streetRenamed(from, to, on string) residence.StreetRenamed {
	return residence.StreetRenamed{
		ActID: actOfStreet, KATO: "750000000", From: from, To: to, On: day(on), Basis: paper, Dwellings: 3, RenamedAt: domaintest.Noon(),
	}
}

func TestR35_OneActGivesAStreetAnotherName(t *testing.T) {
	begin := func(change func(*residence.RenameStreet)) func(*residence.Renaming) ([]domain.Event, error) {
		c := residence.RenameStreet{
			ActID: actOfStreet, KATO: "750000000", From: " Абай ", To: "Абай  даңғылы", On: day("2026-03-01"), Basis: paper, Dwellings: 3,
		}
		change(&c)
		return func(r *residence.Renaming) ([]domain.Event, error) {
			c, err := c.Written()
			if err != nil {
				return nil, err
			}
			return r.Begin(domaintest.Command(), c)
		}
	}
	went := func(after string) func(*residence.Renaming) ([]domain.Event, error) {
		return func(r *residence.Renaming) ([]domain.Event, error) { return r.Progress(domaintest.Command(), after) }
	}
	act := streetRenamed("Абай", "Абай даңғылы", "2026-03-01")
	half := residence.StreetRenamingProgressed{ActID: actOfStreet, After: "750000000|b", RecordedAt: domaintest.Noon()}
	done := residence.StreetRenamingCompleted{ActID: actOfStreet, CompletedAt: domaintest.Noon()}
	domaintest.Run(t, []domaintest.Spec[residence.Renaming]{
		{Name: "R35 with its document", When: begin(func(*residence.RenameStreet) {}), Then: []domain.Event{act}},
		{
			Name: "R35 not without", When: begin(func(c *residence.RenameStreet) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis",
		}, {
			Name: "R35 not where nobody knows the street", When: begin(func(c *residence.RenameStreet) { c.Dwellings = 0 }),
			Refused: domain.CodeStreetUnknown, Field: "from",
		}, {
			Name: "R35 not from tomorrow", When: begin(func(c *residence.RenameStreet) { c.On = day("2026-03-16") }),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		}, {
			Name: "R35 not the name that it has", When: begin(func(c *residence.RenameStreet) { c.To = "Абай" }),
			Refused: domain.CodeNothingChanges, Field: "to",
		}, {
			Name: "R35 not a whole address", When: begin(func(c *residence.RenameStreet) { c.To = "Алматы, Абай" }),
			Refused: domain.CodeMalformed, Field: "to",
		}, {
			Name: "R35 no house", When: begin(func(c *residence.RenameStreet) { c.From = "7/1-үй" }),
			Refused: domain.CodeMalformed, Field: "from",
		}, {
			Name: "R35 not to a house", When: begin(func(c *residence.RenameStreet) { c.To = "кв. 12" }),
			Refused: domain.CodeMalformed, Field: "to",
		}, {
			Name: "R35 not to a town", When: begin(func(c *residence.RenameStreet) { c.To = "г. Абай" }),
			Refused: domain.CodeMalformed, Field: "to",
		}, {
			Name: "R35 not to signs", When: begin(func(c *residence.RenameStreet) { c.To = "—" }),
			Refused: domain.CodeMalformed, Field: "to",
		}, {
			Name: "R35 not nowhere", When: begin(func(c *residence.RenameStreet) { c.KATO = "75" }),
			Refused: domain.CodeKATOFormat, Field: "kato",
		},
		{Name: "R35 it goes on", Given: []domain.Event{act}, When: went("750000000|b"), Then: []domain.Event{half}},
		{Name: "R35 never back", Given: []domain.Event{act, half}, When: went("750000000|a"), Refused: domain.CodeNotDue},
		{Name: "R35 nor twice over the same", Given: []domain.Event{act, half}, When: went("750000000|b"), Refused: domain.CodeNotDue},
		{Name: "R35 to its end", Given: []domain.Event{act, half}, When: went(""), Then: []domain.Event{done}},
		{Name: "R35 which is one", Given: []domain.Event{act, half, done}, When: went(""), Refused: domain.CodeNotDue},
	})
}

func TestR35_ADwellingTakesTheNewNameOfItsStreet(t *testing.T) {
	for _, c := range []struct{ name, address, from, to, want string }{
		{"a street between commas", "Алматы, Абай, 8, 12-пәтер", "Абай", "Достық", "Алматы, Достық, 8, 12-пәтер"},
		{"with the number of the house", "Алматы, Абай 1", "Абай", "Достық", "Алматы, Достық 1"},
		{"where the settlement has the same name", "Абай, Абай, 5", "Абай", "Достық", "Абай, Достық, 5"},
		{"another street that begins so", "Алматы, Абай тұйығы, 1", "Абай", "Достық", ""},
		{"a longer word", "Алматы, Абайский, 1", "Абай", "Достық", ""},
		{"that says what it is", "Абай көшесі, 5", "Абай көшесі", "Достық", "Достық, 5"},
		{"with the house in words", "г. Алматы, ул. Абая, д. 5, кв. 12", "ул. Абая", "Достық", "г. Алматы, Достық, д. 5, кв. 12"},
		{"with a letter behind the house", "Алматы, Абай, 5 А, литер Б, 12", "Абай", "Достық", "Алматы, Достық, 5 А, литер Б, 12"},
		{"in a district", "Алматы, Бостандық ауданы, Абай, 5-үй", "Абай", "Достық", "Алматы, Бостандық ауданы, Достық, 5-үй"},
		{"a microdistrict", "Алматы, Самал-2 шағынауданы, 33", "Самал-2 шағынауданы", "Достық", "Алматы, Достық, 33"},
		{"a number that says it is a street", "Астана, 187 көшесі, 5", "187 көшесі", "Достық", "Астана, Достық, 5"},
		{"that begins with a number", "Алматы, 8 Марта, 8, 12", "8 Марта", "Достық", "Алматы, Достық, 8, 12"},
		{"without a house", "Алматы, Абай", "Абай", "Достық", "Алматы, Достық"},
		{"alone with its house", "Абай 1", "Абай", "Достық", "Достық 1"},
		{"alone", "Абай", "Абай", "Достық", "Достық"},
		{"with the house in one word", "Алматы, Абай, д5, кв12", "Абай", "Достық", "Алматы, Достық, д5, кв12"},
		{"a word for a house without its number is no house", "Алматы, Абай, корпус", "Абай", "Достық", ""},
		{"no town", "Алматы, Абай, 5", "Алматы", "Достық", ""},
		{"no town before a house", "Алматы, 5", "Алматы", "Достық", ""},
		{"no town that says so", "Абай ауылы, 5", "Абай ауылы", "Достық", ""},
		{"no district", "Алматы, Бостандық ауданы, Абай, 5-үй", "Бостандық ауданы", "Достық", ""},
		{"no house", "Алматы, Абай, 5, 12", "5", "7", ""},
		{"no flat", "Алматы, Абай, 5, 12-пәтер", "12-пәтер", "7", ""},
		{"no flat without a house", "12-пәтер", "12-пәтер", "7", ""},
		{"nowhere in the address", "Алматы, Сәтбаев, 1", "Абай", "Достық", ""},
	} {
		t.Run("R35 "+c.name, func(t *testing.T) {
			recorded := residence.DwellingRecorded{DwellingID: flat, RKA: "1", KATO: "751110000", Address: c.address, RecordedAt: domaintest.Noon()}
			d := domaintest.Fold[residence.Dwelling](recorded)
			events, err := d.Readdress(domaintest.Command(), streetRenamed(c.from, c.to, "2026-03-01"))
			if c.want == "" {
				domaintest.Refused(t, events, err, domain.CodeNotDue, "")
				return
			}
			renamed := residence.DwellingReaddressed{
				DwellingID: flat, ActID: actOfStreet, Former: c.address, Address: c.want, On: day("2026-03-01"), ReaddressedAt: domaintest.Noon(),
			}
			domaintest.Happened(t, events, err, renamed)
			d = domaintest.Fold[residence.Dwelling](recorded, renamed)
			if d.AddressOn(day("2026-02-28")) != c.address || d.AddressOn(day("2026-03-01")) != c.want {
				t.Errorf("before it is at %q, then at %q", d.AddressOn(day("2026-02-28")), d.AddressOn(day("2026-03-01")))
			}
		})
	}
	gone := domaintest.Fold[residence.Dwelling](
		residence.DwellingRecorded{DwellingID: flat, RKA: "1", KATO: "751110000", Address: "Алматы, Абай, 1"},
		residence.DwellingGone{DwellingID: flat, How: residence.Demolished, On: day("2026-03-01")},
	)
	for name, d := range map[string]*residence.Dwelling{"a dwelling that is no more": gone, "one that is not recorded": {}} {
		events, err := d.Readdress(domaintest.Command(), streetRenamed("Абай", "Достық", "2026-03-01"))
		if domain.CodeOf(err) != domain.CodeNotDue {
			t.Errorf("R35 %s: %v, %v", name, events, err)
		}
	}
	elsewhere := domaintest.Fold[residence.Dwelling](residence.DwellingRecorded{DwellingID: flat, RKA: "1", KATO: "711310000", Address: "Абай 1"})
	events, err := elsewhere.Readdress(domaintest.Command(), streetRenamed("Абай", "Достық", "2026-03-01"))
	domaintest.Refused(t, events, err, domain.CodeNotDue, "")
}
