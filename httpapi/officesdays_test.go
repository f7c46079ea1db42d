package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
)

// step is a step that the file of a case opens to its reader.
func (a *answer) step(operation string) string {
	a.t.Helper()
	s := a.found("next", func(n body) bool { return n["operation"] == operation })
	if s["method"] != "POST" || s["text"] == "" {
		a.t.Errorf("the step %v", s)
	}
	return s["path"].(string)
}

// TestTheDayOfACommission starts with a token alone. Six applications wait: the commission decides them one
// by one as its work list has them, and takes every address from an answer.
func TestTheDayOfACommission(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	last := s.get("/v1/queues", commission)
	for range 6 {
		last = s.command("/v1/housing-applications", s.token(domain.RoleOperator),
			application(s.citizen(), list).with(body{"basis": paper})).is(http.StatusCreated)
	}
	decided := 0
	for ; ; decided++ {
		work := s.seen("/v1/cases?service=S000", commission, last)
		var waits body
		for _, one := range work.at("cases").([]any) {
			c := body(one.(map[string]any))
			for _, due := range c["due"].([]any) {
				if waits == nil && due.(map[string]any)["what"] == "decision" {
					waits = c
				}
			}
		}
		if waits == nil {
			if counts := work.at("counts").(map[string]any); counts["granted"] != 5.0 || counts["refused"] != 1.0 {
				t.Errorf("at the end of the day the cases are %v", counts)
			}
			break
		}
		if decided == 6 {
			t.Fatalf("a seventh application waits: %v", waits)
		}
		path := "/v1/cases/" + waits["case_id"].(string) + "/file"
		file := s.get(path, commission).is(http.StatusOK)
		if who := file.found("persons", func(body) bool { return true }); who["name"] != waits["applicant"].(map[string]any)["name"] {
			t.Errorf("the file is of %v, the line of %v", who, waits["applicant"])
		}
		if !strings.Contains(file.text, "бас маман") {
			t.Errorf("the file does not say whom the person serves: %s", file.text)
		}
		last = s.command(file.step("review"), commission, body{}).is(http.StatusOK)
		file = s.seen(path, commission, last)
		if decided == 2 { // a document of the third is not true
			last = s.command(file.step("decide-case"), commission, body{
				"outcome": "refuse", "ground": "untrue_documents", "reasons": "the employer did not issue the paper",
				"examination": body{"findings": []body{}}, "exemption": body{"ground": "urgency", "reasons": "r"},
			}).is(http.StatusOK)
			continue
		}
		last = s.command(file.step("examine-need"), commission, body{"findings": []body{}}).is(http.StatusOK)
		last = s.command(s.seen(path, commission, last).step("decide-case"), commission, placing).is(http.StatusOK)
	}
	if decided != 6 {
		t.Errorf("%d applications were decided", decided)
	}
	lists := s.seen("/v1/queues", commission, last)
	own := lists.found("lists", func(l body) bool { return l["of"] == 5.0 })
	if n := len(s.get("/v1/queues/"+own["list_id"].(string)+"/entries", commission).is(http.StatusOK).at("entries").([]any)); n != 5 {
		t.Errorf("the list shows %d entries", n)
	}
}

// TestTheDayOfADesk starts with a token, and with what people bring: an IIN, a name, an address. The desk
// finds or records the person and the dwelling, registers, and takes an application for deregistration.
func TestTheDayOfADesk(t *testing.T) {
	r := start(t)
	s := r.at(t)
	desk, iin, address := s.token(domain.RoleOperator), s.iin(), "Астана қаласы, Сарыарқа даңғылы, 5-үй, 7-пәтер"
	search := body{"purpose": "service", "iin": iin}
	if a := s.send("POST", "/v1/persons/search", desk, search); a.status != http.StatusNotFound {
		t.Fatalf("who was not recorded is found: %s", a.text)
	}
	last := s.command("/v1/persons", desk, body{
		"iin": iin, "name": "Нұрланов Асқар", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated)
	position := header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	who := s.send("POST", "/v1/persons/search", desk, search, position).is(http.StatusOK).id("person_id")

	last = s.command("/v1/dwellings", desk, body{
		"rka": rka(), "address": address, "kato": "711310000", "owners": []body{{"person_id": who, "share": "1/1"}},
	}).is(http.StatusCreated)
	position = header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	home := s.send("POST", "/v1/dwellings/search", desk, body{"address": "Сарыарка 5 7"}, position).is(http.StatusOK).
		found("dwellings", func(d body) bool { return d["address"] == address })["dwelling_id"].(string)

	last = s.command("/v1/registrations", desk, body{ // at a dwelling of their own
		"person_id": who, "dwelling_id": home, "kind": "permanent", "effective_from": domain.DateOf(r.clock.Now()).String(),
	})
	if last.status != http.StatusCreated && last.status != http.StatusOK {
		t.Fatal(last.text)
	}
	s.seen("/v1/dwellings/"+home+"/residents", desk, last).found("residents", func(p body) bool { return p["person_id"] == who })

	guest := s.citizen()
	s.command("/v1/registrations", desk, body{
		"person_id": guest, "dwelling_id": home, "kind": "permanent", "effective_from": domain.DateOf(r.clock.Now()).String(),
		"consents": []body{{"person_id": who}},
	}).is(http.StatusCreated)

	// The owner wants the guest deregistered. The checklist names every paper that is then handed in.
	needs := s.get("/v1/services/s001/requirements?channel=state_corporation&class=citizen&ground=owner_application", desk).
		is(http.StatusOK)
	filed := atDesk(who, home, guest)
	for _, one := range needs.at("papers").([]any) {
		p := body(one.(map[string]any))
		if p["required"] != true {
			continue
		}
		types, _ := p["document_types"].([]any)
		if !slices.ContainsFunc(filed["documents"].([]body), func(d body) bool { return slices.Contains(types, d["type"]) }) {
			t.Errorf("the application lacks the paper %v", p)
		}
	}
	last = s.command("/v1/deregistrations", desk, filed).is(http.StatusCreated)
	file := s.seen("/v1/cases/"+last.id("case_id")+"/file", desk, last)
	if file.at("state") != "granted" {
		t.Errorf("the application is %v", file.at("state"))
	}

	// The talon is found by the number of the case, and printed.
	position = header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	talon := s.send("POST", "/v1/certificates/search", desk, body{"purpose": "service", "number": file.at("number")}, position).
		is(http.StatusOK).id("certificate_id")
	page := s.get("/v1/certificates/"+talon, desk, header{"Accept", "application/pdf"}).is(http.StatusOK)
	if !strings.HasPrefix(page.text, "%PDF-") {
		t.Errorf("the talon is no page: %.40s", page.text)
	}
}
