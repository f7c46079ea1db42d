package httpapi_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	bodies "tizilim/domain/body"
	"tizilim/eventstore/command"
	"tizilim/httpapi"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

func TestC21_StaffStateAPurposeWhereACallCanShowSomebody(t *testing.T) {
	s := start(t).at(t)
	for _, op := range s.operations() {
		stated := false
		parameters, _ := op.doc["parameters"].([]any)
		for _, p := range parameters {
			stated = stated || p.(map[string]any)["name"] == "Tizilim-Purpose"
		}
		if asked := !op.Changes() && s.bodyRequires(op, "purpose"); asked && stated {
			t.Errorf("%s: header and body state the purpose", op.ID)
		} else {
			stated = stated || asked
		}
		shows := slices.ContainsFunc(op.Roles, func(r domain.Role) bool {
			return r != domain.RoleCitizen && r != operation.Anyone && !strings.HasPrefix(op.Leaves(r), "nobody")
		})
		if stated != shows {
			t.Errorf("%s: the purpose is a parameter: %v", op.ID, stated)
		}
	}
}

// deafLog takes no notes of reads while it is deaf.
type deafLog struct {
	httpapi.Log
	deaf *atomic.Bool
	of   *atomic.Pointer[string] // deaf for this person only
}

func (d deafLog) RecordAccess(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error {
	if of := d.of.Load(); d.deaf.Load() && (of == nil || *of == e.PersonID.String()) {
		return domain.Refuse(
			domain.Unavailable,
			domain.CodeLogUnavailable,
			"the event store does not answer now; send the same request again",
		)
	}
	return d.Log.RecordAccess(ctx, id, e, meta)
}

func (d deafLog) RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error {
	shows := func(s accesslog.Shown) bool { return *d.of.Load() == s.PersonID.String() }
	if d.deaf.Load() && (d.of.Load() == nil || slices.ContainsFunc(e.Shown, shows)) {
		return domain.Refuse(
			domain.Unavailable,
			domain.CodeLogUnavailable,
			"the event store does not answer now; send the same request again",
		)
	}
	return d.Log.RecordPage(ctx, id, e, meta)
}

// deafened is a registry whose log can be made deaf.
func deafened(t *testing.T) (*registry, deafLog) {
	d := deafLog{deaf: &atomic.Bool{}, of: &atomic.Pointer[string]{}}
	r := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { d.Log = l; return d }
	})
	return r, d
}

// deafCommands takes no notes of look-ups while it is deaf for the person.
type deafCommands struct {
	command.Log
	deaf *atomic.Pointer[string]
}

func (d deafCommands) RecordAccess(
	ctx context.Context,
	id uuid.UUID,
	e accesslog.PersonalDataRead,
	meta domain.Meta,
) error {
	if of := d.deaf.Load(); of != nil && *of == e.PersonID.String() {
		return domain.Refuse(
			domain.Unavailable,
			domain.CodeLogUnavailable,
			"the event store does not answer now; send the same request again",
		)
	}
	return d.Log.RecordAccess(ctx, id, e, meta)
}

