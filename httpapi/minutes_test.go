package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// board is a commission of five: the official whose account is used, three members in office, one
// of whom is recorded, and one member who has left.
type board struct {
	*subtest
	id, bearer      string
	deputy          string
	members         []string
	former, outside string
}

func newBoard(s *subtest) board {
	s.t.Helper()
	b := board{subtest: s, former: s.citizen(), outside: s.citizen()}
	b.id, b.bearer, b.deputy = s.officeOf("astana-1", commissionOf(), s.iin())
	for range 3 {
		b.members = append(b.members, s.citizen())
	}
	for _, p := range append(slices.Clone(b.members), b.former) {
		appointed := body{"person_id": p, "office": "member", "from": "2026-01-01", "basis": "order 2"}
		if p == b.former {
			appointed["until"] = "2026-03-01"
		}
		s.command("/v1/bodies/"+b.id+"/officials", s.token(domain.RoleAdministrator), appointed).is(http.StatusOK)
	}
	return b
}

// minutes are those of a meeting of the persons today, who voted so.
func (b board) minutes(vote string, present ...string) body {
	var all []body
	for _, p := range present {
		all = append(all, body{"person_id": p, "vote": vote})
	}
	return body{"minutes": body{"number": "12", "present": all}}
}

func (b board) carried() body { return b.minutes("for", b.members...) }

// entry places a new citizen on the list by a decision of the board.
func (b board) entry(list string) (person, entry string, placed *answer) {
	b.t.Helper()
	person = b.citizen()
	placed = b.command("/v1/cases/"+b.applied(person, list)+"/decision", b.bearer, placing.with(b.carried())).
		is(http.StatusOK)
	return person, placed.at("placement", "entry_id").(string), placed
}

