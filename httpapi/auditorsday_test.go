package httpapi_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// TestTheDayOfAnAuditor begins with a token and an IIN. Every id that it uses stands in an answer before.
func TestTheDayOfAnAuditor(t *testing.T) {
	r := start(t)
	s := r.at(t)
	iin, name := s.iin(), "Сәуле Тоқтарқызы"
	commission, operator := s.token(domain.RoleCommission), s.token(domain.RoleOperator)
	applicant := s.command("/v1/persons", operator, body{"iin": iin, "name": name, "birth_date": "1990-05-17", "class": "citizen"}).
		is(http.StatusCreated).id("person_id")
	queue := s.list()
	_, ahead, _ := s.entry(queue)
	s.placed(s.applied(applicant, queue))
	placedOn := r.clock.Now()
	r.clock.pass(10 * 24 * time.Hour)
	s.removed(queue, ahead)
	r.clock.pass(10 * 24 * time.Hour)
	s.get("/v1/queues/"+queue+"/entries", commission).is(http.StatusOK)
	must(t, s.watch.CatchUp(s.ctx()))
	s.proven()

	// From here on nothing is known but this.
	auditor, day := s.token(domain.RoleAuditor), domain.DateOf(placedOn).String()
	today := domain.DateOf(r.clock.Now()).String()

	person := s.command("/v1/persons/search", auditor, body{"purpose": "audit", "iin": iin}).is(http.StatusOK).id("person_id")
	history := "/v1/persons/" + person + "/history"
	page := s.get(history+"?order=newest&kind=EntryPlaced,HousingApplicationReceived", auditor).is(http.StatusOK)
	placed, caseID := page.at("events", 0, "data").(map[string]any), ""
	if page.at("events", 0, "type") != "EntryPlaced" || len(page.at("events").([]any)) != 2 {
		t.Fatalf("the history has %s", page.text)
	}
	caseID = placed["case_id"].(string)
	list, entry := placed["list_id"].(string), placed["entry_id"].(string)

	file := s.get("/v1/cases/"+caseID+"/file", auditor).is(http.StatusOK)
	if !strings.Contains(file.text, name) {
		t.Errorf("the file does not say whose case it is: %s", file.text)
	}
	steps := s.get("/v1/cases/"+caseID+"/history", auditor).is(http.StatusOK)
	account := ""
	for _, e := range steps.at("events").([]any) {
		if e.(map[string]any)["type"] == "PlacementApproved" {
			account = e.(map[string]any)["actor"].(string)
		}
	}
	if acts := s.get("/v1/acts?account="+account+"&kind=EntryRemoved", auditor).is(http.StatusOK); len(acts.at("events").([]any)) != 1 {
		t.Errorf("%q has the acts %s", account, acts.text)
	}

	number := func(query string) (number any, of any) {
		a := s.get("/v1/queues/"+list+"/entries?person_id="+person+query, auditor).is(http.StatusOK)
		if a.at("entries", 0, "entry_id") != entry || a.at("entries", 0, "name") != name {
			t.Errorf("the list shows %s", a.text)
		}
		return a.at("entries", 0, "number"), a.at("of")
	}
	for query, want := range map[string]string{
		"": "1 1", "&as_of=" + day: "2 2", "&as_of=" + today: "1 1", "&as_of=" + today + "&known_at=" + day: "2 2",
	} {
		n, of := number(query)
		if got := fmt.Sprint(n, " ", of); got != want {
			t.Errorf("%q: number and length are %s, want %s", query, got, want)
		}
	}
	diff := s.get("/v1/queues/"+list+"/diff?from="+day+"&to="+today, auditor).is(http.StatusOK)
	if diff.at("changes", 0, "change") != "left" || diff.at("changes", 1, "entry_id") != entry ||
		diff.at("changes", 1, "number_before") != 2.0 || diff.at("changes", 1, "number_after") != 1.0 {
		t.Errorf("the difference is %s", diff.text)
	}
	cause := diff.at("changes", 1, "causes", 0, "event").(string)
	s.get("/v1/log/proofs/inclusion?event="+cause, auditor).is(http.StatusOK)

	reads := s.get("/v1/persons/"+person+"/accesses?order=oldest&reader="+account, auditor).is(http.StatusOK)
	if reads.at("accesses", 0, "operation") != "list-entries" {
		t.Errorf("who read: %s", reads.text)
	}
	seen := s.get("/v1/accesses?account="+account, auditor).is(http.StatusOK)
	if !strings.Contains(seen.text, person) {
		t.Errorf("what the account was shown: %s", seen.text)
	}
	mine := s.get("/v1/persons/"+person+"/accesses?limit=1", auditor).is(http.StatusOK)
	if mine.at("accesses", 0, "reader") != "auditor-1" || mine.at("accesses", 0, "purpose") != "audit" {
		t.Errorf("the looks of the auditor are not there: %s", mine.text)
	}

	// Signed off: the case, with the proof that each event stands in the signed log, checked without the server.
	bundle := s.get("/v1/cases/"+caseID+"/history", auditor, header{"Accept", proof.BundleType}).is(http.StatusOK)
	key, err := proof.ParsePublic(s.get("/v1/log/key", "").is(http.StatusOK).at("key").(string))
	must(t, err)
	kept := filepath.Join(t.TempDir(), "case.zip")
	must(t, os.WriteFile(kept, []byte(bundle.text), 0o600))
	exported, err := os.Open(kept)
	must(t, err)
	defer exported.Close()
	report, err := proof.CheckBundle(exported, int64(len(bundle.text)), key)
	must(t, err)
	if !report.Sound() || report.Proven != len(steps.at("events").([]any)) || len(report.Pending) > 0 {
		t.Errorf("of %d events %d are proven: %v", report.Events, report.Proven, report.Wrong)
	}
}
