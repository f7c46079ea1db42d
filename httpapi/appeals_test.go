package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/notice"
	printed "tizilim/httpapi/documents"
)

// told is the last notice of the kind to the person, as their account shows it after a.
func (s *subtest) told(person string, kind notice.Kind, a *answer) body {
	s.t.Helper()
	list := s.seen("/v1/me/notices?limit=200", s.as(person), s.notify(a)).is(http.StatusOK).at("notices").([]any)
	for _, one := range list {
		if n := body(one.(map[string]any)); n["kind"] == string(kind) {
			return n
		}
	}
	s.t.Fatalf("no notice %s among %v", kind, list)
	return nil
}

// routeIn is how the notice says that it can be contested.
func routeIn(n body) string {
	appeal, _ := n["appeal"].(map[string]any)
	return fmt.Sprint(appeal["route"])
}

// contests complains by the notice and by nothing else.
func (s *subtest) contests(person string, n body) *answer {
	s.t.Helper()
	return s.command("/v1/complaints", s.as(person), body{"notice_id": n["notice_id"], "grounds": "it is wrong"}).
		is(http.StatusCreated)
}

var (
	courtsAct = body{
		"court_act": body{"number": "2-114/26", "on": "2026-03-15", "in_force_on": "2026-03-15"}, "basis": paper,
	}
	satisfying = body{"outcome": "satisfied_by_body", "reasons": "it was wrong"}
	upholding  = body{"outcome": "act_upheld", "reasons": "it was right"}
)

// refOf names the n-th event of the answer.
func refOf(a *answer, n int) string {
	return fmt.Sprintf("%s@%v", a.at("events", n, "stream"), a.at("events", n, "revision"))
}