// TestC20_C21_EverybodySeesWhoLookedThemUp in other systems: the applicant and
// the family, before the result is recorded.
func TestC20_C21_EverybodySeesWhoLookedThemUp(t *testing.T) {
	deaf := &atomic.Pointer[string]{}
	r := start(t, func(set *settings) {
		set.commands = func(l command.Log) command.Log { return deafCommands{l, deaf} }
	})
	s := r.at(t)
	list, commission := s.list(), s.token(domain.RoleCommission)
	person, spouse, child, id := s.family(
		list,
		body{"consent_terms": body{"scope": []string{"real_estate", "benefits"}}},
	)
	path := "/v1/cases/" + id
	s.command(path+"/review", commission, body{}).is(http.StatusOK)
	looked := func(of string) (all []string) {
		a := s.get("/v1/me/accesses", s.as(of)).is(http.StatusOK)
		for i := range a.at("accesses").([]any) {
			e := a.at("accesses", i).(map[string]any)
			if e["operation"] == accesslog.LookUp {
				all = append(
					all,
					fmt.Sprint(e["reader"], " ", e["role"], " ", e["purpose"], " ", e["scope"], " ", e["case_id"]),
				)
			}
		}
		return all
	}
	sees := func(what, of string, want ...string) {
		t.Helper()
		if got := looked(of); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	examined := func(scopes string) string { return "commission-1 commission examination_of_need " + scopes + " " + id }
	found := findings(owned(person).with(body{"source": "systems", "share": "1/3"})).with(body{"lookups": []body{
		{"person_id": person, "scope": "benefits"}, {"person_id": spouse, "scope": "benefits"},
	}})

	// The log of one of them does not take the entry: nothing is recorded.
	deaf.Store(&spouse)
	before := s.head()
	key := header{"Idempotency-Key", "the look-up"}
	s.command(path+"/examination", commission, found, key).
		refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
	if s.changed(before) {
		t.Error("C21: an examination was recorded without the entries of its look-ups")
	}
	deaf.Store(nil)
	for range 2 {
		s.command(path+"/examination", commission, found, key).is(http.StatusOK)
	}
	sees("the applicant", person, examined("[real_estate benefits]"))
	sees("the spouse", spouse, examined("[benefits]"))
	sees("a child who was not looked up", child)

	// What is refused or only tried out looks nobody up.
	before = s.head()
	s.command(path+"/examination", commission, findings().with(body{"lookups": []body{{"person_id": child, "scope": "health"}}})).
		refused(http.StatusConflict, domain.CodeConsentTerms, "lookups[0]")
	s.command(path+"/examination?dry_run=true", commission, found).is(http.StatusOK)
	sees("after a refusal", child)
	sees("after a dry run", person, examined("[real_estate benefits]"))
	if s.changed(before) {
		t.Error("a refusal has left something")
	}

	// With the decision, and while the entry stands.
	placed := s.command(path+"/decision", commission, body{"outcome": "place", "examination": findings().with(body{
		"lookups": []body{{"person_id": child, "scope": "real_estate"}}})}).is(http.StatusOK)
	sees("with the decision", child, examined("[real_estate]"))
	check := body{"on": "2026-03-15", "source": "systems", "in_need": true}
	provision := func(scope body) *answer {
		return s.command(entryPath(list, placed.at("placement", "entry_id").(string))+"/provision", commission, body{
			"dwelling_id": s.service(), "useful_area": 50, "rooms": 1, "minutes": body{"number": "12"}, "need_check": check.with(scope)})
	}
	provision(nil).refused(http.StatusUnprocessableEntity, domain.CodeRequired, "need_check.scope")
	provision(
		body{"scope": []string{"benefits", "health"}},
	).refused(http.StatusConflict, domain.CodeConsentTerms, "need_check.source")
	sees("after refused provisions", spouse, examined("[benefits]"))
	given := provision(body{"scope": []string{"benefits"}}).is(http.StatusOK).id("case_id")
	checked := "commission-1 commission check_of_need [benefits] " + given
	sees("the applicant", person, checked, examined("[real_estate benefits]"))
	sees("the spouse", spouse, checked, examined("[benefits]"))
	sees("the child", child, checked, examined("[real_estate]"))
}

// look is one read and what it must leave: the persons whose data it shows to
// others, each with the case that the read belongs to.
type look struct {
	what   string // operation
	method string
	path   string
	body   any
	by     string // citizen; empty: every role of staff that may
	header []header
	leaves map[string]string
	why    accesslog.Purpose // of a citizen, and of who states it in the body
}

// looks is a registry with every read of it, as all who may read it see it.
func looks(s *subtest) []look {
	owner, other, leaver, second := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	operator := s.token(domain.RoleOperator)
	iin, name := s.iin(), "Сәуле Тоқтарқызы" // who is on a list, so that a commission finds her
	guest := s.command("/v1/persons", operator, body{"iin": iin, "name": name, "birth_date": "1990-05-17", "class": "citizen"}).
		is(201).
		id("person_id")

	home, flat := s.dwelling(owner, other), s.dwelling(owner)
	s.registered(owner, home, "2026-03-01", "")
	s.registered(guest, home, "2026-03-01", "")
	s.registered(leaver, flat, "2026-03-01", "")
	child := s.command("/v1/persons", operator, body{
		"iin": s.iin(), "name": "Дәурен", "birth_date": "2020-01-01", "class": "citizen"}).is(201).id("person_id")
	s.command("/v1/persons/"+child+"/representatives", operator, body{"representative_id": guest, "kind": "parent"}).
		is(201)
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, flat, leaver).with(body{"departure_sheet": true})).
		is(201)
	caseID := out.id("case_id")
	s.step(caseID, owner, caseStep{"notice", body{"by": "by_hand"}, domain.RoleProvider}).is(200)
	mover, ended := s.moved()
	own := "/v1/certificates/" + s.sheetOf(mover, ended, operator).is(201).id("certificate_id")
	office, _ := s.commission("office-of-looks")
	list := s.list()
	wish := s.command("/v1/housing-applications", operator, application(guest, list).with(body{
		"family": []body{{"person_id": other, "relation": "spouse"}}})).is(201).id("case_id")
	scanned := "/v1/cases/" + wish + "/papers"
	scanned += "/" + s.upload(scanned, s.as(guest), "a.pdf", scan(9), s.key(), "document_type", "other", "person_id", other).
		is(201).id("paper_id")
	placed := s.placed(s.consents(wish, other))
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	behind := s.applied(second, list)
	last := s.placed(behind)
	sheet, certificate := "/v1/certificates/"+s.issued(
		out,
		"departure_sheet",
	), "/v1/certificates/"+s.issued(
		placed,
		"placement_certificate",
	)
	code := s.seen(sheet, s.as(leaver), last).id("check_code")

	s.command("/v1/dwellings", operator, body{"rka": rka(), "kato": "711310000", "address": "Астана, Көне көше, 1"}).is(201)
	street := s.command("/v1/street-renamings", s.token(domain.RoleProvider), body{
		"kato": "711310000", "from": "Көне көше", "to": "Тың көше", "basis": paper,
	}).is(201).id("renaming_id")
	must(s.t, s.another().RecordDefaultBodies(s.ctx()))
	s.command("/v1/bodies/"+bodies.Default(domain.RoleConsumer).String()+"/allowance", s.token(domain.RoleAdministrator),
		allowanceOf()).is(200)
	var since string
	s.until("the allowance is known", func() bool {
		a := s.get("/v1/feed?after=latest", s.token(domain.RoleConsumer))
		since, _ = a.body["next"].(string)
		return a.status == 200
	})
	newcomer := s.citizen()
	s.registered(newcomer, s.dwelling(newcomer), "2026-03-01", "")
	persons, homes := "/v1/persons/"+guest, "/v1/dwellings/"+home
	nobody := map[string]string{}
	in := func(caseID string, persons ...string) map[string]string {
		m := map[string]string{}
		for _, p := range persons {
			m[p] = caseID
		}
		return m
	}
	s.proven()
	pdf := []header{{"Accept", "application/pdf"}}
	lines := []header{ndjson}
	// The events of a case name its parties only once; this page is of another one.
	history := "/v1/dwellings/" + flat + "/history"
	var pages []look
	for cursor := ""; ; {
		a := s.seen(history+"?limit=1"+cursor, s.token(domain.RoleAuditor), last)
		page := look{what: "get-dwelling-history", path: history + "?limit=1" + cursor}
		switch {
		case strings.HasPrefix(a.at("events", 0, "stream").(string), "case-"):
			page.leaves = in("", owner, leaver)
		case a.at("events", 0, "type") == "RegistrationBegan": // with the owner's consent
			page.leaves = in("", owner, leaver)
		case a.at("events", 0, "type") == "RegistrationEnded":
			page.leaves = in("", leaver)
		case a.at("events", 0, "type") == "OwnersChanged":
			page.leaves = in("", owner)
		default:
			page.leaves = nobody
		}
		pages = append(pages, page)
		next, more := a.body["next"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}

	return append(pages, []look{
		{
			what:   "search-person",
			method: "POST",
			path:   "/v1/persons/search",
			body:   body{"purpose": "service", "iin": iin},
			leaves: in("", guest),
			why:    accesslog.Service,
		},
		{
			what: "search-person", method: "POST", path: "/v1/persons/search",
			body:   body{"purpose": "complaint", "name": name, "birth_date": "1990-05-17"},
			leaves: in("", guest), why: accesslog.Complaint,
		},
		{
			what: "search-case", method: "POST", path: "/v1/cases/search",
			body: seeks(body{"number": s.numberOf(wish, domain.S000)}), leaves: in(wish, guest), why: accesslog.Service,
		},
		{
			what: "search-certificate", method: "POST", path: "/v1/certificates/search",
			body:   seeks(body{"number": s.seen(certificate, s.as(guest), last).at("number")}),
			leaves: in(wish, guest), why: accesslog.Service,
		},
		{what: "get-street-renaming", path: "/v1/street-renamings/" + street, leaves: nobody},
		{
			what: "search-dwelling", method: "POST", path: "/v1/dwellings/search",
			body: body{"rka": s.seen(homes+"/residents", s.token(domain.RoleAuditor), last).at("rka")}, leaves: nobody,
		},
		{
			what: "search-dwelling", method: "POST", path: "/v1/dwellings/search",
			body: body{"address": s.seen(homes+"/residents", s.token(domain.RoleAuditor), last).at("address")}, leaves: nobody,
		},
		{what: "get-case", path: "/v1/cases/" + caseID, leaves: in(caseID, owner, leaver)},
		{what: "get-case", path: "/v1/cases/" + caseID, by: owner, leaves: in(caseID, leaver), why: accesslog.Party},
		{what: "get-case", path: "/v1/cases/" + caseID, by: leaver, leaves: in(caseID, owner), why: accesslog.Party},
		{what: "get-case", path: "/v1/cases/" + wish, leaves: in(wish, guest, other)},
		{what: "get-case", path: "/v1/cases/" + wish, by: guest, leaves: in(wish, other), why: accesslog.Party},
		{what: "get-case-file", path: "/v1/cases/" + wish + "/file", leaves: in(wish, guest, other)},
		{what: "get-case-file", path: "/v1/cases/" + wish + "/file", by: guest, leaves: in(wish, other), why: accesslog.Party},
		{what: "get-paper", path: scanned, leaves: in(wish, other)},
		{what: "get-paper", path: scanned, by: guest, leaves: in(wish, other), why: accesslog.Party},
		{what: "get-case-comparison", path: "/v1/cases/" + wish + "/comparison", leaves: in(wish, guest, other)},
		{what: "get-entry-comparison", path: entry + "/comparison", leaves: in(wish, guest, other)},
		{what: "get-case", path: "/v1/cases/" + behind, by: second, leaves: nobody},
		{what: "get-certificate", path: sheet, leaves: in(caseID, leaver)},
		{what: "get-certificate", path: sheet, header: pdf, leaves: in(caseID, leaver)},
		{what: "get-certificate", path: sheet, by: owner, leaves: in(caseID, leaver), why: accesslog.Party},
		{what: "get-certificate", path: sheet, by: leaver, leaves: nobody},
		{what: "get-certificate", path: own, leaves: in("", mover)},
		{what: "get-certificate", path: own, by: mover, leaves: nobody},
		{what: "get-certificate", path: certificate, by: guest, header: pdf, leaves: nobody},
		{what: "get-entry", path: entry, leaves: in(wish, guest)},
		{what: "get-entry", path: entry, by: guest, leaves: nobody},
		{what: "get-entry-numbers", path: entry + "/numbers", leaves: in(wish, guest)},
		{what: "get-entry-numbers", path: entry + "/numbers", by: guest, leaves: nobody},
		{
			what:   "list-entries",
			path:   "/v1/queues/" + list + "/entries",
			leaves: map[string]string{guest: wish, second: behind},
		},
		{what: "list-entries", path: "/v1/queues/" + list + "/entries?limit=1", leaves: in(wish, guest)},
		{what: "list-entries", path: "/v1/queues/" + list + "/entries?limit=1&as_of=" + domain.DateOf(s.clock.Now()).String(), leaves: in(wish, guest)},
		{what: "get-person-residence", path: persons + "/residence", leaves: in("", guest)},
		{what: "get-person-residence", path: persons + "/residence?as_of=2026-03-01", leaves: in("", guest)},
		{what: "get-person-residence", path: persons + "/residence", by: guest, leaves: nobody},
		{what: "get-person-residence", path: persons + "/residence?as_of=2026-03-01", by: guest, leaves: nobody},
		{what: "get-representatives", path: "/v1/persons/" + child + "/representatives", leaves: in("", child, guest)},
		{what: "get-dwelling-residents", path: homes + "/residents", leaves: in("", owner, other, guest)},
		{
			what:   "get-dwelling-residents",
			path:   homes + "/residents?as_of=2026-03-01",
			leaves: in("", guest, owner),
		}, // nobody owned it yet
		{
			what:   "get-dwelling-residents",
			path:   homes + "/residents",
			by:     owner,
			leaves: in("", other, guest),
			why:    accesslog.Owner,
		},
		{what: "get-person-history", path: persons + "/history", leaves: in("", guest, owner, other, child)},
		{
			what:   "get-person-history",
			path:   persons + "/history",
			header: lines,
			leaves: in("", guest, owner, other, child),
		},
		{what: "get-dwelling-history", path: history, header: lines, leaves: in("", owner, leaver)},
		{what: "get-case-history", path: "/v1/cases/" + wish + "/history", leaves: in("", guest, other)},
		{what: "get-case-history", path: "/v1/cases/" + wish + "/history?order=newest&limit=1", leaves: in("", guest, other)},
		{what: "get-queue-history", path: "/v1/queues/" + list + "/history?kind=ListOpened", leaves: nobody},
		{what: "get-queue-history", path: "/v1/queues/" + list + "/history", leaves: in("", guest, other, second)},
		{what: "get-queue-history", path: "/v1/queues/" + list + "/history", header: lines, leaves: in("", guest, other, second)},
		{what: "get-queue-diff", path: "/v1/queues/" + list + "/diff?from=2026-03-01&to=2026-12-31", leaves: map[string]string{guest: wish, second: behind}},
		{what: "get-person-accesses", path: persons + "/accesses", leaves: in("", guest)},
		{what: "get-body-history", path: "/v1/bodies/" + office + "/history?kind=BodyRecorded", leaves: nobody},
		{what: "list-acts", path: "/v1/acts?account=commission-1&kind=EntryPlaced", leaves: in("", guest, other, second)},
		{what: "list-acts", path: "/v1/acts?account=nobody", leaves: nobody},
		{what: "list-accesses", path: "/v1/accesses?account=nobody", leaves: nobody},
		{what: "list-cases", path: "/v1/cases?overdue=true", leaves: nobody},
		{what: "list-duties", path: "/v1/duties", leaves: nobody},
		{what: "list-cases", path: "/v1/cases?state=granted&applicant_id=" + guest, leaves: in(wish, guest)},
		{what: "list-queues", path: "/v1/queues", leaves: nobody},
		{what: "get-queue", path: "/v1/queues/" + list, leaves: nobody},
		{what: "list-queues", path: "/v1/queues", by: guest, leaves: nobody},
		{what: "get-queue", path: "/v1/queues/" + list, by: guest, leaves: nobody},
		{what: "get-public-list", path: "/v1/queues/" + list + "/public", leaves: nobody},
		{what: "get-public-list", path: "/v1/queues/" + list + "/public", by: guest, leaves: nobody},
		{what: "preview-signature", method: "POST", path: "/v1/signatures/preview", by: guest, leaves: nobody,
			body: body{"request": "POST /v1/deregistrations", "idempotency_key": "key", "application": body{}}},
		{what: "get-requirements", path: "/v1/services/s000/requirements?channel=portal", leaves: nobody},
		{what: "get-feed", path: "/v1/feed?after=" + since, leaves: in("", newcomer)},
		{what: "get-feed", path: "/v1/feed?after=" + since, header: lines, leaves: in("", newcomer)},
		{what: "get-feed-changes", method: "POST", path: "/v1/feed/changes",
			body: body{"purpose": "service", "since": since, "persons": []string{newcomer, leaver}}, leaves: in("", newcomer, leaver),
			why: accesslog.Service},
		{what: "get-log-head", path: "/v1/log/head", leaves: nobody},
		{what: "get-log-key", path: "/v1/log/key", leaves: nobody},
		{what: "get-inclusion-proof", path: "/v1/log/proofs/inclusion?event=residence-" + owner + "@0", leaves: nobody},
		{what: "get-consistency-proof", path: "/v1/log/proofs/consistency?from=1", leaves: nobody},
		{what: "check-certificate", path: "/v1/certificates/check/" + code, leaves: nobody},
		{what: "list-bodies", path: "/v1/bodies", leaves: nobody},
		{what: "list-bodies", path: "/v1/bodies", by: guest, leaves: nobody},
		{what: "get-body", path: "/v1/bodies/" + office, leaves: nobody},
		{what: "list-stock", path: "/v1/bodies/" + ownCommission + "/stock", leaves: nobody},
		// What the account shows is one's own, and of others nothing.
		{what: "get-me", path: "/v1/me", by: guest, leaves: nobody},
		{what: "get-my-services", path: "/v1/me/services", by: owner, leaves: nobody},
		{what: "get-my-services", path: "/v1/me/services", by: leaver, leaves: nobody},
		{what: "get-my-queue", path: "/v1/me/queue", by: guest, leaves: nobody},
		{what: "get-my-entries", path: "/v1/me/entries", by: guest, leaves: nobody},
		{what: "get-my-accesses", path: "/v1/me/accesses", by: guest, leaves: nobody},
		{what: "get-own-notices", path: "/v1/me/notices", by: owner, leaves: nobody},
		{what: "get-own-contacts", path: "/v1/me/contacts", by: guest, leaves: nobody},
		{what: "keep-draft", method: "PUT", path: draftPath, by: guest, body: body{"form": body{}}, leaves: nobody},
		{what: "get-draft", path: draftPath, by: guest, leaves: nobody},
		{what: "discard-draft", method: "DELETE", path: draftPath, by: guest, leaves: nobody},
		{
			what: "get-prefilled", path: draftPath + "/prefilled", by: guest, leaves: in("", other, child), why: accesslog.Party,
		},
		{what: "preview-signature", method: "POST", path: "/v1/signatures/preview", by: guest, leaves: nobody,
			body: body{
				"request":         "POST /v1/housing-applications",
				"idempotency_key": "a key",
				"application":     body{"consent": true},
			}},
		// A command that is only tried is a read. What is not there leaves nothing.
		{
			what:   "record-person",
			method: "POST",
			path:   "/v1/persons?dry_run=true",
			body:   body{"iin": s.iin(), "name": "Ерлан", "birth_date": "1990-05-17", "class": "citizen"},
			leaves: nobody,
		},
		{
			what:   "register-residence",
			method: "POST",
			path:   "/v1/registrations?dry_run=true",
			body:   registration(second, home, "2026-03-15", ""),
			leaves: in("", second, owner, other),
		},
		{
			what:   "deregister",
			method: "POST",
			path:   "/v1/deregistrations?dry_run=true",
			body:   removal(owner, home, guest),
			by:     owner,
			leaves: in("", guest, other), // the case is not there
			why:    accesslog.Party,
		},
		{
			what:   "deregister",
			method: "POST",
			path:   "/v1/deregistrations?dry_run=true",
			body:   removal(owner, home, owner).with(body{"dwelling_id": home}),
			by:     owner,
			leaves: in("", other),
			why:    accesslog.Party,
		},
		{
			what:   "review-entry",
			method: "POST",
			path:   entry + "/review?dry_run=true",
			body:   body{"note": "n"},
			leaves: in("", guest),
		},
	}...)
}

