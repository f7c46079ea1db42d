package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
)

// bin is that of a body.
const bin domain.BIN = "160440007161"

var (
	akimat = residence.Owner{Kind: residence.State, BIN: bin, Name: "Алматы қаласының әкімдігі", Share: "1/1"}
	firm   = residence.Owner{Kind: residence.Company, BIN: bin, Name: "Баспана ЖШС", Share: "1/1"}
	heirs  = residence.Owner{Kind: residence.Estate, DeceasedID: erlan, Share: "1/1"}
)

// agent returns the owner for whom the person speaks on the paper.
func agent(o residence.Owner, p domain.PersonID) residence.Owner {
	o.AgentID, o.Authority = p, paper
	return o
}

func TestR40_AnOwnerIsAPersonACompanyTheStateOrAnEstate(t *testing.T) {
	record := func(owners ...residence.Owner) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Record(domaintest.Command(), residence.RecordDwelling{
				DwellingID: flat, Identity: residence.Identity{RKA: "0201300012345678", KATO: "750000000"},
				Address: "Алматы, Абай 1", Owners: owners,
			})
		}
	}
	with := func(o residence.Owner, change func(*residence.Owner)) residence.Owner {
		change(&o)
		return o
	}
	half := func(o *residence.Owner) { o.Share = "1/2" }
	recorded := func(owners_ ...residence.Owner) []domain.Event {
		return append(theFlat(), owners("2026-03-15", owners_...))
	}
	type spec = domaintest.Spec[residence.Dwelling]
	specs := []spec{
		{Name: "R40 the state, by the body that manages it", When: record(akimat), Then: recorded(akimat)},
		{Name: "R40 a company, with who speaks for it", When: record(agent(firm, daur)), Then: recorded(agent(firm, daur))},
		{Name: "R40 an estate, with its executor", When: record(agent(heirs, daur)), Then: recorded(agent(heirs, daur))},
		{
			Name: "R40 a person and an estate",
			When: record(residence.Owner{PersonID: aigul, Share: "1/2"}, with(heirs, half)),
			Then: recorded(residence.Owner{PersonID: aigul, Share: "1/2"}, with(heirs, half)),
		},
		{
			Name: "R40 the name in its written form",
			When: record(with(firm, func(o *residence.Owner) { o.Name = " Баспана  ЖШС" })), Then: recorded(firm),
		},
		{
			Name: "R40 a company twice", When: record(with(firm, half), with(agent(firm, daur), half)),
			Refused: domain.CodeNamedTwice, Field: "owners[1].bin",
		},
		{
			Name: "R40 an estate twice", When: record(with(heirs, half), with(heirs, half)),
			Refused: domain.CodeNamedTwice, Field: "owners[1].deceased_id",
		},
	}
	for _, c := range []struct {
		name  string
		owner residence.Owner
		code  domain.Code
		field string
	}{
		{"nobody", residence.Owner{}, domain.CodeRequired, "person_id"},
		{"another kind", residence.Owner{Kind: "church"}, domain.CodeValueUnknown, "kind"},
		{"a person with a BIN", residence.Owner{PersonID: aigul, BIN: bin}, domain.CodeMemberNotAllowed, "bin"},
		{"a person with an agent", residence.Owner{PersonID: aigul, AgentID: daur}, domain.CodeMemberNotAllowed, "agent_id"},
		{"a company without a BIN", with(firm, func(o *residence.Owner) { o.BIN = "" }), domain.CodeRequired, "bin"},
		{"a wrong BIN", with(firm, func(o *residence.Owner) { o.BIN = "160440007162" }), domain.CodeBINControlDigit, "bin"},
		{"a company without a name", with(firm, func(o *residence.Owner) { o.Name = "" }), domain.CodeRequired, "name"},
		{"a name of spaces", with(firm, func(o *residence.Owner) { o.Name = " " }), domain.CodeRequired, "name"},
		{"a state that is a person", with(akimat, func(o *residence.Owner) { o.PersonID = aigul }), domain.CodeMemberNotAllowed, "person_id"},
		{"an estate of nobody", residence.Owner{Kind: residence.Estate}, domain.CodeRequired, "deceased_id"},
		{"an estate with a BIN", with(heirs, func(o *residence.Owner) { o.BIN = bin }), domain.CodeMemberNotAllowed, "bin"},
		{"an agent without the document", with(firm, func(o *residence.Owner) { o.AgentID = daur }), domain.CodeValueUnknown, "authority.type"},
		{"a document without an agent", with(firm, func(o *residence.Owner) { o.Authority = paper }), domain.CodeMemberNotAllowed, "authority"},
	} {
		specs = append(specs, spec{
			Name: "R40 not " + c.name, When: record(c.owner), Refused: c.code, Field: "owners[0]." + c.field,
		})
	}
	domaintest.Run(t, specs)
}

