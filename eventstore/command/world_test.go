package command_test

import (
	"context"
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

var (
	ctx = context.Background()

	aigul  = domaintest.ID[domain.PersonID]("aigul")  // owns the flat
	daur   = domaintest.ID[domain.PersonID]("daur")   // resides there
	erlan  = domaintest.ID[domain.PersonID]("erlan")  // stays there
	gulnar = domaintest.ID[domain.PersonID]("gulnar") // resides in the house
	saule  = domaintest.ID[domain.PersonID]("saule")  // of those who are five in the flat
	timur  = domaintest.ID[domain.PersonID]("timur")  // so is he
	flat   = domaintest.ID[domain.DwellingID]("flat")
	house  = domaintest.ID[domain.DwellingID]("house")
	list   = domaintest.ID[domain.ListID]("list")

	caseOfAigul   = domaintest.ID[domain.CaseID]("application of aigul")
	caseOfDaur    = domaintest.ID[domain.CaseID]("application of daur")
	secondOfAigul = domaintest.ID[domain.CaseID]("second application of aigul")
	eviction      = domaintest.ID[domain.CaseID]("deregistration")
	departure     = domaintest.ID[domain.CaseID]("deregistration with departure sheets")
	entryOfDaur   = domain.EntryID{UUID: domain.DeriveID(caseOfDaur.UUID, "entry")}
	entryOfAigul  = domain.EntryID{UUID: domain.DeriveID(caseOfAigul.UUID, "entry")}
)

// envelope is that of the command of that name.
func envelope(name string) domain.Command {
	o := domaintest.Command()
	o.ID, o.Digest = domaintest.ID[domain.CommandID](name), "digest of "+name
	return o
}

// act is something that a client orders.
type act struct {
	name   string
	log    *memoryLog // before it
	cmd    domain.Command
	do     func(*command.Handler, domain.Command, command.Options) (command.Receipt, error)
	caseID domain.CaseID // by which a process manager finishes it; zero where it has one step
	steps  []string      // what it appends, where it has a caseID
	refuse domain.Code   // what it answers, in the end; "" for a receipt
}

func (a act) on(l *memoryLog) (command.Receipt, error) {
	return a.do(newHandler(l), a.cmd, command.Options{})
}

func must(t testing.TB, name string, do func(domain.Command) (command.Receipt, error)) command.Receipt {
	t.Helper()
	r, err := do(envelope(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func recordPerson(h *command.Handler, id domain.PersonID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordPerson(ctx, cmd, residence.RecordPerson{
			PersonID: id, IIN: "999999000012", Name: "Name", BirthDate: domaintest.Day("1990-01-01"), Class: residence.Citizen,
		}, command.Options{})
	}
}

func register(
	h *command.Handler, p domain.PersonID, at domain.DwellingID, kind residence.Kind, opt command.Options,
) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		c := residence.Register{
			RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(cmd.ID.UUID, "registration")},
			DwellingID:     at, Kind: kind, From: domaintest.Today(), Consents: []residence.Consent{{PersonID: aigul}}, // who owns whatever there is
		}
		if kind == residence.Temporary {
			c.Until = c.From.AddMonths(6)
		}
		return h.Register(ctx, cmd, p, c, opt)
	}
}

func apply(h *command.Handler, id domain.CaseID, p domain.PersonID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.ReceiveApplication(ctx, cmd, housing.ReceiveApplication{
			CaseID: id, ListID: list, ApplicantID: p, Consent: true, Language: domain.Kazakh, Signature: domain.SignatureHandwritten,
			Service: housingtest.Service("body"),
		}, command.Options{})
	}
}

// nothingFound is an examination that finds the applicant in need.
var nothingFound = &housing.Examine{}

func approve(h *command.Handler, id domain.CaseID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.DecidePlacement(ctx, cmd, id, housing.Approve{Examine: nothingFound}, command.Options{})
	}
}

// remove takes an entry that is under review off the list.
func remove(h *command.Handler, id domain.EntryID, opt command.Options) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.RemoveEntry(ctx, cmd, list, housing.Remove{
			EntryID: id, Reason: housing.DwellingAcquired, Exemption: procedure.Dispense{Exemption: procedure.Urgency, Reasons: "because"},
		}, opt)
	}
}

func review(h *command.Handler, id domain.EntryID, opt command.Options) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.ReviewEntry(ctx, cmd, list, housing.Review{EntryID: id, Note: "n"}, opt)
	}
}

// removeReviewed opens a review of the entry and removes it.
func removeReviewed(t testing.TB, l *memoryLog, name string, id domain.EntryID) {
	t.Helper()
	h := newHandler(l)
	must(t, "review "+name, review(h, id, command.Options{}))
	must(t, "remove "+name, remove(h, id, command.Options{}))
}

