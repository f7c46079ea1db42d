package httpapi_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// statement is a row of the table "What a desk states" in RULES.md.
type statement struct{ operation, will, paper, second, told string }

// act is the act of the table of rules that asks for the paper; "" where none does.
func (s statement) act() rules.Act {
	if !strings.HasPrefix(s.paper, "`") {
		return ""
	}
	return rules.Act(strings.Trim(s.paper, "`"))
}

// statements reads the table.
func statements(t testing.TB) map[string]statement {
	t.Helper()
	text, err := os.ReadFile("../domain/RULES.md")
	must(t, err)
	_, section, ok := strings.Cut(string(text), "\n## What a desk states\n")
	if !ok {
		t.Fatal("RULES.md has no section \"What a desk states\"")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]statement{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || !strings.Contains(cells[0], "`") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		id := strings.Trim(cells[0], "`")
		if _, twice := rows[id]; twice {
			t.Errorf("two rows for %s", id)
		}
		rows[id] = statement{id, cells[1], cells[2], cells[3], cells[4]}
	}
	return rows
}

// TestEveryOperationOfADeskThatStatesAnothersWillNamesAPaper: what a citizen can do alone,
// a desk does for them by stating their will. RULES.md says of every command of a desk
// whose will it states, and on what paper, or why on none.
func TestEveryOperationOfADeskThatStatesAnothersWillNamesAPaper(t *testing.T) {
	s := start(t).at(t)
	rows, newest := statements(t), newestEdition()
	acts := map[rules.Act]bool{}
	for _, op := range s.operations() {
		desk := slices.Contains(op.Roles, domain.RoleOperator) || slices.Contains(op.Roles, domain.RoleProvider)
		row, listed := rows[op.ID]
		delete(rows, op.ID)
		if !op.Changes() || !desk {
			if listed {
				t.Errorf("%s is no command of a desk", op.ID)
			}
			continue
		}
		if !listed {
			t.Errorf("RULES.md does not say whose will a desk states by %s", op.ID)
			continue
		}
		act := row.act()
		citizen := slices.Contains(op.Roles, domain.RoleCitizen)
		switch {
		case citizen && row.will == "nobody's":
			t.Errorf("a citizen does %s alone: a desk that does it states their will", op.ID)
		case act == "" && row.will != "nobody's" && !strings.HasPrefix(row.paper, "none: "):
			t.Errorf("%s states somebody's will: name the act, or say why it needs no paper", op.ID)
		case act == "":
			continue
		}
		acts[act] = true
		if !s.takesABasis(op) {
			t.Errorf("%s has no member basis", op.ID)
		}
		if !newest.NeedsBasis(act) {
			t.Errorf("%s: the newest edition does not demand a paper for %s", op.ID, act)
		}
		if want := newest.NeedsSecondOfficial(act); want != (row.second == "yes") {
			t.Errorf("%s: a second official is asked for: %v, and RULES.md says %q", op.ID, want, row.second)
		}
		kinds := strings.Split(row.told, ", ")
		for _, k := range kinds {
			if !isNotice(strings.Trim(k, "`")) {
				t.Errorf("%s: there is no notice %q", op.ID, k)
			}
		}
	}
	for id := range rows {
		t.Errorf("RULES.md names the operation %s, which does not exist", id)
	}
	for _, a := range rules.Acts {
		if !acts[a] {
			t.Errorf("no operation is the act %s", a)
		}
	}
}

func newestEdition() rules.Edition {
	all := rules.Default().Editions()
	return all[len(all)-1]
}

func isNotice(k string) bool {
	return slices.ContainsFunc(notice.Table, func(l notice.Line) bool { return slices.Contains(l.Kinds, notice.Kind(k)) })
}

