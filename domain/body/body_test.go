package body_test

import (
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
)

var (
	id     = domaintest.ID[domain.BodyID]("commission of Astana")
	above  = domaintest.ID[domain.BodyID]("ministry")
	person = domaintest.ID[domain.PersonID]("official")
	other  = domaintest.ID[domain.PersonID]("another official")
	names  = body.Names{Kazakh: "Комиссия", Russian: "Комиссия", English: "Commission"}
)

func day(text string) domain.Date { return domaintest.Day(text) }

func command() domain.Command {
	return domain.Command{Actor: "admin", Role: domain.RoleAdministrator, Now: domaintest.Noon()}
}

// given returns the body after the events.
func given(events ...domain.Event) *body.Body {
	b := &body.Body{}
	for i, e := range events {
		b.Apply(domain.Recorded{Revision: uint64(i), Event: e})
	}
	return b
}

func recorded() domain.Event {
	return body.Recorded{BodyID: id, Kind: body.Commission, Description: body.Description{Names: names}}
}

func appointed(p domain.PersonID, office body.Office, from, until string) domain.Event {
	e := body.OfficialAppointed{BodyID: id, PersonID: p, Office: office, From: day(from), Basis: "order 1"}
	if until != "" {
		e.Until = day(until)
	}
	return e
}

func opened(account string) domain.Event {
	return body.AccountOpened{BodyID: id, Account: account, PersonID: person}
}

func refused(t *testing.T, err error, code domain.Code, field string) {
	t.Helper()
	e, ok := err.(*domain.Error)
	if !ok || e.Code != code || e.Field != field {
		t.Errorf("got %v, want %s at %q", err, code, field)
	}
}

func TestABodyIsRecordedWithItsDescription(t *testing.T) {
	whole := body.Record{BodyID: id, Kind: body.Commission, Description: body.Description{
		Names: names, BIN: "160440007161", Territory: domain.Territory{"710000000"}, Parent: above,
	}, Above: body.Commission}
	events, err := given().Record(command(), whole)
	if err != nil {
		t.Fatal(err)
	}
	b := given(events...)
	if b.ID != id || b.Kind != body.Commission || b.Names != names || b.BIN != whole.BIN || b.Parent != above ||
		!b.Territory.Covers("711310000") || b.Territory.Covers("751110000") {
		t.Errorf("recorded as %+v", b)
	}

	for _, test := range []struct {
		name   string
		change func(*body.Record)
		code   domain.Code
		field  string
	}{
		{"of no kind", func(c *body.Record) { c.Kind = "ministry" }, domain.CodeValueUnknown, "kind"},
		{"without a Russian name", func(c *body.Record) { c.Names.Russian = " " }, domain.CodeRequired, "names.ru"},
		{"with a wrong BIN", func(c *body.Record) { c.BIN = "160440007162" }, domain.CodeBINControlDigit, "bin"},
		{"with a wrong KATO", func(c *body.Record) { c.Territory = domain.Territory{"71"} },
			domain.CodeKATOFormat, "territory[0]"},
		{"with a unit twice", func(c *body.Record) { c.Territory = domain.Territory{"710000000", "710000000"} },
			domain.CodeNamedTwice, "territory[1]"},
		{"below itself", func(c *body.Record) { c.Parent = id }, domain.CodeParentNotAllowed, "parent_id"},
		{"below an unknown body", func(c *body.Record) { c.Above = "" }, domain.CodeBodyUnknown, "parent_id"},
		{"below an administration", func(c *body.Record) { c.Above = body.Administration },
			domain.CodeParentNotAllowed, "parent_id"},
		{"below an audit office", func(c *body.Record) { c.Above = body.Audit },
			domain.CodeParentNotAllowed, "parent_id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := whole
			test.change(&c)
			_, err := given().Record(command(), c)
			refused(t, err, test.code, test.field)
		})
	}
	_, err = b.Record(command(), whole)
	refused(t, err, domain.CodeBodyRecorded, "")
}

func TestADescriptionReplacesTheEarlierOne(t *testing.T) {
	c := body.Describe{Description: body.Description{Names: names, Territory: domain.Territory{"710000000"}}}
	events, err := given(recorded()).Describe(command(), c)
	if err != nil {
		t.Fatal(err)
	}
	if b := given(append([]domain.Event{recorded()}, events...)...); len(b.Territory) != 1 {
		t.Errorf("described as %+v", b)
	}
	_, err = given(recorded()).Describe(command(), body.Describe{Description: body.Description{Names: names}})
	refused(t, err, domain.CodeNothingChanges, "")
	_, err = given().Describe(command(), c)
	refused(t, err, domain.CodeBodyUnknown, "")
}