var courtAct = housing.Act{
	Number:    "2-114/26",
	On:        domaintest.Day("2026-03-01"),
	InForceOn: domaintest.Day("2026-03-10"),
}

// contract is that by which Aigul gave her dwellings for service housing.
var contract = domain.Basis{
	Type: domain.DocumentOther, Number: "15/2026", IssuedOn: domaintest.Day("2026-03-01"), Issuer: "нотариус",
	SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

// world returns a log with four persons, two dwellings that are given for service housing, three registrations, a
// list with one entry and two open applications of Aigul.
func world(t testing.TB) *memoryLog {
	t.Helper()
	l := newLog()
	h := newHandler(l)
	for name, id := range map[string]domain.PersonID{"aigul": aigul, "daur": daur, "erlan": erlan, "gulnar": gulnar} {
		must(t, "record "+name, recordPerson(h, id))
	}
	for name, id := range map[string]domain.DwellingID{"flat": flat, "house": house} {
		must(t, "record "+name, func(cmd domain.Command) (command.Receipt, error) {
			return h.RecordDwelling(ctx, cmd, residence.RecordDwelling{
				DwellingID: id, Identity: rka(len(name)), Address: name, Owners: []residence.Owner{{PersonID: aigul, Share: "1/1"}},
			}, command.Options{})
		})
	}
	for name, id := range map[string]domain.DwellingID{"flat": flat, "house": house} {
		must(t, "aigul gives the "+name, func(cmd domain.Command) (command.Receipt, error) {
			cmd.BodyID = body.Default(domain.RoleCommission) // which keeps the list
			return h.TakeIntoStock(ctx, cmd, id, residence.TakeIntoStock{Basis: contract}, command.Options{})
		})
	}
	must(t, "daur resides in the flat", register(h, daur, flat, residence.Permanent, command.Options{}))
	must(t, "erlan stays in the flat", register(h, erlan, flat, residence.Temporary, command.Options{}))
	must(t, "gulnar resides in the house", register(h, gulnar, house, residence.Permanent, command.Options{}))
	must(t, "open the list", func(cmd domain.Command) (command.Receipt, error) {
		return h.OpenList(
			ctx,
			cmd,
			housing.OpenList{ListID: list, Body: "body", Settlement: "Алматы", Title: "title"},
			command.Options{},
		)
	})
	must(t, "aigul applies", apply(h, caseOfAigul, aigul))
	must(t, "daur applies", apply(h, caseOfDaur, daur))
	must(t, "aigul applies again", apply(h, secondOfAigul, aigul))
	must(t, "daur is placed", approve(h, caseOfDaur))
	return l
}

// signedBy is an electronic signature that is in order, as [signatures] knows it.
func signedBy(p domain.PersonID) command.Signed {
	return command.Signed{Text: []byte(`{"application":{}}`), CMS: p.UUID[:]}
}

// deregisterFive asks for five persons of whom one resides elsewhere; where the
// flat has further owners, on the portal, it waits for them.
func deregisterFive(
	channel domain.Channel,
) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
	return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
		cmd.Channel, opt.Signed = channel, signedBy(aigul)
		c := residence.ApplyForDeregistration{
			CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
			ApplicantID: aigul, Persons: []domain.PersonID{daur, gulnar, erlan, saule, timur}, Signature: domain.SignatureEDS,
		}
		if channel == domain.ChannelPortal {
			opt.Signed = signedBy(aigul)
		} else {
			c.Signature = domain.SignatureHandwritten
			c.Documents = []domain.Document{{Type: domain.DocumentIdentityCard, PersonID: aigul}, {Type: domain.DocumentApplication, Persons: c.Persons}}
		}
		return h.Deregister(ctx, cmd, c, opt)
	}
}

// deregister asks for three persons of whom one resides elsewhere.
func deregister(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	return h.Deregister(ctx, cmd, residence.ApplyForDeregistration{
		CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
		ApplicantID: aigul, Persons: []domain.PersonID{daur, gulnar, erlan}, Signature: domain.SignatureHandwritten,
		Documents: []domain.Document{
			{Type: domain.DocumentIdentityCard, PersonID: aigul},
			{Type: domain.DocumentApplication, Persons: []domain.PersonID{daur, gulnar, erlan}},
		},
	}, opt)
}

// deregisterOnPortal asks for the same persons; where the flat has further
// owners, it waits for them.
func deregisterOnPortal(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	cmd.Channel, opt.Signed = domain.ChannelPortal, signedBy(aigul)
	return h.Deregister(ctx, cmd, residence.ApplyForDeregistration{
		CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
		ApplicantID: aigul, Persons: []domain.PersonID{daur, gulnar, erlan}, Signature: domain.SignatureEDS,
	}, opt)
}