// TestC28_EveryRouteIsWalked by a citizen who knows only what the notice says: each route of
// [notice.Routes] leads to the end of the complaint.
func TestC28_EveryRouteIsWalked(t *testing.T) {
	const commission = domain.RoleCommission
	walks := map[notice.Route]func(*subtest){
		notice.ToCase: func(s *subtest) {
			list := s.list()
			person, stranger := s.citizen(), s.citizen()
			id := s.applied(person, list)
			refused := s.command("/v1/cases/"+id+"/decision", s.token(commission), body{
				"outcome": "refuse", "ground": "untrue_documents", "reasons": "r", "examination": body{"findings": []body{}},
				"exemption": body{"ground": "urgency", "reasons": "r"},
			}).is(http.StatusOK)
			n := s.told(person, notice.PlacementRefused, refused)
			s.command("/v1/complaints", s.as(stranger), body{"notice_id": n["notice_id"], "grounds": "g"}).
				refused(http.StatusNotFound, domain.CodeNotFound, "")
			s.command("/v1/complaints", s.as(stranger), body{"notice_id": nobody, "grounds": "g"}).
				refused(http.StatusNotFound, domain.CodeNotFound, "")
			if got := s.contests(person, n).id("case_id"); got != id || routeIn(n) != "case" {
				s.t.Errorf("the complaint is in the case %s by the route %s", got, routeIn(n))
			}
			s.command("/v1/complaints", s.as(person), body{"notice_id": n["notice_id"], "grounds": "g"}).
				refused(http.StatusConflict, domain.CodeComplaintPending, "")
			s.step(id, person, caseStep{"complaint-withdrawal", body{}, domain.RoleCitizen}).is(http.StatusOK)
			s.contests(person, n)
			s.step(id, "", caseStep{"complaint-decision", satisfying, commission}).is(http.StatusOK)
			s.placed(id)
		},
		notice.ToEntry: func(s *subtest) {
			list := s.list()
			person, entry, _ := s.entry(list)
			n := s.told(person, notice.Removed, s.removed(list, entry))
			filed := s.contests(person, n)
			if filed.id("entry_id") != entry || routeIn(n) != "entry" {
				s.t.Errorf("%s by the route %s", filed.text, routeIn(n))
			}
			s.command(entryPath(list, entry)+"/complaint-withdrawal", s.as(person), body{}).is(http.StatusOK)
			filed = s.contests(person, n)
			s.command(entryPath(list, entry)+"/complaint-decision", s.token(commission), satisfying).is(http.StatusOK)
			s.command(entryPath(list, entry)+"/reinstatement", s.token(commission), body{
				"ground": "complaint_satisfied", "complaint_id": filed.id("complaint_id"),
			}).is(http.StatusOK)
		},
		notice.ToAct: func(s *subtest) {
			list := s.list()
			rule := "/v1/queues/" + list + "/priority-rule"
			s.command(rule, s.token(commission), body{"categories": []string{"orphan"}, "basis": "act 5"}).is(http.StatusOK)
			person, entry, _ := s.entry(list)
			s.command(entryPath(list, entry)+"/priority", s.token(commission), body{"category": "orphan"}).is(http.StatusOK)
			ended := s.command(entryPath(list, entry)+"/priority", s.token(commission), body{"end": true}).is(http.StatusOK)
			n := s.told(person, notice.PriorityEnded, ended)
			filed := s.contests(person, n)
			id := filed.id("case_id")
			c := s.seen("/v1/cases/"+id, s.as(person), filed).is(http.StatusOK)
			if routeIn(n) != "act" || c.at("service") != "complaint" || c.at("act") != n["about"] || c.at("state") != "contested" {
				s.t.Errorf("by the route %s the case %s", routeIn(n), c.text)
			}
			if file := s.get("/v1/cases/"+id+"/file", s.as(person)).is(http.StatusOK); strings.Contains(file.text, "commission-") {
				s.t.Errorf("the file shows who has acted: %s", file.text)
			}
			s.step(id, "", caseStep{"complaint-forwarding", body{"to": "ministry"}, commission}).is(http.StatusOK)
			decided := body{"outcome": "act_annulled", "reasons": "the category has not ended"}
			s.step(id, "", caseStep{"complaint-decision", decided, commission}).
				refused(http.StatusForbidden, domain.CodeDeciderRecused, "")
			other := s.staff(commission, "commission-2")
			s.command("/v1/cases/"+id+"/complaint-decision", other, decided).is(http.StatusOK)
			remedy := func(ref string) *answer {
				return s.step(id, "", caseStep{"remedy", body{"how": "corrected", "acts": []string{ref}}, commission})
			}
			remedy(refOf(ended, 0)).refused(http.StatusUnprocessableEntity, domain.CodeNoRemedy, "acts[0]")
			again := s.command(entryPath(list, entry)+"/priority", s.token(commission), body{"category": "orphan"}).is(http.StatusOK)
			done := remedy(refOf(again, 0)).is(http.StatusOK)
			if c := s.seen("/v1/cases/"+id, s.as(person), done); c.at("owed") != nil || c.at("remedy", "acts", 0) != refOf(again, 0) {
				s.t.Errorf("after the remedy %s", c.text)
			}
		},
		notice.ToCourt: func(s *subtest) {
			// S000: upheld refusal, court, and placed before whoever applied later.
			list := s.list()
			person := s.citizen()
			id := s.applied(person, list)
			_, later, _ := s.entry(list)
			refused := s.command("/v1/cases/"+id+"/decision", s.token(commission), body{
				"outcome": "refuse", "ground": "untrue_documents", "reasons": "r", "examination": body{"findings": []body{}},
				"exemption": body{"ground": "urgency", "reasons": "r"},
			}).is(http.StatusOK)
			s.contests(person, s.told(person, notice.PlacementRefused, refused))
			s.step(id, "", caseStep{"complaint-forwarding", body{"to": "ministry"}, commission}).is(http.StatusOK)
			upheld := s.command("/v1/cases/"+id+"/complaint-decision", s.staff(commission, "commission-2"), upholding).is(http.StatusOK)
			n := s.told(person, notice.ComplaintDismissed, upheld)
			if routeIn(n) != "court" || n["case_id"] != id {
				s.t.Errorf("the dismissal says %v", n)
			}
			s.command("/v1/complaints", s.as(person), body{"notice_id": n["notice_id"], "grounds": "g"}).
				refused(http.StatusConflict, domain.CodeNoAppeal, "")
			followed := s.step(id, "", caseStep{"court-act", courtsAct, commission}).is(http.StatusOK)
			if n := s.told(person, notice.CourtSetAside, followed); n["case_id"] != id {
				s.t.Errorf("the applicant is told %v", n)
			}
			placed := s.placed(id)
			if placed.at("placement", "number") != 1.0 {
				s.t.Errorf("placed as %s", placed.text)
			}
			if a := s.seen(entryPath(list, later), s.token(commission), placed); a.body["number"] != 2.0 {
				s.t.Errorf("who applied later has %s", a.text)
			}
		},
	}
	for _, r := range notice.Routes {
		walk, ok := walks[r]
		if !ok {
			t.Errorf("nobody walks the route %s", r)
			continue
		}
		t.Run(string(r), func(t *testing.T) {
			s := start(t).at(t)
			s.notify(nil)
			walk(s)
		})
	}
}

