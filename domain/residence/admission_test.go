package residence_test

import (
	"math"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

func TestR19_TheTenantConsentsInThePlaceOfTheOwners(t *testing.T) {
	tenant := domaintest.ID[domain.PersonID]("tenant")
	guest := domaintest.ID[domain.PersonID]("guest")
	lease := func(on string, family ...domain.PersonID) *residence.LeaseBegan {
		return &residence.LeaseBegan{DwellingID: flat, PersonID: tenant, Family: family, On: day(on)}
	}
	said := func(ids ...domain.PersonID) (list []residence.Consent) {
		for _, id := range ids {
			list = append(list, residence.Consent{PersonID: id})
		}
		return list
	}
	owned := []residence.Owner{{PersonID: erlan}}
	before := rulestest.Book(t, "2026-01-01", `,"named_in_lease_only_from":"2025-11-24"`, ``)
	ownersOnly := rulestest.Book(t, "2026-01-01", `"tenants_consent":true`, `"tenants_consent":false`)
	none := rules.Book{}
	for _, c := range []struct {
		name     string
		who      domain.PersonID
		lease    *residence.LeaseBegan
		owners   []residence.Owner
		consents []residence.Consent
		from     string
		rules    rules.Book
		code     domain.Code
		field    string
	}{
		{"R19 whom the lease names", aigul, lease("2026-01-01", aigul), owned, said(tenant), "2026-03-15", none, "", ""},
		{"R19 also where no owner is recorded", aigul, lease("2026-01-01", aigul), nil, said(tenant), "2026-03-15", none, "", ""},
		{"R19 the tenant needs nobody's", tenant, lease("2026-01-01"), owned, nil, "2026-03-15", none, "", ""},
		{"R19 the owners' will do too", guest, lease("2026-01-01"), owned, said(erlan), "2026-03-15", none, "", ""},
		{"R19 but somebody's is needed", aigul, lease("2026-01-01", aigul), owned, nil, "2026-03-15", none, domain.CodeOwnersConsent, "consents"},
		{"R19 where no owner is recorded as well", aigul, lease("2026-01-01", aigul), nil, nil, "2026-03-15", none, domain.CodeOwnersConsent, "consents"},
		{"R19 not for whom the lease does not name", guest, lease("2026-01-01", aigul), owned, said(tenant), "2026-03-15", none, domain.CodeNotInLease, "person_id"},
		{"R19 who came on the day of the rule", guest, lease("2020-01-01"), owned, said(tenant), "2025-11-24", none, domain.CodeNotInLease, "person_id"},
		{"R19 who came the day before", guest, lease("2020-01-01"), owned, said(tenant), "2025-11-23", none, "", ""},
		{"R19 where no edition has the rule", guest, lease("2026-01-01"), owned, said(tenant), "2026-03-15", before, "", ""},
		{"R19 not where the edition asks the owners", aigul, lease("2026-01-01", aigul), owned, said(tenant), "2026-03-15", ownersOnly, domain.CodeOwnersConsent, "consents"},
		{"R19 not before the lease begins", aigul, lease("2026-03-16", aigul), owned, said(tenant), "2026-03-15", none, domain.CodeOwnersConsent, "consents"},
		{"R19 on the day on which it begins", aigul, lease("2026-03-15", aigul), owned, said(tenant), "2026-03-15", none, "", ""},
		{"R19 not where there is no lease", aigul, nil, owned, said(tenant), "2026-03-15", none, domain.CodeOwnersConsent, "consents"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := resident()
			if c.who != aigul {
				h = recorded(c.who, residence.Citizen, "1990-01-01")
			}
			r := residence.Register{
				RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: day(c.from), Consents: c.consents, Rules: c.rules,
				Dwelling: &residence.Dwelling{ID: flat, Owners: c.owners, Lease: c.lease},
			}
			events, err := h.fold().Register(domaintest.Command(), r)
			if c.code != "" {
				domaintest.Refused(t, events, err, c.code, c.field)
				return
			}
			domaintest.Happened(t, events, err, residence.RegistrationBegan{
				PersonID: c.who, RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: r.From, Consents: c.consents,
			})
		})
	}
}

func TestR19_OneRegistersAtAPlaceOfAPermittedKind(t *testing.T) {
	permitted := rules.Default().On(today).Residence.PermittedPlaces
	noHotels := rulestest.Book(t, "2026-01-01", `"hotel",`, ``)
	for _, place := range append(slices.Clone(residence.Places), "") {
		for name, by := range map[string]rules.Book{"": {}, ", where the edition permits no hotel": noHotels} {
			t.Run("R19 "+string(place)+name, func(t *testing.T) {
				events, err := resident().fold().Register(domaintest.Command(), residence.Register{
					RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Rules: by,
					Dwelling: &residence.Dwelling{ID: flat, Description: residence.Description{Place: place}, Owners: []residence.Owner{{PersonID: aigul}}},
				})
				if place == residence.NotForLiving || place == residence.Hotel && name != "" {
					domaintest.Refused(t, events, err, domain.CodePlaceNotPermitted, "dwelling_id")
				} else if err != nil {
					t.Error(err)
				}
			})
		}
	}
	for _, p := range permitted {
		if !slices.Contains(residence.Places, residence.Place(p)) {
			t.Errorf("the edition permits %q, which is no kind of place", p)
		}
	}
}