func TestR41_OwnersFromAPastDayWithTheRecord(t *testing.T) {
	record := func(since string, owners ...residence.Owner) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Record(domaintest.Command(), residence.RecordDwelling{
				DwellingID: flat, Identity: residence.Identity{RKA: "0201300012345678", KATO: "750000000"},
				Address: "Алматы, Абай 1", Owners: owners, OwnersSince: day(since),
			})
		}
	}
	own := residence.Owner{PersonID: aigul}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R41 from a past day", When: record("1998-05-02", own), Then: append(theFlat(), owners("1998-05-02", own))},
		{
			Name: "R41 not from tomorrow", When: record("2026-03-16", own),
			Refused: domain.CodeDateInFuture, Field: "owners_since",
		},
		{
			Name: "R41 not where nobody is named", When: record("1998-05-02"),
			Refused: domain.CodeMemberNotAllowed, Field: "owners_since",
		},
	})
}

func TestR52_WhoCanBeAnOwnerOrSpeakForOne(t *testing.T) {
	person := func(h history) *residence.Person { return h.fold() }
	lives, teen := person(resident()), person(recorded(erlan, residence.Citizen, "2010-01-01"))
	dead := person(resident().dead("2026-03-01"))
	guarded := person(resident().guardedBy(erlan))
	owner := residence.Owner{PersonID: aigul}.Named()[0]
	agent := agent(firm, aigul).Named()[0]
	estate := residence.Owner{Kind: residence.Estate, DeceasedID: aigul}.Named()[0]
	ages := rulestest.Newest(t).On(today).Ages
	for _, c := range []struct {
		name string
		as   residence.NamedOwner
		is   *residence.Person
		on   string
		code domain.Code
	}{
		{"an owner from the day of birth", owner, lives, "1990-01-01", ""},
		{"not from the day before", owner, lives, "1989-12-31", domain.CodeBeforeBirth},
		{"a minor owns", owner, teen, "2026-01-01", ""},
		{"an owner until the death", owner, dead, "2026-03-01", ""},
		{"not from the day after", owner, dead, "2026-03-02", domain.CodePersonDead},
		{"nobody unknown", owner, &residence.Person{}, "2026-01-01", domain.CodePersonUnknown},
		{"an estate from the day of the death", estate, dead, "2026-03-01", ""},
		{"not from the day before", estate, dead, "2026-02-28", domain.CodePersonNotDead},
		{"no estate of the living", estate, lives, "2026-03-01", domain.CodePersonNotDead},
		{"an agent", agent, lives, "1980-01-01", ""},
		{"no agent who is a minor", agent, teen, "2026-01-01", domain.CodeRepresentative},
		{"nor one with a guardian", agent, guarded, "2026-01-01", domain.CodeRepresentative},
		{"nor one who has died", agent, dead, "2026-01-01", domain.CodePersonDead},
	} {
		t.Run("R52 "+c.name, func(t *testing.T) {
			err := c.as.Check(c.is, day(c.on), today, ages, "owners[0]")
			if domain.CodeOf(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
		})
	}
}

func TestR42_WhoConsentsForAnOwnerThatIsNoPerson(t *testing.T) {
	withGround := func(r *residence.Register) { r.ConsentGround = paper }
	consent := func(ids ...domain.PersonID) func(*residence.Register) {
		return func(r *residence.Register) {
			for _, id := range ids {
				r.Consents = append(r.Consents, residence.Consent{PersonID: id})
			}
		}
	}
	dead := func(ids ...domain.PersonID) func(*residence.Register) {
		return func(r *residence.Register) { r.Dead = ids }
	}
	on := func(from string) func(*residence.Register) {
		return func(r *residence.Register) { r.From = day(from) }
	}
	let := func(r *residence.Register) {
		r.Dwelling.Lease = &residence.LeaseBegan{DwellingID: flat, PersonID: daur, Family: []domain.PersonID{aigul}, On: day("2026-01-01")}
	}
	daurs, erlans := residence.Owner{PersonID: daur}, residence.Owner{PersonID: erlan}
	sold := []domain.Event{owners("2020-01-01", daurs), owners("2026-03-10", erlans)}
	for _, c := range []struct {
		name   string
		titles []domain.Event
		change []func(*residence.Register)
		code   domain.Code
		field  string
	}{
		{"the agent consents for the company", []domain.Event{owners("2026-01-01", agent(firm, daur))}, of(consent(daur)), "", ""},
		{"the agent who registers consents by applying", []domain.Event{owners("2026-01-01", agent(firm, aigul))}, nil, "", ""},
		{"the agent has not consented", []domain.Event{owners("2026-01-01", agent(firm, daur))}, nil, domain.CodeOwnersConsent, "consents"},
		{"a company without an agent", []domain.Event{owners("2026-01-01", firm)}, of(consent(daur)), domain.CodeNobodyConsents, "dwelling_id"},
		{"heirs without an executor", []domain.Event{owners("2026-01-01", heirs)}, of(consent(erlan)), domain.CodeNobodyConsents, "dwelling_id"},
		{"a document in the place of the company", []domain.Event{owners("2026-01-01", firm)}, of(withGround), "", ""},
		{"a document where no owner is recorded", nil, of(withGround), "", ""},
		{"no document where an owner can be asked", []domain.Event{owners("2026-01-01", daurs)}, of(consent(daur), withGround), domain.CodeMemberNotAllowed, "consent_ground"},
		{"nor where one of two has not been asked", []domain.Event{owners("2026-01-01", daurs, firm)}, of(withGround), domain.CodeOwnersConsent, "consents"},
		{"one consents, and a document is in the place of the other", []domain.Event{owners("2026-01-01", daurs, firm)}, of(consent(daur), withGround), "", ""},
		{"a document that is not named whole", nil, of(func(r *residence.Register) { r.ConsentGround = domain.Basis{Number: "7"} }), domain.CodeValueUnknown, "consent_ground.type"},
		{"a dead owner", []domain.Event{owners("2026-01-01", daurs)}, of(dead(daur), consent(daur)), domain.CodeNobodyConsents, "dwelling_id"},
		{"a document in the place of a dead owner", []domain.Event{owners("2026-01-01", daurs)}, of(dead(daur), withGround), "", ""},
		{"a dead agent", []domain.Event{owners("2026-01-01", agent(firm, daur))}, of(dead(daur)), domain.CodeNobodyConsents, "dwelling_id"},
		{"the tenant for a company without an agent", []domain.Event{owners("2026-01-01", firm)}, of(let, consent(daur)), "", ""},
		{"a tenant who has not consented", []domain.Event{owners("2026-01-01", firm)}, of(let), domain.CodeOwnersConsent, "consents"},
		{"a dead tenant", nil, of(let, dead(daur)), domain.CodeNobodyConsents, "dwelling_id"},
		{"the owner of today", sold, of(consent(erlan)), "", ""},
		{"the owner of that day as well", sold, of(on("2026-03-09"), consent(erlan)), domain.CodeOwnersConsent, "consents"},
		{"but not that one alone", sold, of(on("2026-03-09"), consent(daur)), domain.CodeOwnersConsent, "consents"},
		{"both of them", sold, of(on("2026-03-09"), consent(daur, erlan)), "", ""},
		{"the first owners for a day before them", sold[:1], of(on("2019-12-31"), consent(daur)), "", ""},
	} {
		t.Run("R42 "+c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](append(theFlat(), c.titles...)...)
			r := residence.Register{
				RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Dwelling: d,
			}
			for _, change := range c.change {
				change(&r)
			}
			events, err := resident().fold().Register(domaintest.Command(), r)
			if c.code != "" {
				domaintest.Refused(t, events, err, c.code, c.field)
				return
			}
			domaintest.Happened(t, events, err, residence.RegistrationBegan{
				PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: r.From,
				Consents: r.Consents, ConsentGround: r.ConsentGround,
			})
		})
	}
	t.Run("R42 a lifted demand for consents asks for no document", func(t *testing.T) {
		free := rulestest.Book(t, "2026-01-01", `"owners_consent":true`, `"owners_consent":false`)
		_, err := resident().fold().Register(domaintest.Command(), residence.Register{
			RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Rules: free,
			Dwelling: domaintest.Fold[residence.Dwelling](theFlat()...),
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestR54_AConsentIsOfADayOnWhichItsGiverCould: by owner, agent or tenant, and after their birth.
func TestR54_AConsentIsOfADayOnWhichItsGiverCould(t *testing.T) {
	daurs, erlans := residence.Owner{PersonID: daur}, residence.Owner{PersonID: erlan}
	sold := []domain.Event{owners("2020-01-01", daurs), owners("2026-03-10", erlans)}
	let := &residence.LeaseBegan{DwellingID: flat, PersonID: erlan, On: day("2026-03-05")}
	for _, c := range []struct {
		name   string
		titles []domain.Event
		lease  *residence.LeaseBegan
		by     domain.PersonID
		on     string
		early  bool
	}{
		{"an owner from their first day", sold, nil, erlan, "2026-03-10", false},
		{"not from the day before", sold, nil, erlan, "2026-03-09", true},
		{"on no day that is stated", sold, nil, erlan, "", false},
		{"the first owners before their record", sold[:1], nil, daur, "2019-12-31", false},
		{"an agent from the day on which they speak", append(sold[:1:1], owners("2026-03-10", agent(firm, erlan))), nil, erlan, "2026-03-10", false},
		{"no agent before", append(sold[:1:1], owners("2026-03-10", agent(firm, erlan))), nil, erlan, "2026-03-09", true},
		{"an owner who had the dwelling before", append(sold[:2:2], owners("2026-03-12", daurs)), nil, daur, "2026-03-11", false},
		{"the tenant from the day of the lease", sold[:1], let, erlan, "2026-03-05", false},
		{"no tenant before", sold[:1], let, erlan, "2026-03-04", true},
		{"an owner who was the tenant", sold, let, erlan, "2026-03-05", false},
		{"whoever else consents", sold[:1], nil, domaintest.ID[domain.PersonID]("guest"), "2026-03-04", false},
	} {
		t.Run("R54 "+c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](append(theFlat(), c.titles...)...)
			d.Lease = c.lease
			given := residence.Consent{PersonID: c.by}
			if c.on != "" {
				given.GivenOn = day(c.on)
			}
			events, err := resident().fold().Register(domaintest.Command(), residence.Register{
				RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Dwelling: d,
				Consents: []residence.Consent{given},
			})
			if c.early {
				domaintest.Refused(t, events, err, domain.CodeConsentTooEarly, "consents[0].given_on")
			} else if domain.CodeOf(err) == domain.CodeConsentTooEarly {
				t.Error(err)
			}
		})
	}
	born := &residence.Person{ID: daur, BirthDate: day("1990-05-17")}
	for on, code := range map[string]domain.Code{"1990-05-16": domain.CodeBeforeBirth, "1990-05-17": ""} {
		if err := (residence.Consent{PersonID: daur, GivenOn: day(on)}).CheckGiver(born, "given_on"); domain.CodeOf(err) != code {
			t.Errorf("R54 given on %s: %v, want %q", on, err, code)
		}
	}
}

func of(changes ...func(*residence.Register)) []func(*residence.Register) { return changes }

func TestR40_TheAgentActsForTheOwnerInADeregistration(t *testing.T) {
	owned := func(list ...residence.Owner) func(*application) {
		return func(a *application) { a.dwelling = append(a.dwelling, owners("2026-03-14", list...)) }
	}
	person := residence.Owner{PersonID: aigul}
	portal := through(domain.ChannelPortal, domain.SignatureEDS)
	for _, c := range []struct {
		name     string
		a        *application
		code     domain.Code
		field    string
		coOwners []domain.PersonID
	}{
		{"at a desk the agent applies", applied(owned(agent(firm, aigul))), "", "", nil},
		{"not on the portal", applied(portal, owned(agent(firm, aigul))), domain.CodeApplicantNotOwner, "applicant_id", nil},
		{"whoever is no agent does not", applied(owned(agent(firm, daur))), domain.CodeApplicantNotOwner, "applicant_id", nil},
		{"the agent of a co-owner confirms", applied(portal, owned(person, agent(firm, erlan))), "", "", []domain.PersonID{erlan}},
		{"once for two", applied(portal, owned(person, agent(firm, erlan), agent(heirs, erlan))), "", "", []domain.PersonID{erlan}},
		{"a co-owner for whom nobody speaks", applied(portal, owned(person, firm)), domain.CodeNobodyConsents, "dwelling_id", nil},
		{"at a desk too", applied(owned(person, firm)), domain.CodeNobodyConsents, "dwelling_id", nil},
	} {
		t.Run("R40 "+c.name, func(t *testing.T) {
			events, err := c.a.receive()
			if c.code != "" {
				domaintest.Refused(t, events, err, c.code, c.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := events[0].(residence.DeregistrationApplied)
			if !slices.Equal(e.CoOwners, c.coOwners) {
				t.Errorf("asked are %v, want %v", e.CoOwners, c.coOwners)
			}
		})
	}
}

func TestR40_AgentsWhomAChangeOfOwnersConcerns(t *testing.T) {
	for name, c := range map[string]struct {
		former, owners []residence.Owner
		want           []domain.PersonID
	}{
		"named":                 {nil, []residence.Owner{agent(firm, daur)}, []domain.PersonID{daur}},
		"replaced":              {[]residence.Owner{agent(firm, daur)}, []residence.Owner{agent(firm, aigul)}, []domain.PersonID{daur, aigul}},
		"whose owner sells":     {[]residence.Owner{agent(firm, daur)}, []residence.Owner{{PersonID: aigul}}, []domain.PersonID{daur}},
		"who stays":             {[]residence.Owner{agent(firm, daur)}, []residence.Owner{agent(firm, daur)}, nil},
		"of an owner in person": {[]residence.Owner{{PersonID: aigul}}, []residence.Owner{{PersonID: daur}}, nil},
	} {
		if got := residence.Agents(c.former, c.owners); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if lose := residence.Losers([]residence.Owner{agent(firm, daur)}, nil); lose != nil {
		t.Errorf("%v lose what belongs to a company", lose)
	}
}