// removeThemselves is the owner's own deregistration on the portal.
func removeThemselves(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	cmd.Channel, opt.Signed = domain.ChannelPortal, signedBy(aigul)
	return h.Deregister(ctx, cmd, residence.ApplyForDeregistration{
		CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
		ApplicantID: aigul, Persons: []domain.PersonID{aigul}, Signature: domain.SignatureEDS,
	}, opt)
}

// depart deregisters who stays in the flat, with a departure sheet.
func depart(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	return h.Deregister(ctx, cmd, residence.ApplyForDeregistration{
		CaseID: departure, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
		ApplicantID: aigul, Persons: []domain.PersonID{daur, gulnar, erlan}, Signature: domain.SignatureHandwritten, DepartureSheet: true,
		Documents: []domain.Document{
			{Type: domain.DocumentIdentityCard, PersonID: aigul},
			{Type: domain.DocumentApplication, Persons: []domain.PersonID{daur, gulnar, erlan}},
		},
	}, opt)
}

var lateCase = domaintest.ID[domain.CaseID]("application of gulnar")

func reportFamily(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	family := []housing.FamilyMember{{PersonID: erlan, Relation: housing.DisabledChild}}
	return h.ReportChange(ctx, cmd, list, housing.ReportChange{
		EntryID: entryOfDaur, Kind: housing.FamilyChanged, Family: family, HappenedOn: domaintest.Today(),
		Papers: housingtest.Papers(nil, family),
	}, opt)
}

func endService(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	return h.EndService(ctx, cmd, list, housing.EndService{
		EntryID: entryOfDaur, On: domaintest.Today(), Basis: domaintest.Basis(), Reasons: "dismissed",
	}, opt)
}

// closeReview ends the review of Daur's family.
func closeReview(l *memoryLog, cmd domain.Command) (command.Receipt, error) {
	return newHandler(l).ReviewEntry(ctx, cmd, list, housing.Review{
		EntryID: entryOfDaur, Close: true, Note: "n", Accept: seen,
	}, command.Options{})
}

// seen accepts whatever the registry's own records say: most persons here have one birth date.
var seen = housing.Accept{Codes: housing.Contradictions, Reasons: "the commission has looked at it"}

var provision = domaintest.ID[domain.CaseID]("provision")

// provide gives a dwelling of one room to Daur's entry.
func provide(
	h *command.Handler, dwelling domain.DwellingID,
) func(domain.Command, command.Options) (command.Receipt, error) {
	return func(cmd domain.Command, opt command.Options) (command.Receipt, error) {
		return h.Provide(ctx, cmd, housing.Provide{
			CaseID: provision, ListID: list, EntryID: entryOfDaur, Dwelling: housing.ServiceDwelling{ID: dwelling, Area: 30, Rooms: 1},
			Need: checked, Minutes: "12",
		}, opt)
	}
}

// provideAndRegister gives the house to Daur's entry and registers him there.
func provideAndRegister(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
	return h.Provide(ctx, cmd, housing.Provide{
		CaseID: provision, ListID: list, EntryID: entryOfDaur, Dwelling: housing.ServiceDwelling{ID: house, Area: 30, Rooms: 1},
		Need: checked, Minutes: "12", Register: true,
	}, opt)
}

// provideTo gives the house to another entry.
func provideTo(entry domain.EntryID, name string) housing.Provide {
	return housing.Provide{
		CaseID: domaintest.ID[domain.CaseID](name), ListID: list, EntryID: entry,
		Dwelling: housing.ServiceDwelling{ID: house, Area: 30, Rooms: 1}, Need: checked, Minutes: "13",
	}
}

var checked = housing.NeedCheck{On: domaintest.Today(), Source: housing.FromDocuments, InNeed: true}

var lookedUp = housing.NeedCheck{
	On:     domaintest.Today(),
	Source: housing.FromSystems,
	Scope:  []housing.ConsentScope{housing.ScopeBenefits},
	InNeed: true,
}

// decidedAndLeft is a world in which a process decided to give the house to
// Daur and died before the next step.
func decidedAndLeft(t testing.TB) *memoryLog {
	t.Helper()
	l := world(t)
	l.faults(func(n int, _ string) error {
		if n > 1 {
			return errCrash
		}
		return nil
	}, nil)
	if _, err := provide(newHandler(l), house)(envelope("provide daur"), command.Options{}); err == nil {
		t.Fatal("the crash did not happen")
	}
	l.heal()
	return l
}