// do reads as the token's bearer, and states the purpose, if any.
func (s *subtest) do(l look, token, purpose string) *answer {
	s.t.Helper()
	method := l.method
	if method == "" {
		method = "GET"
	}
	headers := slices.Clone(l.header)
	if l.statesInBody() && purpose != "" {
		return s.send(method, l.path, token, l.body.(body).with(body{"purpose": purpose, "reference": "2-17/26"}))
	}
	if strings.Contains(l.path, "dry_run") {
		headers = append(headers, header{"Idempotency-Key", s.key()})
	}
	if purpose != "" {
		headers = append(headers, header{"Tizilim-Purpose", purpose}, header{"Tizilim-Reference", "2-17/26"})
	}
	return s.send(method, l.path, token, l.body, headers...)
}

// statesInBody reports whether the body of the look says why it is made.
func (l look) statesInBody() bool {
	b, _ := l.body.(body)
	return b["purpose"] != nil
}

// readers returns who may make the look.
func (l look) readers(s *registry) []token.Principal {
	if l.by != "" {
		return []token.Principal{{Role: domain.RoleCitizen, Account: l.by, PersonID: parse[domain.PersonID](l.by)}}
	}
	var staff []token.Principal
	for _, role := range s.declared(l.what).Roles {
		if role != domain.RoleCitizen {
			staff = append(staff, token.Principal{Role: role, Account: string(role) + "-1"})
		}
	}
	return staff
}