// takesABasis reports whether the schema of the request has the member, at any depth.
func (s *subtest) takesABasis(op route) bool {
	s.t.Helper()
	components := s.document()["components"].(map[string]any)["schemas"].(map[string]any)
	seen := map[string]bool{}
	var find func(any) bool
	find = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok && properties["basis"] != nil {
				return true
			}
			if ref, ok := v["$ref"].(string); ok {
				name := ref[strings.LastIndex(ref, "/")+1:]
				if seen[name] {
					return false
				}
				seen[name] = true
				return find(components[name])
			}
			for _, member := range v {
				if find(member) {
					return true
				}
			}
		case []any:
			return slices.ContainsFunc(v, find)
		}
		return false
	}
	return find(op.doc["requestBody"])
}

// TestADeskThatStatesAnothersWillWithoutAPaperIsRefusedAndWithOneEverybodyIsTold by the
// newest edition, for every operation of the table.
func TestADeskThatStatesAnothersWillWithoutAPaperIsRefusedAndWithOneEverybodyIsTold(t *testing.T) {
	r := start(t, func(set *settings) { set.rules = rulestest.Newest(t) })
	s := r.at(t)
	s.notify(nil)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	list := s.list()
	applied := func(person string) string {
		return "/v1/cases/" + s.command("/v1/housing-applications", operator,
			application(person, list).with(body{"basis": paper})).is(http.StatusCreated).id("case_id")
	}
	onList := func(person string) string {
		id := applied(person)
		s.command(id+"/review", commission, body{}).is(http.StatusOK)
		placed := s.command(id+"/decision", commission, placing).is(http.StatusOK)
		return entryPath(list, placed.at("placement", "entry_id").(string))
	}
	owner, other, child := s.citizen(), s.citizen(), s.child()
	partner := s.citizen()
	home, sold, shared := s.dwelling(owner), s.dwelling(owner), s.dwelling(owner, partner)
	family := application(s.citizen(), list).with(body{
		"family": []body{{"person_id": other, "relation": "spouse"}}, "basis": paper,
	})
	asked := "/v1/cases/" + s.command("/v1/housing-applications", operator, family).is(http.StatusCreated).id("case_id")
	withdrawn, changed, held := s.citizen(), s.citizen(), s.citizen()
	resident := s.citizen()
	s.command("/v1/registrations", operator, registration(resident, shared, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": owner, "basis": paper}, {"person_id": partner, "basis": paper}},
	})).is(http.StatusCreated)
	entry := onList(held)
	atDesk := removal(owner, shared, resident).with(body{
		"channel": "state_corporation", "signature": body{"method": "handwritten"},
		"documents": []body{
			{"type": "identity_card", "number": "1", "person_id": owner},
			{"type": "application", "number": "2", "person_id": resident},
		},
	})
	applicant := s.citizen()
	cases := []struct {
		operation, path string
		body            body
		field           string // of the refusal, "basis" where it is empty
		told            map[string]string
	}{
		{"apply-for-housing", "/v1/housing-applications", application(applicant, list), "",
			map[string]string{applicant: "application_received"}},
		{"change-case-consent", applied(changed) + "/consent", body{"given": false}, "",
			map[string]string{changed: "lookup_consent_stated"}},
		{"withdrawal", applied(withdrawn) + "/withdrawal", body{}, "",
			map[string]string{withdrawn: "application_withdrawn"}},
		{"change-consent", entry + "/consent", body{"given": false}, "",
			map[string]string{held: "lookup_consent_stated"}},
		{"report-change", entry + "/change", body{"kind": "family", "happened_on": "2026-03-10"}, "",
			map[string]string{held: "change_of_family_stated"}},
		{"answer-as-family-member", asked + "/member-consent", body{"given": true, "person_id": other}, "",
			map[string]string{other: "named_in_family"}},
		{"deregister", "/v1/deregistrations", atDesk, "",
			map[string]string{
				owner: "persons_deregistered", resident: "you_are_deregistered", partner: "co_owner_confirmation_stated",
			}},
		{"register-residence", "/v1/registrations", registration(other, home, "2026-03-01", "").with(body{
			"consents": []body{{"person_id": owner}},
		}), "consents[0].basis", map[string]string{owner: "consent_to_registration_stated"}},
		{"record-representative", "/v1/persons/" + child + "/representatives",
			body{"representative_id": other, "kind": "guardian"}, "",
			map[string]string{child: "representation_changed", other: "representation_changed"}},
		{"end-representation", "/v1/persons/" + child + "/representatives/removal",
			body{"representative_id": other, "reasons": "r"}, "",
			map[string]string{child: "representation_changed", other: "representation_changed"}},
		{"change-owners", "/v1/dwellings/" + sold + "/owners", body{"owners": []body{{"person_id": other}}}, "",
			map[string]string{owner: "change_of_owners_proposed"}},
		{"describe-dwelling", "/v1/dwellings/" + home + "/description", body{"address": "Астана, 77"}, "",
			map[string]string{owner: "dwelling_record_changed"}},
		{"confirm-contacts", "/v1/persons/" + other + "/contacts", body{"phone": "+77010000055", "language": "kk"}, "",
			map[string]string{other: "contacts_changed"}},
	}
	rows := statements(t)
	for _, c := range cases {
		t.Run(c.operation, func(t *testing.T) {
			s := r.at(t)
			row := rows[c.operation]
			delete(rows, c.operation)
			if c.field == "" {
				c.field = "basis"
			}
			before := s.head()
			s.command(c.path, operator, c.body).
				refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, c.field)
			if s.changed(before) {
				t.Error("the refusal has left something in the log")
			}
			sent := c.body.with(body{"basis": paper})
			if c.field != "basis" {
				sent = c.body.with(body{"consents": []body{{"person_id": owner, "basis": paper}}})
			}
			done := s.command(c.path, operator, sent)
			if done.status/100 != 2 {
				t.Fatalf("with the paper: %s", done.text)
			}
			for person, kind := range c.told {
				told := s.seen("/v1/me/notices", s.as(person), s.notify(done)).is(http.StatusOK)
				if !strings.Contains(told.text, `"`+kind+`"`) {
					t.Errorf("told %s, want %s", told.text, kind)
				}
				if !strings.Contains(row.told, "`"+kind+"`") {
					t.Errorf("RULES.md does not name the notice %s", kind)
				}
				history := s.seen("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), done).is(http.StatusOK)
				if !strings.Contains(history.text, paper["sha256"].(string)) {
					t.Errorf("the history of who is told %s lacks the paper", kind)
				}
			}
		})
	}
	for id, row := range rows {
		if row.act() != "" {
			t.Errorf("this test does not call %s", id)
		}
	}
}