// acts are all that a client can order, each on a log of its own.
func acts(t testing.TB) []act {
	t.Helper()
	removed := world(t)
	removeReviewed(t, removed, "daur", entryOfDaur)

	// One application of Aigul was approved by a process that died before the
	// list placed the entry; then the other was placed.
	overtaken := world(t)
	overtaken.faults(func(n int, _ string) error {
		if n > 1 {
			return errCrash
		}
		return nil
	}, nil)
	if _, err := approve(newHandler(overtaken), caseOfAigul)(envelope("place aigul")); err == nil {
		t.Fatal("the crash did not happen")
	}
	overtaken.heal()
	must(t, "place aigul by the second application", approve(newHandler(overtaken), secondOfAigul))

	// The flat is to be Daur's, and waits for a second official.
	proposedSale := world(t)
	sale := proposeSale(t, newHandler(proposedSale), daur)

	// The flat has two owners, and Aigul has applied on the portal.
	owned := world(t)
	resell(t, newHandler(owned), aigul, gulnar)
	waiting := owned.copy()
	must(t, "aigul applies on the portal", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterOnPortal(newHandler(waiting), cmd, command.Options{})
	})
	answer := func(what residence.Answer) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
		return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			opt.Signed = signedBy(gulnar)
			return h.Answer(
				ctx,
				cmd,
				eviction,
				residence.AnswerApplication{PersonID: gulnar, Answer: what, Signature: domain.SignatureEDS},
				opt,
			)
		}
	}
	// Five are asked for, of whom four reside in the flat.
	five := world(t)
	for name, id := range map[string]domain.PersonID{"saule": saule, "timur": timur} {
		must(t, "record "+name, recordPerson(newHandler(five), id))
		must(
			t,
			name+" resides in the flat",
			register(newHandler(five), id, flat, residence.Permanent, command.Options{}),
		)
	}
	fiveOwned := five.copy()
	resell(t, newHandler(fiveOwned), aigul, gulnar)
	must(t, "aigul applies for five", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterFive(domain.ChannelPortal)(newHandler(fiveOwned), cmd, command.Options{})
	})
	const applied, confirmed, ended, decided = "case: DeregistrationApplied", "case: CoOwnerConfirmed", "residence: RegistrationEnded", "case: DeregistrationDecided"
	const refusedOne = "case: DeregistrationRefusalIssued"
	const decidedToProvide, let, letVoid, notProvided, provisionVoid = "case: ProvisionDecided", "dwelling: LeaseBegan", "dwelling: LeaseVoided", "queue: ProvisionDeclined", "case: ProvisionVoided"

	// The sheets of a departure, of which one is issued again or corrected.
	departed := world(t)
	left := must(t, "depart", func(cmd domain.Command) (command.Receipt, error) {
		return depart(newHandler(departed), cmd, command.Options{})
	})
	sheet := left.Events[len(left.Events)-1].Event.(residence.DepartureSheetIssued).CertificateID
	movedAway, evicted, ownHome := world(t), world(t), world(t)
	must(t, "aigul resides in the flat", register(newHandler(ownHome), aigul, flat, residence.Permanent, command.Options{}))
	stayOfDaur := stayOf(t, movedAway, daur)
	must(
		t,
		"daur moves to the house",
		register(newHandler(movedAway), daur, house, residence.Permanent, command.Options{}),
	)
	must(t, "deregister", func(cmd domain.Command) (command.Receipt, error) {
		return deregister(newHandler(evicted), cmd, command.Options{})
	})
	entryGone := decidedAndLeft(t)
	removeReviewed(t, entryGone, "daur", entryOfDaur)

	houseLet := decidedAndLeft(t)
	must(t, "gulnar applies", apply(newHandler(houseLet), lateCase, gulnar))
	must(t, "gulnar is placed", approve(newHandler(houseLet), lateCase))
	must(t, "the house goes to gulnar", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(houseLet).Provide(ctx, cmd, housing.Provide{
			CaseID: domaintest.ID[domain.CaseID](
				"another provision",
			), ListID: list, EntryID: domain.EntryID{UUID: domain.DeriveID(lateCase.UUID, "entry")},
			Dwelling: housing.ServiceDwelling{
				ID:    house,
				Area:  30,
				Rooms: 1,
			}, Need: checked, Documents: []housing.StatedDecline{{EntryID: entryOfDaur, Basis: domaintest.Basis()}}, Minutes: "13",
		}, command.Options{})
	})
	leased := world(t)
	must(t, "provide daur", func(cmd domain.Command) (command.Receipt, error) {
		return provide(newHandler(leased), house)(cmd, command.Options{})
	})
	taken := world(t)
	must(t, "take up", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(
			taken,
		).StepOnCase(ctx, cmd, caseOfAigul, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
			return c.TakeUp(cmd)
		}, command.Options{})
	})
	underReview := world(t)
	must(t, "review daur", review(newHandler(underReview), entryOfDaur, command.Options{}))
	onEntry := func(h *command.Handler, cmd domain.Command, opt command.Options, step func(*procedure.Case, procedure.Terms) ([]domain.Event, error)) (command.Receipt, error) {
		return h.StepOnEntry(ctx, cmd, list, entryOfDaur, domain.PersonID{}, step, opt)
	}
	there := world(t)
	must(
		t,
		"daur resides in the house",
		register(newHandler(there), daur, house, residence.Permanent, command.Options{}),
	)
	withRule := world(t)
	must(t, "set the rule", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(
			withRule,
		).SetPriorityRule(ctx, cmd, list, housing.SetPriorityRule{Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act 5"}, command.Options{})
	})
	withFamily := world(t)
	must(t, "daur has a family", func(cmd domain.Command) (command.Receipt, error) {
		return reportFamily(newHandler(withFamily), cmd, command.Options{})
	})
	serviceEnded := world(t)
	must(t, "the service of daur ends", func(cmd domain.Command) (command.Receipt, error) {
		return endService(newHandler(serviceEnded), cmd, command.Options{})
	})
	must(t, "the family is reviewed", func(cmd domain.Command) (command.Receipt, error) { return closeReview(withFamily, cmd) })
	years := func(cmd domain.Command, n int) domain.Command {
		cmd.Now = domaintest.Today().AddMonths(12 * n).AddDays(1).Start()
		return cmd
	}

	stranger := domaintest.ID[domain.PersonID]("stranger")
	hut := domaintest.ID[domain.DwellingID]("hut")
	other := domaintest.ID[domain.ListID]("another list")
	late := lateCase
	byRight, sms := challenged(t)
	byWrong := byRight.copy()
	return []act{
		{name: "sign with a one-time password", log: byRight, do: applyByCode(sms)},
		{
			name: "sign with a wrong code", log: byWrong, do: applyByCode(command.Message{ID: sms.ID, Text: "000000"}),
			refuse: domain.CodePasswordWrong,
		},
		{
			name: "record a person",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.RecordPerson(
					ctx,
					cmd,
					residence.RecordPerson{
						PersonID:  stranger,
						Name:      "Name",
						BirthDate: domaintest.Day("1990-01-01"),
						Class:     residence.Refugee,
					},
					opt,
				)
			},
		},
		{
			name: "record a dwelling with its owners",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.RecordDwelling(
					ctx,
					cmd,
					residence.RecordDwelling{DwellingID: hut, Identity: residence.Identity{RKA: rka(1).RKA, CadastralNumber: "21:318"}, Address: "a", Owners: []residence.Owner{{PersonID: aigul}}},
					opt,
				)
			},
		},
		{
			name: "change owners",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ChangeOwners(
					ctx,
					cmd,
					flat,
					residence.ChangeOwners{
						Owners: []residence.Owner{{PersonID: daur}}, On: domaintest.Today(), Basis: domaintest.Basis(),
					},
					opt,
				)
			},
		},
		{
			name: "R39 correct a change of owners",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.CorrectOwners(ctx, cmd, flat, residence.CorrectOwners{
					Corrects: domain.EventRef{Stream: flat.Stream(), Revision: 1}, Action: residence.Amend,
					Owners: []residence.Owner{{PersonID: gulnar, Share: "1/1"}}, Ground: residence.ClericalError, Reasons: "because",
					Basis: domaintest.Basis(), Accept: residence.OwnershipConsequences,
				}, opt)
			},
		},
		{
			name: "confirm a change of owners",
			log:  proposedSale,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				cmd.Actor = "desk-8"
				return h.AnswerProposal(
					ctx, cmd, flat, residence.AnswerProposal{ProposalID: sale, Confirm: true}, opt,
				)
			},
		},
		{
			name: "register",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return register(h, aigul, flat, residence.Permanent, opt)(cmd)
			},
		},
		{
			name: "move",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return register(h, daur, house, residence.Permanent, opt)(cmd)
			},
		},
		{
			name: "correct the past",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				r, _, err := h.Correct(ctx, cmd, daur, residence.Correct{
					Ground: residence.ClericalError, Reasons: "because", Accept: []domain.Code{domain.CodeLeavesWithoutResidence},
					Changes: []residence.Change{
						{
							Fact:   residence.FactName{Event: domain.EventRef{Stream: daur.Stream(), Revision: 1}},
							Action: residence.Annul,
						},
					},
				}, opt)
				return r, err
			},
		},
		{
			name: "R14 insert in the place of another dwelling",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				r, _, err := h.Correct(ctx, cmd, daur, residence.Correct{
					Ground: residence.ClericalError, Reasons: "because",
					Changes: []residence.Change{{
						Fact: residence.FactName{
							Event: domain.EventRef{Stream: daur.Stream(), Revision: 1},
						}, Action: residence.Insert,
						RegistrationID: domaintest.ID[domain.RegistrationID]("inserted"), DwellingID: house,
					}},
				}, opt)
				return r, err
			},
		},
		{
			name: "R20 record a representative",
			log:  withChild(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.RecordRepresentative(ctx, cmd, child, gulnar, residence.RecordRepresentative{Kind: residence.Parent}, opt)
			},
		},
		{
			name: "R20 end a representation",
			log:  family(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.EndRepresentation(
					ctx,
					cmd,
					child,
					residence.EndRepresentation{RepresentativeID: gulnar, Reasons: "because"},
					opt,
				)
			},
		},
		{
			name: "R20 leave a child behind",
			log:  family(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return register(h, gulnar, flat, residence.Permanent, opt)(cmd)
			},
		},
		{
			name:   "deregister several",
			log:    world(t),
			caseID: eviction,
			do:     deregister,
			steps:  []string{applied, ended, ended, decided, refusedOne},
		},
		{name: "R23 deregister five", log: five, caseID: eviction, do: deregisterFive(domain.ChannelStateCorp),
			steps: []string{applied, ended, ended, ended, ended, decided, refusedOne}},
		{
			name:   "R6 the last co-owner confirms for five",
			log:    fiveOwned,
			caseID: eviction,
			do:     answer(residence.AnswerConfirm),
			steps:  []string{confirmed, ended, ended, ended, ended, decided, refusedOne},
		},
		{
			name:   "apply, and wait for a co-owner",
			log:    owned,
			caseID: eviction,
			do:     deregisterOnPortal,
			steps:  []string{applied},
		},
		{
			name:   "the last co-owner confirms",
			log:    waiting,
			caseID: eviction,
			do:     answer(residence.AnswerConfirm),
			steps:  []string{confirmed, ended, ended, decided, refusedOne},
		},
		{
			name:   "a co-owner declines",
			log:    waiting.copy(),
			caseID: eviction,
			do:     answer(residence.AnswerDecline),
			steps:  []string{"case: CoOwnerDeclined", decided, refusedOne, refusedOne, refusedOne},
		},
		{name: "deregister with departure sheets", log: world(t), caseID: departure, do: depart,
			steps: []string{
				applied,
				ended,
				ended,
				decided,
				refusedOne,
				"case: DepartureSheetIssued",
				"case: DepartureSheetIssued",
			}},
		{
			name: "R22 an owner removes themselves", log: ownHome, caseID: eviction, do: removeThemselves,
			steps: []string{applied, ended, decided},
		},
		{name: "R17 a departure sheet of a move", log: movedAway, do: sheetOf(daur, stayOfDaur)},
		{name: "R17 a sheet of a deregistration, asked for later", log: evicted, do: sheetOf(daur, stayOfDaur)},
		{
			name: "issue a sheet again",
			log:  departed.copy(),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.DuplicateCertificate(ctx, cmd, departure.Stream(), sheet, opt)
			},
		},
		{
			name: "correct a document",
			log:  departed,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.CorrectCertificate(ctx, cmd, departure.Stream(), certificates.Correct{
					CertificateID: sheet, Corrections: []certificates.Correction{{Field: certificates.Name, Value: "Erlan"}}, Slip: "a letter",
				}, opt)
			},
		},
		{
			name: "open a list",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.OpenList(ctx, cmd, housing.OpenList{ListID: other, Body: "body", Settlement: "Алматы", Title: "another"}, opt)
			},
		},
		{
			name: "apply for service housing",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ReceiveApplication(
					ctx,
					cmd,
					housing.ReceiveApplication{
						CaseID:      late,
						ListID:      list,
						ApplicantID: gulnar,
						Signature:   domain.SignatureHandwritten,
					},
					opt,
				)
			},
		},
		{name: "place", log: world(t), caseID: caseOfAigul, steps: []string{
			"case: ReviewBegan", "case: NeedExamined", "case: PlacementApproved", "queue: EntryPlaced", "case: PlacementCertified",
		}, do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			return h.DecidePlacement(ctx, cmd, caseOfAigul, housing.Approve{Examine: nothingFound}, opt)
		}},
		{
			name:   "the list refuses to place",
			log:    overtaken,
			cmd:    envelope("place aigul"),
			caseID: caseOfAigul,
			refuse: domain.CodeAlreadyOnList,
			steps:  []string{"case: PlacementApprovalVoided"},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.DecidePlacement(ctx, cmd, caseOfAigul, housing.Approve{Examine: nothingFound}, opt)
			},
		},
		{
			name:  "Q10 examine",
			log:   taken,
			steps: []string{"case: NeedExamined"},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.Examine(
					ctx,
					cmd,
					caseOfAigul,
					housing.Examine{
						Findings: []housing.Finding{
							{Kind: housing.FoundBelowNorms, PersonID: aigul, Source: housing.FromSystems},
						},
					},
					opt,
				)
			},
		},
		{name: "C20 C21 place by what was looked up", log: world(t), caseID: caseOfAigul, steps: []string{
			"access: PersonalDataRead", "case: ReviewBegan", "case: NeedExamined", "case: PlacementApproved", "queue: EntryPlaced", "case: PlacementCertified",
		}, do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			return h.DecidePlacement(ctx, cmd, caseOfAigul, housing.Approve{Examine: &housing.Examine{
				Lookups: []housing.Lookup{
					{PersonID: aigul, Scope: housing.ScopeRealEstate},
					{PersonID: aigul, Scope: housing.ScopeHealth},
				},
			}}, opt)
		}},
		{
			name:   "C20 C21 provide by what was looked up of a family",
			log:    withFamily.copy(),
			caseID: provision,
			steps: []string{
				"access: PersonalDataRead", "access: PersonalDataRead", decidedToProvide, let, "queue: EntryProvided", "case: ProvisionCompleted",
			},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.Provide(ctx, cmd, housing.Provide{
					CaseID: provision, ListID: list, EntryID: entryOfDaur, Dwelling: housing.ServiceDwelling{ID: house, Area: 30, Rooms: 1}, Need: lookedUp, Minutes: "12",
				}, opt)
			},
		},
		{
			name: "C20 C21 transfer by what was looked up",
			log:  withFamily.copy(),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.TransferEntry(
					ctx,
					cmd,
					list,
					housing.Transfer{
						EntryID:  entryOfDaur,
						PersonID: erlan,
						Cause:    housing.HolderDied,
						On:       domaintest.Today(),
						Need:     lookedUp,
						Accept:   seen,
					},
					opt,
				)
			},
		},
		{
			name:  "C20 withdraw the consent of an application",
			log:   world(t),
			steps: []string{"case: LookupConsentWithdrawn"},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ChangeApplicationConsent(ctx, cmd, caseOfAigul, housing.ChangeConsent{}, opt)
			},
		},
		{name: "refuse by an examination that comes with it", log: world(t), caseID: caseOfAigul, steps: []string{
			"case: ReviewBegan", "case: HearingDispensed", "case: NeedExamined", "case: HousingApplicationRefused",
		}, do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			return h.RefuseApplication(ctx, cmd, caseOfAigul, housing.Refuse{
				Ground: housing.RequirementsNotMet, Reasons: "because", Exemption: procedure.Dispense{Exemption: procedure.Urgency, Reasons: "because"},
				Examine: &housing.Examine{
					Findings: []housing.Finding{
						{Kind: housing.FoundStateDwelling, PersonID: aigul, Source: housing.FromDocuments},
					},
				},
			}, opt)
		}},
		{name: "refuse", log: world(t), caseID: caseOfAigul, steps: []string{
			"case: ReviewBegan", "case: HearingDispensed", "case: HousingApplicationRefused",
		}, do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			return h.RefuseApplication(ctx, cmd, caseOfAigul, housing.Refuse{
				Ground: housing.UntrueDocuments, Reasons: "because", Exemption: procedure.Dispense{Exemption: procedure.Urgency, Reasons: "because"},
			}, opt)
		}},
		{
			name: "Q15 remove",
			log:  underReview,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return remove(h, entryOfDaur, opt)(cmd)
			},
		},
		{
			name: "reinstate",
			log:  removed,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ReinstateEntry(
					ctx,
					cmd,
					list,
					housing.Reinstate{EntryID: entryOfDaur, Ground: housing.CourtAct, Act: courtAct},
					opt,
				)
			},
		},
		{
			name:   "Q20 provide",
			log:    world(t),
			caseID: provision,
			steps:  []string{decidedToProvide, let, "queue: EntryProvided", "case: ProvisionCompleted"},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return provide(h, house)(cmd, opt)
			},
		},
		{name: "Q20 provide and register", log: world(t), caseID: provision, do: provideAndRegister, steps: []string{
			decidedToProvide, let, "queue: EntryProvided", ended, "residence: RegistrationBegan", "case: ProvisionCompleted",
		}},
		{name: "Q20 provide and not register", log: there, caseID: provision, do: provideAndRegister, steps: []string{
			decidedToProvide, let, "queue: EntryProvided", "residence: RegistrationDeclined", "case: ProvisionCompleted",
		}},
		{
			name:   "Q19 the list declines to provide",
			log:    entryGone,
			cmd:    envelope("provide daur"),
			caseID: provision,
			refuse: domain.CodeEntryNotActive,
			steps:  []string{let, notProvided, letVoid, provisionVoid},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return provide(h, house)(cmd, opt)
			},
		},
		{
			name:   "Q20 the dwelling declines to be let",
			log:    houseLet,
			cmd:    envelope("provide daur"),
			caseID: provision,
			refuse: domain.CodeDwellingLeased,
			steps:  []string{provisionVoid},
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return provide(h, house)(cmd, opt)
			},
		},
		{
			name: "Q20 end a lease",
			log:  leased,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.EndLease(
					ctx,
					cmd,
					house,
					residence.EndLease{Reason: residence.DwellingReturned, On: domaintest.Today()},
					opt,
				)
			},
		},
		{
			name: "Q17 redate",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.RedateEntry(
					ctx,
					years(cmd, 1),
					list,
					housing.Redate{EntryID: entryOfDaur, GroundArose: domaintest.Today().AddDays(30), Reasons: "n"},
					opt,
				)
			},
		},
		{
			name: "Q16 transfer",
			log:  withFamily,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.TransferEntry(
					ctx,
					cmd,
					list,
					housing.Transfer{
						EntryID:  entryOfDaur,
						PersonID: erlan,
						Cause:    housing.HolderDied,
						On:       domaintest.Today(),
						Need:     checked,
						Accept:   seen,
					},
					opt,
				)
			},
		},
		{
			name: "Q15a protect",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ProtectEntry(
					ctx,
					cmd,
					list,
					housing.Protect{EntryID: entryOfDaur, Category: housing.ProtectedOrphan, Because: "n"},
					opt,
				)
			},
		},
		{
			name: "Q8 set a priority rule",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.SetPriorityRule(ctx, cmd, list, housing.SetPriorityRule{Basis: "act 5"}, opt)
			},
		},
		{
			name: "Q8 prioritise",
			log:  withRule,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.PrioritiseEntry(
					ctx,
					cmd,
					list,
					housing.Prioritise{EntryID: entryOfDaur, Category: housing.PriorityOrphan},
					opt,
				)
			},
		},
		{
			name: "Q23 confirm",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ConfirmInventory(
					ctx,
					years(cmd, 1),
					list,
					housing.ConfirmInventory{EntryID: entryOfDaur, On: domaintest.Today().AddDays(300)},
					opt,
				)
			},
		},
		{
			name: "Q23 take the inventory",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.TakeInventory(ctx, years(cmd, 1), list, opt)
			},
		},
		{
			name: "Q23 review",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return review(h, entryOfDaur, opt)(cmd)
			},
		},
		{
			name: "Q15 C8 announce a hearing",
			log:  underReview.copy(),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return onEntry(h, cmd, opt, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
					return c.AnnounceHearing(cmd, "n", t)
				})
			},
		},
		{
			name: "Q15 C12 complain",
			log:  removed.copy(),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return onEntry(h, cmd, opt, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
					return c.FileComplaint(cmd, procedure.Filing{ID: "1", By: c.ApplicantID, Grounds: "n"}, t)
				})
			},
		},
		{
			name: "Q18 report a change",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return reportFamily(h, cmd, opt)
			},
		},
		{
			name: "Q42 the service ends",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return endService(h, cmd, opt)
			},
		},
		{
			name: "Q42 the end of a service is undone",
			log:  serviceEnded,
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.UndoServiceEnd(ctx, cmd, list, housing.UndoServiceEnd{
					EntryID: entryOfDaur, End: domain.EventRef{Stream: list.Stream(), Revision: uint64(len(serviceEnded.stream(list.Stream())) - 2)},
					Basis: domaintest.Basis(), Reasons: "a namesake",
				}, opt)
			},
		},
		{
			name: "Q26 leave the list",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.LeaveList(ctx, cmd, list, housing.Leave{EntryID: entryOfDaur, Basis: domaintest.Basis()}, opt)
			},
		},
		{
			name: "Q25 decline a dwelling",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.DeclineDwelling(ctx, cmd, list, housing.DeclineDwelling{
					EntryID: entryOfDaur, DwellingID: house, Basis: domaintest.Basis(),
				}, opt)
			},
		},
		{
			name: "Q22 withdraw consent",
			log:  world(t),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.ChangeConsent(ctx, cmd, list, housing.ChangeConsent{EntryID: entryOfDaur}, opt)
			},
		},
		{
			name: "Q15 give notice",
			log:  removed.copy(),
			do: func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
				return h.GiveNotice(
					ctx,
					cmd,
					list,
					housing.GiveNotice{EntryID: entryOfDaur, Grounds: "n", On: domaintest.Today()},
					opt,
				)
			},
		},
	}
}