// TestR19_TheOccupancyNorm: 15 m² for each in Astana (71), from 1 March 2026 on;
// a spouse and a child are exempt.
func TestR19_TheOccupancyNorm(t *testing.T) {
	book := rulestest.Book(
		t,
		"2026-01-01",
		`"occupancy_norms":[]`,
		`"occupancy_norms":[{"kato":"71","area_per_person":15.1,"from":"2026-03-01","exempt_kinships":["spouse","child"]}]`,
	)
	spouseOf := func(id domain.PersonID) residence.Kinship {
		return residence.Kinship{Kind: residence.SpouseOf, PersonID: id}
	}
	unknown := []residence.Warning{{Code: domain.CodeAreaUnknown}}
	nobody, some := []domain.PersonID{}, []domain.PersonID{daur, erlan, daur} // Daur resides and stays there
	for _, c := range []struct {
		name      string
		kato      string
		area      residence.Area
		occupants []domain.PersonID
		from      string
		kinship   residence.Kinship
		rules     rules.Book
		warnings  []residence.Warning
		code      domain.Code
	}{
		{"R19 room for three", "711310000", 45.3, some, "2026-03-15", residence.Kinship{}, book, nil, ""},
		{"R19 a hundredth less", "711310000", 45.29, some, "2026-03-15", residence.Kinship{}, book, nil, domain.CodeOccupancyNorm},
		{"R19 room for one", "711310000", 15.1, nobody, "2026-03-15", residence.Kinship{}, book, nil, ""},
		{"R19 not even for one", "711310000", 15, nobody, "2026-03-15", residence.Kinship{}, book, nil, domain.CodeOccupancyNorm},
		{"R19 not in another territory", "751310000", 15, some, "2026-03-15", residence.Kinship{}, book, nil, ""},
		{"R19 not where the territory is not recorded", "", 15, some, "2026-03-15", residence.Kinship{}, book, nil, ""},
		{"R19 on its first day", "711310000", 15, some, "2026-03-01", residence.Kinship{}, book, nil, domain.CodeOccupancyNorm},
		{"R19 not backwards", "711310000", 15, some, "2026-02-28", residence.Kinship{}, book, nil, ""},
		{"R19 none is built in", "711310000", 15, some, "2026-03-15", residence.Kinship{}, rules.Book{}, nil, ""},
		{"R19 a spouse is exempt", "711310000", 15, some, "2026-03-15", spouseOf(erlan), book, nil, ""},
		{"R19 not of somebody who is not registered there", "711310000", 15, some, "2026-03-15", spouseOf(aigul), book, nil, domain.CodeOccupancyNorm},
		{"R19 no other kinship", "711310000", 15, some, "2026-03-15", residence.Kinship{Kind: residence.CloseRelativeOf, PersonID: erlan}, book, nil, domain.CodeOccupancyNorm},
		{"R19 who is there already comes not on top", "711310000", 15, append(some, aigul), "2026-03-15", residence.Kinship{}, book, nil, ""},
		{"R19 the area is not recorded: a warning", "711310000", 0, some, "2026-03-15", residence.Kinship{}, book, unknown, ""},
		{"R19 nothing is said of it where no norm holds", "751310000", 0, some, "2026-03-15", residence.Kinship{}, book, nil, ""},
	} {
		for _, kind := range []residence.Kind{residence.Permanent, residence.Temporary} {
			t.Run(c.name+", "+string(kind), func(t *testing.T) {
				r := residence.Register{
					RegistrationID: first, DwellingID: flat, Kind: kind, From: day(c.from), Kinship: c.kinship, Occupants: c.occupants, Rules: c.rules,
					Dwelling: &residence.Dwelling{
						ID: flat, Identity: residence.Identity{KATO: c.kato}, Description: residence.Description{Area: c.area},
						Owners: []residence.Owner{{PersonID: aigul}},
					},
				}
				if kind == residence.Temporary {
					r.Until = r.From.AddMonths(6)
				}
				events, err := resident().fold().Register(domaintest.Command(), r)
				if c.code != "" {
					domaintest.Refused(t, events, err, c.code, "dwelling_id")
					return
				}
				domaintest.Happened(t, events, err, residence.RegistrationBegan{
					PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: kind, From: r.From, Until: r.Until, Kinship: c.kinship, Warnings: c.warnings,
				})
			})
		}
	}
	t.Run("R19 a kinship is one of three", func(t *testing.T) {
		events, err := resident().fold().Register(domaintest.Command(), residence.Register{
			RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Kinship: residence.Kinship{Kind: "neighbour", PersonID: daur},
		})
		domaintest.Refused(t, events, err, domain.CodeValueUnknown, "kinship.kind")
	})
}