// TestC20_ACitizenNamesNoPaper: who speaks for themselves needs none.
func TestC20_ACitizenNamesNoPaper(t *testing.T) {
	s := start(t).at(t)
	person, list := s.citizen(), s.list()
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	id := s.applied(person, list)
	holder, entry, _ := s.entry(list)
	before := s.head()
	for path, b := range map[string]body{
		"/v1/cases/" + id + "/consent":    {"given": false},
		"/v1/cases/" + id + "/withdrawal": {},
		"/v1/deregistrations":             removal(person, home, person),
		"/v1/housing-applications": {
			"channel": "portal", "list_id": list, "applicant_id": person, "consent": true, "signature": body{"method": "eds"},
		},
	} {
		s.command(path, s.as(person), b.with(body{"basis": paper})).
			refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "basis")
	}
	s.command(entryPath(list, entry)+"/change", s.as(holder), body{
		"kind": "family", "happened_on": "2026-03-10", "basis": paper,
	}).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "basis")
	if s.changed(before) {
		t.Error("the refusals have left something in the log")
	}
}

// TestQ19_ACommissionGivesNobodysHomeAwayByItsWord: it takes what a person owns by the
// document with which the owner gave it, and the owner is told.
func TestQ19_ACommissionGivesNobodysHomeAwayByItsWord(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	owner := s.citizen()
	home := s.dwelling(owner)
	list := s.list()
	_, entry, _ := s.entry(list)
	provide := body{
		"dwelling_id": home, "useful_area": 30, "rooms": 1, "minutes": body{"number": "12"}, "register_residence": true,
		"need_check": body{"on": "2026-03-15", "source": "documents", "in_need": true},
	}
	s.notify(nil) // from now on notices are owed
	before := s.head()
	for _, query := range []string{"?dry_run=true", ""} {
		s.command(entryPath(list, entry)+"/provision"+query, commission, provide).
			refused(http.StatusConflict, domain.CodeDwellingNotGiven, "dwelling_id")
		s.command("/v1/dwellings/"+home+"/stock"+query, commission, body{}).
			refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	}
	if s.changed(before) {
		t.Error("the refusals have left something in the log")
	}

	taken := s.command("/v1/dwellings/"+home+"/stock", commission, body{"basis": paper}).is(http.StatusOK)
	told := s.seen("/v1/me/notices", s.as(owner), s.notify(taken)).is(http.StatusOK)
	if !strings.Contains(told.text, `"dwelling_taken_into_stock"`) {
		t.Errorf("the owner is told %s", told.text)
	}
	s.command(entryPath(list, entry)+"/provision", commission, provide).is(http.StatusOK)
	s.command("/v1/dwellings/"+home+"/stock", commission, body{"basis": paper}).
		refused(http.StatusConflict, domain.CodeNothingChanges, "")
}

