package documents

import (
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

var languages = []domain.Language{domain.Kazakh, domain.Russian, domain.English}

// one returns a document of the kind with every fact that the kind has.
func one(kind certificates.Kind, language domain.Language) Document {
	d := Document{
		Kind: kind, Service: domain.S000, Language: language, Number: "S000-2026-7K3M-9QWE-R5T2", IssuedOn: domaintest.Today(), Version: 1,
		Name: "Айгүл Серікқызы Әбдіхалықова", BirthDate: domaintest.Day("1990-05-17"), IIN: "999999000012",
		CheckCode: "7K3M9QWER5T2ABCDEFGHJKMNPQRS",
		CheckURL:  "https://tizilim.example/v1/certificates/check/7K3M-9QWE-R5T2-ABCD-EFGH-JKMN-PQRS",
	}
	d.Signer = certificates.Signer{
		Account: "astana-1", Name: "Бауыржан Сейітұлы Қасымжанов", Office: body.Deputy,
		Body: body.Names{Kazakh: "Астана комиссиясы", Russian: "Комиссия Астаны", English: "Commission of Astana"},
	}
	switch kind {
	case certificates.Placement, certificates.Refusal:
		d.Minutes = &domain.Minutes{Number: "12", Day: domaintest.Today(), Present: []domain.Attendance{
			{Vote: domain.VotedFor}, {Vote: domain.VotedFor}, {Vote: domain.VotedAgainst}, {Vote: domain.Abstained},
		}}
		d.Body, d.Settlement, d.ListTitle = "ҚР Қорғаныс министрлігі", "Астана", "Қызметтік тұрғын үйге мұқтаждар, Астана гарнизоны"
	}
	switch kind {
	case certificates.Placement:
		d.RegisteredOn, d.Ordinal = domaintest.Day("2026-03-14"), 417
	case certificates.Refusal:
		d.Ground, d.Reasons = housing.RequirementsNotMet, "Өтініш берушінің осы елді мекенде меншік тұрғын үйі бар: 1/1 үлес, 2019 жылдан бері."
	case certificates.DepartureSheet:
		d.Service, d.Number = domain.S001, "S001-2026-7K3M-9QWE-R5T2"
		d.Address, d.Stay = "Астана, Мәңгілік Ел даңғылы, 8-үй, 12-пәтер", residence.Permanent
		d.EndedOn, d.EndedFor = domaintest.Day("2026-03-13"), residence.DepartureAbroad
	case certificates.NotRemoved:
		d.Service, d.Number = domain.S001, "S001-2026-7K3M-9QWE-R5T2"
		d.Address, d.Refused = "Астана, Мәңгілік Ел даңғылы, 8-үй, 12-пәтер", domain.CodeNotRegisteredHere
	case certificates.Talon:
		d.Service, d.Number = domain.S001, "S001-2026-7K3M-9QWE-R5T2"
		d.ReceivedAt, d.RegisteredAt, d.Deadline = domaintest.Noon(), domaintest.Noon().
			Add(21*time.Hour),
			domaintest.Noon().
				Add(30*time.Minute)
		d.Channel, d.Acceptor, d.AcceptedAs = domain.ChannelStateCorp, "desk-7", domain.RoleOperator
	}
	return d
}

// all returns one document of every kind in every language.
func all() []Document {
	var list []Document
	for _, kind := range certificates.Kinds {
		for _, language := range languages {
			list = append(list, one(kind, language))
		}
	}
	return list
}