// TestR19_TheNormIsNeverAGroundForAnEnding: whoever came before the norm, or by
// an exemption, stays, however crowded the dwelling is.
func TestR19_TheNormIsNeverAGroundForAnEnding(t *testing.T) {
	crowded := applied(func(a *application) {
		a.dwelling = append(
			a.dwelling,
			residence.DwellingDescribed{DwellingID: flat, UsefulArea: 1, DescribedAt: domaintest.Noon()},
		)
		a.c.Ground = "occupancy_norm_exceeded"
	})
	events, err := crowded.receive()
	domaintest.Refused(t, events, err, domain.CodeGroundUnknown, "ground")
}

func TestR19_ADwellingIsDescribedAndTheDescriptionCorrected(t *testing.T) {
	describe := func(place residence.Place, area residence.Area) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Describe(domaintest.Command(), residence.DescribeDwelling{Description: residence.Description{Place: place, Area: area}})
		}
	}
	described := func(place residence.Place, area residence.Area) residence.DwellingDescribed {
		return residence.DwellingDescribed{
			DwellingID:  flat,
			Place:       place,
			UsefulArea:  area,
			DescribedAt: domaintest.Noon(),
		}
	}
	at := func(e residence.DwellingDescribed) residence.DwellingDescribed { e.On = today; return e }
	known := theFlat()
	small := append(theFlat(), described(residence.Apartment, 54))
	record := func(of residence.Description) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Record(domaintest.Command(), residence.RecordDwelling{DwellingID: flat, Identity: residence.Identity{RKA: "0201300012345678"}, Address: "a", Description: of})
		}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{
			Name:  "R19 described",
			Given: known,
			When:  describe(residence.Apartment, 54.3),
			Then:  []domain.Event{at(described(residence.Apartment, 54.3))},
		},
		{Name: "R19 the area alone", Given: known, When: describe("", 0.01), Then: []domain.Event{at(described("", 0.01))}},
		{
			Name:  "R19 corrected",
			Given: small,
			When:  describe(residence.Apartment, 45),
			Then:  []domain.Event{at(described(residence.Apartment, 45))},
		},
		{
			Name:  "R19 held to be unknown again",
			Given: small,
			When:  describe(residence.Apartment, 0),
			Then:  []domain.Event{at(described(residence.Apartment, 0))},
		},
		{
			Name:    "R19 not to what it is",
			Given:   small,
			When:    describe(residence.Apartment, 54),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "R19 nor from nothing to nothing",
			Given:   known,
			When:    describe("", 0),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "R35 who says nothing makes nothing unknown",
			Given:   small,
			When:    describe("", 0),
			Refused: domain.CodeRequired,
			Field:   "place",
		},
		{
			Name:    "R19 a place of the list",
			Given:   known,
			When:    describe("tent", 54),
			Refused: domain.CodeValueUnknown,
			Field:   "place",
		},
		{
			Name:    "R19 an area of more than nothing",
			Given:   known,
			When:    describe(residence.House, -1),
			Refused: domain.CodeAreaFormat,
			Field:   "useful_area",
		},
		{
			Name:    "R19 of a hundredth at least",
			Given:   known,
			When:    describe(residence.House, 0.004),
			Refused: domain.CodeAreaFormat,
			Field:   "useful_area",
		},
		{
			Name:    "R19 of one dwelling, not of a town",
			Given:   known,
			When:    describe(residence.House, 100_000.01),
			Refused: domain.CodeAreaFormat,
			Field:   "useful_area",
		},
		{
			Name:    "R19 of a number",
			Given:   known,
			When:    describe(residence.House, residence.Area(math.NaN())),
			Refused: domain.CodeAreaFormat,
			Field:   "useful_area",
		},
		{
			Name:    "R19 of a dwelling that is recorded",
			When:    describe(residence.House, 54),
			Refused: domain.CodeDwellingUnknown,
		},
		{
			Name: "R19 with the record",
			When: record(residence.Description{Place: residence.House, Area: 90}),
			Then: []domain.Event{
				residence.DwellingRecorded{
					DwellingID: flat,
					RKA:        "0201300012345678",
					Address:    "a",
					RecordedAt: domaintest.Noon(),
					OwnersBy:   day("2026-09-15"),
				}, described(residence.House, 90),
			},
		},
		{
			Name:    "R19 not a wrong one",
			When:    record(residence.Description{Area: -1}),
			Refused: domain.CodeAreaFormat,
			Field:   "useful_area",
		},
	})
}

func TestR6_TheEditionSaysHowLongCoOwnersHave(t *testing.T) {
	week := rulestest.Book(t, "2026-01-01", `"co_owners_answer_days":3`, `"co_owners_answer_days":7`)
	a := applied(through(domain.ChannelPortal, domain.SignatureEDS), func(a *application) {
		a.dwelling = append(
			a.dwelling,
			owners("2026-03-14", residence.Owner{PersonID: erlan}, residence.Owner{PersonID: aigul}),
		)
	})
	for last, by := range map[string]rules.Book{
		"2026-03-18": {},
		"2026-03-26": week, // the seventh day is a Sunday before the days off of Nauryz
	} {
		events, err := a.receiveUnder(by)
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(residence.DeregistrationApplied).ConfirmBy; !got.Equal(domaintest.Day(last).Over()) {
			t.Errorf("R6 they have until %s, want the end of %s", got, last)
		}
	}
}