// TestQ19_ADwellingOfTheStockIsProvidedByItsBodyAlone: from the day on which a body takes
// it or lets it first.
func TestQ19_ADwellingOfTheStockIsProvidedByItsBodyAlone(t *testing.T) {
	r := start(t)
	s := r.at(t)
	_, other := s.commission("commission-9")
	commission := s.token(domain.RoleCommission)
	check := body{"on": "2026-03-15", "source": "documents", "in_need": true}
	provide := func(dwelling string) body {
		return body{"dwelling_id": dwelling, "useful_area": 30, "rooms": 1, "need_check": check, "minutes": body{"number": "12"}}
	}
	list := s.list()
	_, entry, _ := s.entry(list)

	taken := s.dwelling()
	s.command("/v1/dwellings/"+taken+"/stock", other, body{}).
		refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	s.stocked(taken, other)
	s.command("/v1/dwellings/"+taken+"/stock", other, body{"basis": paper}).refused(http.StatusConflict, domain.CodeNothingChanges, "")
	s.command("/v1/dwellings/"+taken+"/stock", commission, body{"basis": paper}).
		refused(http.StatusForbidden, domain.CodeNotYourBody, "")
	before := s.head()
	for _, query := range []string{"?dry_run=true", ""} {
		s.command(entryPath(list, entry)+"/provision"+query, commission, provide(taken)).
			refused(http.StatusForbidden, domain.CodeNotYourBody, "dwelling_id")
	}
	if s.changed(before) {
		t.Error("the refusals have left something in the log")
	}

	free := s.dwelling()
	s.command(entryPath(list, entry)+"/provision", commission, provide(free)).
		refused(http.StatusConflict, domain.CodeDwellingNotInStock, "dwelling_id")
	s.given(free)
	s.command(entryPath(list, entry)+"/provision", commission, provide(free)).is(http.StatusOK)
	s.command("/v1/dwellings/"+free+"/lease-end", commission, body{"reason": "returned", "on": "2026-03-15"}).
		is(http.StatusOK)
	s.command("/v1/dwellings/"+free+"/stock", other, body{}).refused(http.StatusForbidden, domain.CodeNotYourBody, "")
	s.command("/v1/dwellings/"+free+"/stock", commission, body{}).
		refused(http.StatusConflict, domain.CodeNothingChanges, "")
}