// TestC28_ACorrectedRecordIsContestedAndCorrectedAgain: the provider answers for its own act, and
// names the correction that undoes it.
func TestC28_ACorrectedRecordIsContestedAndCorrectedAgain(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	provider := s.token(domain.RoleProvider)
	person := s.citizen()
	home := s.dwelling(s.citizen())
	registered := s.registered(person, home, "2026-03-01", "").id("registration_id")
	annulled := s.command("/v1/persons/"+person+"/corrections", provider, correction(body{
		"registration_id": registered, "action": "annul",
	}).with(body{"accept": []string{"leaves_without_residence"}})).is(http.StatusCreated)
	n := s.told(person, notice.RecordCorrected, annulled)
	id := s.contests(person, n).id("case_id")
	s.step(id, "", caseStep{"complaint-decision", satisfying, domain.RoleProvider}).is(http.StatusOK)
	back := s.command("/v1/persons/"+person+"/corrections", provider, correction(body{
		"event": refOf(annulled, 0), "action": "annul",
	}).with(body{"ground": "complaint_upheld"})).is(http.StatusCreated)
	done := s.step(id, "", caseStep{"remedy", body{"how": "corrected", "acts": []string{refOf(back, 0)}}, domain.RoleProvider}).
		is(http.StatusOK)
	if c := s.seen("/v1/cases/"+id, provider, done); c.at("owed") != nil {
		t.Errorf("after the remedy %s", c.text)
	}
	if got := s.get("/v1/persons/"+person+"/residence", provider).homes(); len(got) != 1 {
		t.Errorf("the person resides at %v", got)
	}
}

// TestC28_R32_ARepresentativeContestsByTheirCopy in the place of the child, who does not complain alone;
// a desk takes the paper of the representative.
func TestC28_R32_ARepresentativeContestsByTheirCopy(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	provider := s.token(domain.RoleProvider)
	parent := s.citizen()
	child := s.ward(parent)
	home := s.dwelling(parent)
	registered := s.registered(child, home, "2026-03-01", "").id("registration_id")
	annulled := s.command("/v1/persons/"+child+"/corrections", provider, correction(body{
		"registration_id": registered, "action": "annul",
	}).with(body{"accept": []string{"leaves_without_residence"}})).is(http.StatusCreated)
	n := s.told(parent, notice.RecordCorrected, annulled)
	own := s.told(child, notice.RecordCorrected, annulled)
	s.command("/v1/complaints", s.as(child), body{"notice_id": own["notice_id"], "grounds": "g"}).
		refused(http.StatusForbidden, domain.CodeRepresentative, "")
	filed := s.contests(parent, n)
	id := filed.id("case_id")
	if c := s.seen("/v1/cases/"+id, s.as(parent), filed).is(http.StatusOK); c.at("applicant_id") != child {
		t.Errorf("the complaint is that of %v, not of the child", c.at("applicant_id"))
	}
	s.command("/v1/cases/"+id+"/complaint-withdrawal", s.as(parent), body{}).is(http.StatusOK)
	desk := body{"notice_id": own["notice_id"], "grounds": "g"}
	s.command("/v1/complaints", s.token(domain.RoleOperator), desk).
		refused(http.StatusConflict, domain.CodeRepresentative, "represented_by")
	again := s.command("/v1/complaints", s.token(domain.RoleOperator), desk.with(body{"represented_by": parent})).
		is(http.StatusCreated)
	if again.id("case_id") != id {
		t.Errorf("one act is contested in the cases %s and %s", id, again.id("case_id"))
	}
}