// TestC24_EveryDecisionOfACommissionCarriesItsMinutes: each decision is refused without them, and
// each of its events has them in the history.
func TestC24_EveryDecisionOfACommissionCarriesItsMinutes(t *testing.T) {
	s := start(t).at(t)
	b := newBoard(s)
	list := s.command("/v1/queues", b.bearer, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	spouse := s.citizen()
	family := body{"kind": "family", "happened_on": "2026-03-15", "family": []body{{"person_id": spouse, "relation": "spouse"}},
		"papers": []body{{"person_id": spouse, "document": shownBy("marriage_certificate")}}}
	reviewed := func(entry string) { s.command(entry+"/review", b.bearer, body{"note": "n"}).is(http.StatusOK) }
	removed := func(entry string) {
		reviewed(entry)
		s.command(entry+"/removal", b.bearer, removing.with(b.carried())).is(http.StatusOK)
	}
	complained := func(record, person string) {
		s.command(record+"/complaint", s.as(person), body{"grounds": "it is not so"}).is(http.StatusOK)
	}
	satisfied := body{"outcome": "satisfied_by_body", "reasons": "r"}
	refusal := body{
		"outcome": "refuse", "ground": "requirements_not_met", "reasons": "r", "unmet": "u",
		"exemption": body{"ground": "urgency", "reasons": "r"},
	}
	rule := body{"categories": []string{"large_family"}, "basis": "decision 5"}
	refused := "/v1/cases/" + s.applied(s.citizen(), list)
	who := ""
	for _, decision := range []struct {
		name string
		path string
		body body
	}{
		{"placing", "", placing},
		{"refusal", refused + "/decision", refusal},
		{"rule of priority", "/v1/queues/" + list + "/priority-rule", rule},
		{"priority", "/priority", body{"category": "large_family"}},
		{"re-dating", "/redating", body{"ground_arose_on": "2026-03-16", "reasons": "r"}},
		{"undoing of a re-dating", "/redating/undo", body{"reasons": "r", "basis": paper}},
		{"transfer", "/transfer", body{"person_id": spouse, "cause": "departure", "on": "2026-03-15", "need_check": needed}},
		{"removal", "/removal", removing},
		{"reinstatement", "/reinstatement", byCourt},
		{"complaint about a removal", "/complaint-decision", satisfied},
		{"complaint about a refusal", refused + "/complaint-decision", satisfied},
		{"provision", "/provision", body{
			"dwelling_id": s.stocked(s.dwelling(), b.bearer), "useful_area": 30, "rooms": 1,
			"need_check": body{"on": "2026-03-16", "source": "documents", "in_need": true},
		}},
	} {
		t.Run(decision.name, func(t *testing.T) {
			s := s.at(t)
			path := decision.path
			switch {
			case path == "":
				path = "/v1/cases/" + s.applied(s.citizen(), list) + "/decision"
			case path[0] == '/' && path[1] != 'v':
				var entry string
				list := list
				if decision.name == "provision" { // to the first on the list
					list = s.command("/v1/queues", b.bearer, body{"settlement": "Астана", "title": "t 2"}).
						is(http.StatusCreated).id("list_id")
				}
				who, entry, _ = board{subtest: s, bearer: b.bearer, members: b.members}.entry(list)
				at := entryPath(list, entry)
				switch decision.name {
				case "transfer":
					s.command(at+"/change", s.as(who), family).is(http.StatusOK)
					s.command(at+"/review", b.bearer, body{"close": true, "note": "n"}).is(http.StatusOK)
				case "removal":
					reviewed(at)
				case "reinstatement":
					removed(at)
				case "complaint about a removal":
					removed(at)
					complained(at, who)
				}
				path = at + path
			case decision.name == "complaint about a refusal":
				applicant := s.get(refused, s.token(domain.RoleAuditor)).is(http.StatusOK).body["applicant_id"].(string)
				complained(refused, applicant)
			}
			switch decision.name {
			case "re-dating":
				s.clock.pass(24 * time.Hour)
			case "undoing of a re-dating":
				s.clock.pass(24 * time.Hour)
				moved := s.command(strings.TrimSuffix(path, "/undo"), b.bearer, body{
					"ground_arose_on": domain.DateOf(s.clock.Now()).String(), "reasons": "r",
				}.with(b.carried())).is(http.StatusOK)
				decision.body["redating"] = eventRef(moved, 0)
			}
			before := s.head()
			s.command(path, b.bearer, decision.body).refused(http.StatusUnprocessableEntity, domain.CodeMinutesRequired, "minutes")
			s.command(path, b.bearer, decision.body.with(b.minutes("against", b.members...))).
				refused(http.StatusConflict, domain.CodeNotCarried, "minutes.present")
			if s.changed(before) {
				t.Error("a refused decision has appended events")
			}
			done := s.command(path, b.bearer, decision.body.with(b.carried())).is(http.StatusOK)
			events := done.at("events").([]any)
			for i := range events {
				if done.at("events", i, "minutes", "number") != "12" || done.at("events", i, "minutes", "present", 0, "office") != "member" {
					t.Errorf("the event %v has no minutes", events[i])
				}
			}
		})
	}
}

// TestC24_WhoMayNotVoteIsRefused by a code that says why.
func TestC24_WhoMayNotVoteIsRefused(t *testing.T) {
	s := start(t).at(t)
	b := newBoard(s)
	list := s.command("/v1/queues", b.bearer, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	applicant, relative := s.citizen(), b.members[1]
	wish := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(applicant, list).with(
		body{"family": []body{{"person_id": relative, "relation": "spouse"}}})).is(http.StatusCreated).id("case_id")
	s.command("/v1/cases/"+wish+"/member-consent", s.as(relative), body{"given": true}).is(http.StatusOK)
	for name, c := range map[string]struct {
		minutes body
		status  int
		code    domain.Code
		field   string
	}{
		"a stranger": {b.minutes("for", b.members[0], b.members[2], b.outside), http.StatusConflict,
			domain.CodeMemberUnknown, "minutes.present[2].person_id"},
		"somebody who has left": {b.minutes("for", b.members[0], b.members[2], b.former), http.StatusConflict,
			domain.CodeMemberNotInOffice, "minutes.present[2].person_id"},
		"the same member twice": {b.minutes("for", b.members[0], b.members[2], b.members[0]), http.StatusUnprocessableEntity,
			domain.CodeNamedTwice, "minutes.present[2].person_id"},
		"somebody in the family": {b.minutes("for", b.members[0], relative, b.members[2]), http.StatusForbidden,
			domain.CodeVoterIsParty, "minutes.present[1].person_id"},
		"too few": {b.minutes("for", b.members[0], b.members[2]), http.StatusConflict, domain.CodeNoQuorum, "minutes.present"},
	} {
		t.Run(name, func(t *testing.T) {
			s.at(t).command("/v1/cases/"+wish+"/decision", b.bearer, placing.with(c.minutes)).refused(c.status, c.code, c.field)
		})
	}
	placed := placing.with(b.minutes("for", b.members[0], b.members[2], b.deputy))
	first := s.command("/v1/cases/"+wish+"/decision", b.bearer, placed, header{"Idempotency-Key", "place"}).is(http.StatusOK)

	// Whoever has voted may leave: the answer to the decision stays the same.
	s.command("/v1/bodies/"+b.id+"/officials/removal", s.token(domain.RoleAdministrator), body{
		"person_id": b.members[0], "office": "member", "on": "2026-03-10", "basis": "order 3",
	}).is(http.StatusOK)
	again := s.command("/v1/cases/"+wish+"/decision", b.bearer, placed, header{"Idempotency-Key", "place"}).is(http.StatusOK)
	if again.text != first.text {
		t.Errorf("repeated: %s\nfirst: %s", again.text, first.text)
	}
}