func (l look) name(p token.Principal) string {
	return fmt.Sprintf("%s as %s: %s", l.what, p.Role, strings.TrimPrefix(l.path, "/v1"))
}

// bearer is the token of a reader; none for what is open to anybody.
func (s *subtest) bearer(p token.Principal) string {
	if p.Role == operation.Anyone {
		return ""
	}
	return s.tokenOf(p)
}

// left returns the notes of reads that the log has taken since, by person.
func (s *subtest) left(since domain.Position) map[string]accesslog.PersonalDataRead {
	s.t.Helper()
	notes := map[string]accesslog.PersonalDataRead{}
	for _, rec := range s.since(since) {
		note, ok := rec.Event.(accesslog.PersonalDataRead)
		if !ok {
			s.t.Errorf("a read has appended %s", rec.Event.EventType())
			continue
		}
		person := note.PersonID.String()
		if _, twice := notes[person]; twice {
			s.t.Errorf("one read has left two notes for %s", person)
		}
		if rec.Stream != "access-"+person || rec.Meta.Actor != note.Reader || rec.Meta.Role != note.Role {
			s.t.Errorf("a note stands in %s by %s, and says %+v", rec.Stream, rec.Meta.Actor, note)
		}
		notes[person] = note
	}
	return notes
}

func TestC21_EveryReadOfPersonalDataLeavesItsEntriesAndNoOthers(t *testing.T) {
	r := start(t)
	s := r.at(t)
	all := looks(s)
	seen := map[string]bool{}
	for _, l := range all {
		for _, p := range l.readers(r) {
			seen[l.what+" "+string(p.Role)] = true
			t.Run(l.name(p), func(t *testing.T) {
				s := r.at(t)
				before := s.head()
				s.do(l, s.bearer(p), "").is(http.StatusOK)
				notes := s.left(before)
				if want := slices.Sorted(maps.Keys(l.leaves)); !slices.Equal(slices.Sorted(maps.Keys(notes)), want) {
					t.Fatalf("entries of %v, want %v", slices.Sorted(maps.Keys(notes)), want)
				}
				for person, note := range notes {
					why := l.why
					if p.Role != domain.RoleCitizen && !l.statesInBody() {
						why = accesslog.DefaultOf(p.Role)
					}
					caseID := note.CaseID.String()
					if note.CaseID.IsZero() {
						caseID = ""
					}
					if l.leaves[person] == "*" && caseID != "" {
						caseID = "*"
					}
					if note.Reader != p.Account || note.Role != p.Role || note.Operation != l.what ||
						note.Purpose != why ||
						caseID != l.leaves[person] ||
						!note.ReadAt.Equal(r.clock.Now()) {
						t.Errorf("the entry is %+v", note)
					}
				}
			})
		}
	}
	for _, op := range httpapi.Operations(r.server) {
		for _, role := range op.Roles {
			if !op.Changes() && !seen[op.ID+" "+string(role)] {
				t.Errorf("nobody has looked with %s as %s", op.ID, role)
			}
		}
	}
}