func TestEachPartOfADescriptionCanBeReplacedAlone(t *testing.T) {
	for what, change := range map[string]func(*body.Description){
		"names":     func(d *body.Description) { d.Names.English = "Board" },
		"BIN":       func(d *body.Description) { d.BIN = "160440007161" },
		"parent":    func(d *body.Description) { d.Parent = above },
		"territory": func(d *body.Description) { d.Territory = domain.Territory{"710000000"} },
	} {
		t.Run(what, func(t *testing.T) {
			c := body.Describe{Description: body.Description{Names: names}, Above: body.Commission}
			change(&c.Description)
			if _, err := given(recorded()).Describe(command(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnOfficeIsHeldForItsTerm(t *testing.T) {
	b := given(recorded(),
		appointed(person, body.Head, "2026-01-01", "2026-07-01"), appointed(person, body.Member, "2026-02-01", ""))
	for on, want := range map[string]int{"2025-12-31": 0, "2026-01-01": 1, "2026-06-30": 2, "2026-07-01": 1} {
		if got := b.OfficesOn(person, day(on)); len(got) != want {
			t.Errorf("on %s: %v, want %d offices", on, got, want)
		}
	}
	if got := b.OfficesOn(other, day("2026-03-01")); len(got) != 0 {
		t.Errorf("somebody else holds %v", got)
	}

	end := body.EndOffice{PersonID: person, Office: body.Head, On: day("2026-03-01"), Basis: "order 2"}
	events, err := b.EndOffice(command(), end)
	if err != nil {
		t.Fatal(err)
	}
	before := b.Clone()
	b.Apply(domain.Recorded{Event: events[0]})
	if got := b.OfficesOn(person, day("2026-03-01")); len(got) != 1 || got[0] != body.Member {
		t.Errorf("after the end: %v", got)
	}
	if got := before.OfficesOn(person, day("2026-03-01")); len(got) != 2 {
		t.Errorf("the end has changed an older state: %v", got)
	}
}

func TestABodyHasOneHeadAtATime(t *testing.T) {
	b := given(recorded(), appointed(person, body.Head, "2026-01-01", "2026-07-01"))
	appoint := body.Appoint{PersonID: other, Office: body.Head, From: day("2026-07-01"), Basis: "order 3"}
	if _, err := b.Appoint(command(), appoint); err != nil {
		t.Errorf("the next head: %v", err)
	}
	for _, test := range []struct {
		name   string
		change func(*body.Appoint)
		code   domain.Code
		field  string
	}{
		{"a second head", func(c *body.Appoint) { c.From = day("2026-06-30") }, domain.CodeOfficeTaken, "office"},
		{"the same head again", func(c *body.Appoint) { c.PersonID, c.From = person, day("2026-06-30") },
			domain.CodeOfficialAppointed, ""},
		{"of no office", func(c *body.Appoint) { c.Office = "minister" }, domain.CodeValueUnknown, "office"},
		{"without an order", func(c *body.Appoint) { c.Basis = "" }, domain.CodeRequired, "basis"},
		{"for no day", func(c *body.Appoint) { c.Until = c.From }, domain.CodeUntilBeforeFrom, "until"},
		{"a second head for a term", func(c *body.Appoint) { c.From, c.Until = day("2025-06-01"), day("2026-01-02") },
			domain.CodeOfficeTaken, "office"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := appoint
			test.change(&c)
			_, err := b.Appoint(command(), c)
			refused(t, err, test.code, test.field)
		})
	}
	deputy := body.Appoint{PersonID: other, Office: body.Deputy, From: day("2026-03-01"), Basis: "order 3"}
	if _, err := b.Appoint(command(), deputy); err != nil {
		t.Errorf("a deputy beside the head: %v", err)
	}
	deputy.PersonID = person
	if _, err := b.Appoint(command(), deputy); err != nil {
		t.Errorf("the head as a deputy, too: %v", err)
	}
	earlier := appoint
	earlier.From, earlier.Until = day("2025-06-01"), day("2026-01-01")
	if _, err := b.Appoint(command(), earlier); err != nil {
		t.Errorf("the head before, who is recorded later: %v", err)
	}
	endless := given(recorded(), appointed(person, body.Head, "2026-01-01", ""))
	_, err := endless.Appoint(command(), appoint)
	refused(t, err, domain.CodeOfficeTaken, "office")
}

func TestATermEndsOnceAndNotBeforeItBegins(t *testing.T) {
	b := given(recorded(), appointed(person, body.Head, "2026-01-01", "2026-07-01"))
	end := body.EndOffice{PersonID: person, Office: body.Head, On: day("2026-03-01"), Basis: "order 2"}
	for _, test := range []struct {
		name   string
		change func(*body.EndOffice)
		code   domain.Code
		field  string
	}{
		{"of somebody else", func(c *body.EndOffice) { c.PersonID = other }, domain.CodeOfficialUnknown, "person_id"},
		{"of another office", func(c *body.EndOffice) { c.Office = body.Member },
			domain.CodeOfficialUnknown, "person_id"},
		{"after its end", func(c *body.EndOffice) { c.On = day("2026-07-01") },
			domain.CodeOfficialUnknown, "person_id"},
		{"before its beginning", func(c *body.EndOffice) { c.On = day("2025-12-31") },
			domain.CodeEndsBeforeBegin, "on"},
		{"without an order", func(c *body.EndOffice) { c.Basis = "" }, domain.CodeRequired, "basis"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := end
			test.change(&c)
			_, err := b.EndOffice(command(), c)
			refused(t, err, test.code, test.field)
		})
	}
}

func TestAnAccountNamesAnOfficialOfItsBody(t *testing.T) {
	b := given(recorded(), appointed(person, body.Member, "2026-01-01", ""))
	events, err := b.OpenAccount(command(), body.OpenAccount{Account: "astana-1", PersonID: person})
	if err != nil {
		t.Fatal(err)
	}
	b.Apply(domain.Recorded{Event: events[0]})
	if a, ok := b.Account("astana-1"); !ok || a.PersonID != person || a.Closed {
		t.Errorf("opened as %+v", a)
	}
	for _, test := range []struct {
		name    string
		account string
		of      domain.PersonID
		code    domain.Code
		field   string
	}{
		{"of nobody in the body", "astana-2", other, domain.CodeOfficialUnknown, "person_id"},
		{"of a name that is taken", "astana-1", person, domain.CodeAccountTaken, "account"},
		{"without a name", "", person, domain.CodeMalformed, "account"},
		{"with a space", "astana 2", person, domain.CodeMalformed, "account"},
		{"with letters of other scripts", "астана", person, domain.CodeMalformed, "account"},
		{"with a long name", strings.Repeat("a", 101), person, domain.CodeMalformed, "account"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := b.OpenAccount(command(), body.OpenAccount{Account: test.account, PersonID: test.of})
			refused(t, err, test.code, test.field)
		})
	}
}

func TestAClosedAccountStaysClosed(t *testing.T) {
	b := given(recorded(), appointed(person, body.Member, "2026-01-01", ""), opened("astana-1"))
	before := b.Clone()
	events, err := b.CloseAccount(command(), body.CloseAccount{Account: "astana-1", Reasons: "the official has left"})
	if err != nil {
		t.Fatal(err)
	}
	b.Apply(domain.Recorded{Event: events[0]})
	if a, _ := b.Account("astana-1"); !a.Closed {
		t.Error("the account is open")
	}
	if a, _ := before.Account("astana-1"); a.Closed {
		t.Error("the closing has changed an older state")
	}
	_, err = b.CloseAccount(command(), body.CloseAccount{Account: "astana-1", Reasons: "r"})
	refused(t, err, domain.CodeAccountClosed, "account")
	_, err = b.CloseAccount(command(), body.CloseAccount{Account: "astana-2", Reasons: "r"})
	refused(t, err, domain.CodeAccountUnknown, "account")
	_, err = b.OpenAccount(command(), body.OpenAccount{Account: "astana-1", PersonID: person})
	refused(t, err, domain.CodeAccountTaken, "account")
	_, err = before.CloseAccount(command(), body.CloseAccount{Account: "astana-1"})
	refused(t, err, domain.CodeReasonsRequired, "reasons")
}

func TestEveryRoleOfStaffHasADefaultBody(t *testing.T) {
	seen := map[domain.BodyID]bool{}
	for _, role := range domain.Roles {
		if role == domain.RoleCitizen {
			if !body.Default(role).IsZero() {
				t.Error("citizens act for a body")
			}
			continue
		}
		b := body.Default(role)
		events, err := given().Record(command(), body.DefaultRecord(body.KindOf(role)))
		if err != nil {
			t.Fatalf("%s: %v", role, err)
		}
		if recorded := given(events...); recorded.ID != b || recorded.Kind.Role() != role || !body.IsDefault(b) || seen[b] {
			t.Errorf("the default body of the role %s is %+v", role, recorded)
		}
		seen[b] = true
	}
	if body.IsDefault(id) {
		t.Error("another body counts as a default body")
	}
}
