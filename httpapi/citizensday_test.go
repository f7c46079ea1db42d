package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// found is the first of the objects in a list of the answer that the condition holds for.
func (a *answer) found(list string, holds func(body) bool) body {
	a.t.Helper()
	all, _ := a.body[list].([]any)
	for _, one := range all {
		if o := body(one.(map[string]any)); holds(o) {
			return o
		}
	}
	a.t.Fatalf("nothing in %s fits: %s", list, a.text)
	return nil
}

// TestTheDayOfACitizen starts with a token and an IIN. The citizen knows their own name, and the IIN and
// the name of the wife and of a guest: no id, no list, no case. Everything else is found. The desk and
// the commission do what is theirs; the commission finds the case in its work list.
func TestTheDayOfACitizen(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	iin := bornAs(t, "9912312")
	own := s.withToken(iin)
	s.known.Store(s.person.PersonID(iin), iin)

	// Whom the desk knows, and what others did before: somebody stands on the list already.
	commission := s.token(domain.RoleCommission)
	list := s.list()
	ahead, aheadsEntry, _ := s.entry(list)
	wife, wifesIIN := s.bearing("Қасымова Әсел")
	guest, guestsIIN := s.bearing("Әбенов Ерлан")

	// The registry does not know the citizen, and says how it comes to know them.
	s.get("/v1/me", own).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	key := header{"Idempotency-Key", "record me"}
	recorded := s.command(selfPath, own, s.named(iin, "ИМАНОВ БОЛАТ СЕРІКҰЛЫ", asCitizen, key), key).is(http.StatusCreated)
	me := s.seen("/v1/me", own, recorded)
	if me.at("name") != "ИМАНОВ БОЛАТ СЕРІКҰЛЫ" {
		t.Fatalf("the account says %s", me.text)
	}

	// A telephone is confirmed by the code that comes to it.
	s.command("/v1/me/contacts", own, body{"phone": "+77012345678", "language": "ru"}).is(http.StatusOK)
	sent := s.mobile.messages()
	s.command("/v1/me/contacts/confirmation", own, codeOf(sent[len(sent)-1])).is(http.StatusOK)
	if a := s.get("/v1/me/contacts", own).is(http.StatusOK); a.at("phone") != "+7********78" {
		t.Errorf("the telephone is %s", a.text)
	}

	// The list is found, and what an application needs.
	lists := s.get("/v1/queues", own).is(http.StatusOK)
	wanted := lists.found("lists", func(l body) bool {
		return strings.Contains(l["body"].(string), "Қорғаныс") && l["settlement"] == "Астана"
	})
	needs := s.get("/v1/services/s000/requirements?channel=portal", own).is(http.StatusOK)
	needs.found("papers", func(p body) bool { return p["field"] == "service.basis" })

	// The family is written into a draft, and the application of the registry completed by it.
	s.send("PUT", draftPath, own, body{"form": body{"family": []body{spouse(byName(wifesIIN, "Қасымова Әсел"))}}}).is(http.StatusOK)
	draft := s.get(draftPath, own).is(http.StatusOK)
	filled := s.get(draftPath+"/prefilled?list_id="+wanted["list_id"].(string), own).is(http.StatusOK)
	form := body(filled.at("housing_application").(map[string]any)).with(draft.at("form").(map[string]any)).with(body{
		"consent": true, "service": serves, "signature": body{"method": "eds"},
	})
	applied := s.command(applyPath, own, form).is(http.StatusCreated)
	caseID := applied.id("case_id")
	s.send("DELETE", draftPath, own, nil).is(http.StatusOK)
	s.upload("/v1/cases/"+caseID+"/papers", own, "неке.pdf", scan(9), s.key(), "document_type", "marriage_certificate").
		is(http.StatusCreated)

	// The wife finds the case in her account, and consents.
	asked := s.seen("/v1/me/services", s.as(wife), applied).found("services", func(c body) bool { return c["part"] == "family" })
	s.command("/v1/cases/"+asked["case_id"].(string)+"/member-consent", s.as(wife), body{"given": true}).is(http.StatusOK)

	// The commission finds it in its work list, reads it, and decides.
	due := s.get("/v1/cases?service=S000", commission).is(http.StatusOK).found("cases", func(c body) bool {
		return c["applicant"].(map[string]any)["name"] == "ИМАНОВ БОЛАТ СЕРІКҰЛЫ"
	})
	file := s.get("/v1/cases/"+due["case_id"].(string)+"/file", commission).is(http.StatusOK)
	file.found("persons", func(p body) bool { return p["relation"] == "spouse" && p["name"] == "Қасымова Әсел" })
	file.found("files", func(f body) bool { return f["name"] == "неке.pdf" })
	s.command("/v1/cases/"+due["case_id"].(string)+"/review", commission, body{}).is(http.StatusOK)
	s.command("/v1/cases/"+due["case_id"].(string)+"/decision", commission, placing).is(http.StatusOK)

	// The citizen reads the number, and why it changed when somebody ahead left.
	place := s.seen("/v1/me/entries", own, s.notify(nil)).found("entries", func(e body) bool { return e["case_id"] == caseID })
	if place["number"] != 2.0 || place["title"] != wanted["title"] {
		t.Fatalf("the place is %v", place)
	}
	left := s.command(entryPath(list, aheadsEntry)+"/leaving", s.as(ahead), body{}).is(http.StatusOK)
	moved := s.get("/v1/me/entries", own, header{"Tizilim-Position", left.header.Get("Tizilim-Position")},
		header{"Accept-Language", "ru"}).is(http.StatusOK).
		found("entries", func(e body) bool { return e["case_id"] == caseID })
	change := moved["last_change"].(map[string]any)
	if moved["number"] != 1.0 || change["own"] != false || change["text"] == "" {
		t.Errorf("after somebody left: %v", moved)
	}

	// What they were told, and who read their data.
	told := s.seen("/v1/me/notices", own, s.notify(left))
	for _, kind := range []string{"application_received", "placed_on_list"} {
		told.found("notices", func(n body) bool { return n["kind"] == kind })
	}
	s.get("/v1/me/accesses", own).is(http.StatusOK).
		found("accesses", func(e body) bool { return e["operation"] == "get-case-file" && e["role"] == "commission" })
	s.get("/v1/me/accesses", s.as(wife)).is(http.StatusOK).
		found("accesses", func(e body) bool { return e["operation"] == "apply-for-housing" && e["purpose"] == "named" })

	// A desk records a dwelling of theirs, where a guest is registered. The citizen removes the guest.
	home := s.dwelling(me.id("person_id"))
	came := s.registered(guest, home, "2026-03-10", "")
	filled = s.seen("/v1/me/drafts/s001/prefilled", own, came)
	if filled.at("dwellings", 0, "owned") != true || filled.at("dwellings", 0, "address") == "" {
		t.Errorf("the dwellings are %s", filled.text)
	}
	out := s.command("/v1/deregistrations", own, body(filled.at("deregistration").(map[string]any)).with(body{
		"named": []body{byName(guestsIIN, "Абенов Ерлан")}, "signature": body{"method": "eds"},
	})).is(http.StatusCreated)
	if out.at("results", 0, "outcome") != "deregistered" {
		t.Errorf("the guest is %s", out.text)
	}
	s.seen("/v1/me/services", own, out).found("services", func(c body) bool { return c["service"] == "S001" && c["deregistered"] == 1.0 })
}