func TestC21_WithoutItsEntryThereIsNoData(t *testing.T) {
	r, log := deafened(t)
	s := r.at(t)
	all := looks(s)
	log.deaf.Store(true)
	for _, l := range all {
		for _, p := range l.readers(r) {
			t.Run(l.name(p), func(t *testing.T) {
				s := r.at(t)
				a := s.do(l, s.bearer(p), "")
				if len(l.leaves) == 0 {
					a.is(http.StatusOK)
					return
				}
				a.refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
				for person := range l.leaves {
					if strings.Contains(a.text, person) || a.header.Get("ETag") != "" {
						t.Errorf("the refusal tells of %s: %v %s", person, a.header, a.text)
					}
				}
				// One entry of several is not enough.
				for person := range l.leaves {
					log.of.Store(&person)
					s.do(l, s.bearer(p), "").refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
				}
				log.of.Store(nil)
			})
		}
	}
}

func TestC21_APartOfAHistoryIsGivenOnlyWithItsEntries(t *testing.T) {
	r, log := deafened(t)
	s := r.at(t)
	person, owner := s.citizen(), s.citizen()
	homes := []string{s.dwelling(), s.dwelling()}
	for i := range 140 { // two events each: more than one part
		s.registered(person, homes[i%2], "2026-03-01", "")
	}
	last := s.registered(person, s.dwelling(owner), "2026-03-01", "") // with the owner's consent
	path, auditor := "/v1/persons/"+person+"/history", s.token(domain.RoleAuditor)
	whole := s.seen(path, auditor, last).text
	if strings.Contains(whole, owner) {
		t.Fatal("control: the owner is on the first page")
	}
	before := s.head()
	lines := s.get(path, auditor, ndjson).is(http.StatusOK).lines()
	if got := slices.Sorted(maps.Keys(s.left(before))); len(got) != 2 {
		t.Fatalf("entries of %v", got)
	}
	log.of.Store(&owner)
	log.deaf.Store(true)
	a := s.get(path, auditor, ndjson).is(http.StatusOK)
	cut := a.lines()
	if end := cut[len(cut)-1]; end["code"] != string(domain.CodeLogUnavailable) {
		t.Errorf("the last line is %v", end)
	}
	inKazakh := s.get(path, auditor, ndjson, header{"Accept-Language", "kk"}).is(http.StatusOK).lines()
	of, code := sentencesIn(t, "kk"), string(domain.CodeLogUnavailable)
	if end := inKazakh[len(inKazakh)-1]; end["code"] != code || end["title"] != of[code].Title || end["detail"] != of.detail(code) {
		t.Errorf("in Kazakh the last line is %v", end)
	}
	if n := len(cut) - 1; n == 0 || n >= len(lines) || strings.Contains(a.text, owner) {
		t.Errorf("%d lines of %d; of the owner: %v", n, len(lines), strings.Contains(a.text, owner))
	}
}

func TestC21_ThePurposeIsOneOfAClosedList(t *testing.T) {
	r := start(t)
	all := looks(r.at(t))
	for _, l := range all {
		if len(l.leaves) == 0 {
			continue
		}
		for _, p := range l.readers(r) {
			t.Run(l.name(p), func(t *testing.T) {
				s := r.at(t)
				token := s.bearer(p)
				before, field := s.head(), "header.Tizilim-Purpose"
				if l.statesInBody() {
					field = "purpose"
				}
				s.do(l, token, "curiosity").refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, field)
				s.do(l, token, "owner").refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, field)
				if p.Role == domain.RoleCitizen { // theirs follows from what they are to the record
					s.do(l, token, "court_request").
						refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "header.Tizilim-Purpose")
				}
				if s.head() != before {
					t.Fatal("a refused read has left something")
				}
				if p.Role == domain.RoleCitizen {
					return
				}
				for _, purpose := range accesslog.Stated {
					before := s.head()
					s.do(l, token, string(purpose)).is(http.StatusOK)
					for person, note := range s.left(before) {
						if note.Purpose != purpose {
							t.Errorf("%s was stated, and the entry of %s says %s", purpose, person, note.Purpose)
						}
					}
				}
			})
		}
	}
}