// TestC29_ARefusedDeregistrationThatACourtGrants: upheld by the body above, set aside by a court, and
// the person is deregistered as of the day that the act names; the remedy names the correction.
func TestC29_ARefusedDeregistrationThatACourtGrants(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	provider := s.token(domain.RoleProvider)
	owner, guest := s.citizen(), s.citizen()
	home, elsewhere := s.dwelling(owner), s.dwelling(owner)
	refused := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	if refused.at("results", 0, "reason") == "" || refused.at("results", 0, "code") != string(domain.CodeNotRegisteredHere) {
		t.Fatalf("not refused: %s", refused.text)
	}
	id := refused.id("case_id")
	n := s.told(owner, notice.NobodyDeregistered, refused)
	s.contests(owner, n)
	s.step(id, "", caseStep{"complaint-forwarding", body{"to": "ministry"}, domain.RoleProvider}).is(http.StatusOK)
	upheld := s.command("/v1/cases/"+id+"/complaint-decision", s.staff(domain.RoleProvider, "provider-2"), upholding).is(http.StatusOK)
	s.told(owner, notice.ComplaintDismissed, upheld)
	s.step(id, "", caseStep{"court-act", courtsAct, domain.RoleProvider}).is(http.StatusOK)
	// The court found that the guest was registered there until the first of March.
	mended := s.command("/v1/persons/"+guest+"/corrections", provider, correction(body{
		"action": "insert", "dwelling_id": home, "kind": "permanent", "effective_from": "2026-01-01", "ended_on": "2026-03-01",
		"reason": "court_decision",
	}).with(body{"ground": "court_act"})).is(http.StatusCreated)
	s.registered(guest, elsewhere, "2026-03-02", "")
	done := s.step(id, "", caseStep{"remedy", body{"how": "corrected", "acts": []string{refOf(mended, 0)}}, domain.RoleProvider}).
		is(http.StatusOK)
	c := s.seen("/v1/cases/"+id, provider, done)
	if c.at("owed") != nil || c.at("court_act", "in_force_on") != "2026-03-15" || c.at("state") != "refused" {
		t.Errorf("after the court %s", c.text)
	}
}

// TestC28_ReasonsAreSentencesInTheLanguageOfTheApplication.
func TestC28_ReasonsAreSentencesInTheLanguageOfTheApplication(t *testing.T) {
	s := start(t).at(t)
	owner, guest := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	seen := map[string]bool{}
	for _, language := range []string{"kk", "ru", "en"} {
		a := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest).with(body{"language": language})).
			is(http.StatusCreated)
		shown := s.seen("/v1/cases/"+a.id("case_id"), s.as(owner), a)
		got := fmt.Sprint(a.at("results", 0, "reason"))
		if got != shown.at("results", 0, "reason") || got != printed.NotDeregistered(domain.CodeNotRegisteredHere, domain.Language(language)) {
			t.Errorf("in %s the answer says %s, the case %v", language, got, shown.at("results", 0, "reason"))
		}
		seen[got] = true
	}
	if len(seen) != 3 {
		t.Errorf("the three languages say %v", seen)
	}
}
