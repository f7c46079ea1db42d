package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// papers is a registry whose cases have issued a document of every kind.
type papers struct {
	*subtest
	owner, leaver, guest, applicant, spouse, unfit string
	departed, placement, refusal                   *answer           // what issued them, last
	ids                                            map[string]string // by kind
}

func issuePapers(t testing.TB) papers {
	s := start(t).at(t)
	p := papers{subtest: s, ids: map[string]string{}}
	p.owner, p.leaver, p.guest = s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(p.owner)
	s.registered(p.leaver, home, "2026-03-01", "")
	s.registered(p.guest, home, "2026-03-01", "2026-06-01")
	p.departed = s.command("/v1/deregistrations", s.as(p.owner), removal(p.owner, home, p.leaver, p.guest).with(body{
		"departure_sheet": true, "language": "ru",
	})).is(http.StatusCreated)
	for _, d := range p.departed.at("events").([]any) {
		if e := d.(map[string]any); e["type"] == "DepartureSheetIssued" &&
			e["data"].(map[string]any)["person_id"] == p.leaver {
			p.ids["departure_sheet"] = e["data"].(map[string]any)["certificate_id"].(string)
		}
	}
	list := s.list()
	p.applicant, p.spouse, p.unfit = s.citizen(), s.citizen(), s.citizen()
	applied := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(p.applicant, list).with(body{
		"family": []body{{"person_id": p.spouse, "relation": "spouse"}}, "language": "en",
	})).
		is(http.StatusCreated).
		id("case_id")
	p.placement = s.placed(s.consents(applied, p.spouse))
	unwilling := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(p.unfit, list).with(body{"consent": false})).
		is(http.StatusCreated).
		id("case_id")
	p.refusal = s.command("/v1/cases/"+unwilling+"/decision", s.token(domain.RoleCommission), body{
		"outcome": "refuse", "ground": "no_consent", "reasons": "Өтініш беруші келісім бермеді.",
		"exemption": body{"ground": "urgency", "reasons": "r"},
	}).is(http.StatusOK)
	p.ids["talon"] = s.issued(p.placement, "talon")
	p.ids["placement_certificate"] = p.placement.at("placement", "certificate_id").(string)
	p.ids["refusal_certificate"] = p.refusal.at("refusal", "certificate_id").(string)
	return p
}

func (p papers) path(kind string) string { return "/v1/certificates/" + p.ids[kind] }

// shown reads a document as an auditor, once the model has everything.
func (p papers) shown(address string, headers ...header) *answer {
	p.t.Helper()
	return p.get(
		address,
		p.token(domain.RoleAuditor),
		append(headers, header{"Tizilim-Position", fmt.Sprint(p.head())})...)
}

func TestS000_4_EveryDocumentInEveryLanguage(t *testing.T) {
	p := issuePapers(t)
	for kind := range p.ids {
		for _, language := range []string{"kk", "ru", "en"} {
			t.Run(kind+" "+language, func(t *testing.T) {
				a := p.shown(p.path(kind) + "?language=" + language).is(http.StatusOK)
				if a.header.Get("Content-Language") != language || a.header.Get("Content-Type") != "application/json" {
					t.Errorf("headers %v", a.header)
				}
				golden(t, filepath.Join("certificates", kind+"."+language+".json"), a.indented()+"\n")
			})
		}
	}
}

// TestQ2_ThePlacementHasDateAndNumberAndTheRefusalNeither, as JSON.
func TestQ2_ThePlacementHasDateAndNumberAndTheRefusalNeither(t *testing.T) {
	p := issuePapers(t)
	placement, refusal := p.shown(p.path("placement_certificate")).
		is(http.StatusOK),
		p.shown(p.path("refusal_certificate")).
			is(http.StatusOK)
	if placement.at("placement", "number") != 1.0 || placement.at("placement", "registered_on") != "2026-03-15" ||
		placement.body["refusal"] != nil {
		t.Errorf("the placement says %s", placement.text)
	}
	if refusal.at("refusal", "ground") != "no_consent" ||
		refusal.at("refusal", "reasons") != "Өтініш беруші келісім бермеді." ||
		refusal.body["placement"] != nil {
		t.Errorf("the refusal says %s", refusal.text)
	}
	for _, word := range []string{"registered_on", "Есепке қою күні", "Кезектің реттік нөмірі"} {
		if strings.Contains(refusal.text, word) {
			t.Errorf("the refusal says %q: %s", word, refusal.text)
		}
	}
	if !strings.Contains(refusal.text, "Шағым жасау тәртібі") {
		t.Errorf("C7 the refusal does not say how to appeal: %s", refusal.text)
	}
}

func TestADocumentIsInTheLanguageOfItsApplication(t *testing.T) {
	p := issuePapers(t)
	for kind, want := range map[string]string{"departure_sheet": "ru", "placement_certificate": "en", "talon": "en", "refusal_certificate": "kk"} {
		if a := p.shown(p.path(kind)).is(http.StatusOK); a.body["language"] != want {
			t.Errorf("%s is in %v, want %s", kind, a.body["language"], want)
		}
	}
	p.shown(p.path("talon")+"?language=de").
		refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "query.language")
}

func TestADocumentIsShownToItsPartiesAndHiddenFromOthers(t *testing.T) {
	p := issuePapers(t)
	for kind, parties := range map[string][]string{
		"departure_sheet":       {p.owner, p.leaver},
		"placement_certificate": {p.applicant, p.spouse},
		"refusal_certificate":   {p.unfit},
		"talon":                 {p.applicant, p.spouse},
	} {
		position := header{"Tizilim-Position", fmt.Sprint(p.head())}
		for name, person := range map[string]string{
			"owner": p.owner, "leaver": p.leaver, "guest": p.guest, "applicant": p.applicant, "spouse": p.spouse, "unfit": p.unfit,
		} {
			for _, accept := range []string{"application/json", "application/pdf"} {
				a := p.get(p.path(kind), p.as(person), position, header{"Accept", accept})
				if slices.Contains(parties, person) {
					a.is(http.StatusOK)
					continue
				}
				a.refused(http.StatusNotFound, domain.CodeNotFound, "")
				none := p.get("/v1/certificates/"+nobody, p.as(person), position, header{"Accept", accept})
				if a.text != none.text {
					t.Errorf("%s can tell another's %s from none:\n%s\n%s", name, kind, a.text, none.text)
				}
				// Nor does asking for a version tell more.
				p.get(p.path(kind)+"?version=9", p.as(person), position).
					refused(http.StatusNotFound, domain.CodeNotFound, "")
			}
		}
		for _, role := range []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor} {
			p.get(p.path(kind), p.token(role), position).is(http.StatusOK)
		}
	}
	p.shown("/v1/certificates/"+nobody).refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
}

func TestADocumentIsAPageOfPDFWhereItIsAskedFor(t *testing.T) {
	p := issuePapers(t)
	tags := map[string]bool{}
	for kind := range p.ids {
		for _, language := range []string{"kk", "ru", "en"} {
			address := p.path(kind) + "?language=" + language
			shown := p.shown(address).is(http.StatusOK)
			a := p.shown(address, header{"Accept", "application/pdf, */*;q=0.1"}).is(http.StatusOK)
			if a.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.text, "%PDF-") ||
				a.header.Get("Content-Language") != language ||
				!strings.Contains(a.header.Get("Content-Disposition"), shown.id("number")+".pdf") ||
				a.header.Get("Vary") != "Accept" {
				t.Errorf("%s: %v", address, a.header)
			}
			tag := a.header.Get("ETag")
			if tags[tag] || tag == "" {
				t.Errorf("%s has the tag %q of another page, or none", address, tag)
			}
			tags[tag] = true
			if again := p.shown(address, header{"Accept", "application/pdf"}).is(http.StatusOK); again.text != a.text ||
				again.header.Get("ETag") != tag {
				t.Errorf("%s: the same document is other bytes", address)
			}
			same := p.shown(address, header{"Accept", "application/pdf"}, header{"If-None-Match", tag}).
				is(http.StatusNotModified)
			if same.text != "" || same.header.Get("ETag") != tag {
				t.Errorf("%s: 304 with %q, %v", address, same.text, same.header)
			}
			p.shown(address, header{"Accept", "application/pdf"}, header{"If-None-Match", `"other"`}).is(http.StatusOK)
		}
	}
}

// checked is what the public learns by a code, without a token.
func (p papers) checked(code string) *answer {
	p.t.Helper()
	return p.get(
		"/v1/certificates/check/"+strings.ReplaceAll(code, " ", "%20"),
		"",
		header{"Tizilim-Position", fmt.Sprint(p.head())},
	)
}

// stands fails the test unless the code tells just that of the document.
func (p papers) stands(shown *answer, status string) {
	p.t.Helper()
	a := p.checked(shown.id("check_code")).is(http.StatusOK)
	want := map[string]any{
		"kind":      shown.body["kind"],
		"number":    shown.body["number"],
		"issued_on": shown.body["issued_on"],
		"status":    status,
	}
	if fmt.Sprint(a.body) != fmt.Sprint(want) {
		p.t.Errorf("the check says %s, want %v", a.text, want)
	}
}

func TestAnybodyChecksADocumentByItsCodeAndLearnsNothingMore(t *testing.T) {
	p := issuePapers(t)
	codes := map[string]bool{}
	for kind := range p.ids {
		shown := p.shown(p.path(kind)).is(http.StatusOK)
		code := shown.id("check_code")
		if codes[code] {
			t.Errorf("%s has the code of another document", kind)
		}
		codes[code] = true
		p.stands(shown, "valid")
		if want := "https://tizilim.example/v1/certificates/check/" + code; shown.body["check_url"] != want {
			t.Errorf("the address is %v, want %s", shown.body["check_url"], want)
		}
		p.checked(strings.ToLower(strings.ReplaceAll(code, "-", " "))).is(http.StatusOK)
		// Of two codes that differ in one letter, at most one is right.
		for i, letter := range code {
			if letter == '-' {
				continue
			}
			wrong := "0"
			if letter == '0' {
				wrong = "1"
			}
			p.checked(code[:i]+wrong+code[i+1:]).refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
		}
		p.checked(code[:len(code)-1]).refused(http.StatusUnprocessableEntity, domain.CodeCheckCodeFormat, "path.code")
	}
	p.checked("ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ").refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
}

func TestR17_ADuplicateTakesThePlaceOfTheSheet(t *testing.T) {
	p := issuePapers(t)
	first := p.shown(p.path("departure_sheet")).is(http.StatusOK)
	if first.body["duplicate"] != nil || first.body["status"] != "valid" ||
		first.at("departure", "ended_on") != "2026-03-15" {
		t.Errorf("the sheet says %s", first.text)
	}
	operator := p.token(domain.RoleOperator)
	a := p.command(p.path("departure_sheet")+"/duplicate", operator, body{}).is(http.StatusCreated)
	second := p.shown("/v1/certificates/" + a.id("certificate_id")).is(http.StatusOK)
	if second.at("duplicate", "copy") != 1.0 || second.at("duplicate", "replaces") != p.ids["departure_sheet"] ||
		second.body["status"] != "valid" ||
		second.body["number"] == first.body["number"] ||
		second.body["check_code"] == first.body["check_code"] {
		t.Errorf("the duplicate says %s", second.text)
	}
	old := p.shown(p.path("departure_sheet")).is(http.StatusOK)
	if old.body["status"] != "superseded" || old.body["replaced_by"] != a.id("certificate_id") {
		t.Errorf("the sheet says %s", old.text)
	}
	p.stands(first, "superseded")
	p.stands(second, "valid")
	p.command(p.path("departure_sheet")+"/duplicate", operator, body{}).
		refused(http.StatusConflict, domain.CodeCertificateSuperseded, "")
	for _, kind := range []string{"talon", "placement_certificate", "refusal_certificate"} {
		p.command(p.path(kind)+"/duplicate", operator, body{}).
			refused(http.StatusConflict, domain.CodeDuplicateNotIssued, "")
	}
	p.command("/v1/certificates/"+nobody+"/duplicate", operator, body{}).
		refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
	golden(t, filepath.Join("certificates", "duplicate.json"), second.indented()+"\n")
}

func TestR17_NoSheetWhereNoneWasAskedFor(t *testing.T) {
	s := start(t).at(t)
	owner, guest := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	s.registered(guest, home, "2026-03-01", "")
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	list := s.seen("/v1/cases/"+out.id("case_id"), s.as(owner), out).at("issued").([]any)
	if len(list) != 1 || list[0].(map[string]any)["kind"] != "talon" {
		t.Errorf("the case has issued %v", list)
	}
}

func TestC10_ACorrectionIsANewVersionOfTheDocument(t *testing.T) {
	p := issuePapers(t)
	commission := p.token(domain.RoleCommission)
	path := p.path("refusal_certificate")
	first := p.shown(path).is(http.StatusOK)
	before := p.shown("/v1/cases/" + p.refusal.id("case_id"))
	mend := body{
		"corrections": []body{{"field": "reasons", "value": "Өтініш беруші 8-бап бойынша келісім бермеді."}},
		"slip":        "баптың нөмірі жазылмаған",
	}
	p.command(path+"/correction?dry_run=true", commission, mend).is(http.StatusOK)
	if a := p.shown(path).is(http.StatusOK); a.text != first.text {
		t.Errorf("a rehearsal changed the document: %s", a.text)
	}
	stale := header{"If-Match", `"0"`}
	p.command(path+"/correction", commission, mend, stale).
		refused(http.StatusPreconditionFailed, domain.CodeStaleRevision, "")
	a := p.command(path+"/correction", commission, mend, header{"If-Match", first.header.Get("ETag")}).is(http.StatusOK)
	if a.body["version"] != 2.0 {
		t.Errorf("the answer says %s", a.text)
	}
	second := p.shown(path).is(http.StatusOK)
	if second.body["version"] != 2.0 || second.body["versions"] != 2.0 || second.body["status"] != "valid" ||
		second.body["number"] != first.body["number"] ||
		second.at("refusal", "reasons") != "Өтініш беруші 8-бап бойынша келісім бермеді." ||
		second.body["check_code"] == first.body["check_code"] {
		t.Errorf("version 2 says %s", second.text)
	}
	old := p.shown(path + "?version=1").is(http.StatusOK)
	if old.body["version"] != 1.0 || old.body["status"] != "superseded" ||
		old.at("refusal", "reasons") != first.at("refusal", "reasons") ||
		old.body["check_code"] != first.body["check_code"] {
		t.Errorf("version 1 says %s", old.text)
	}
	pdf := header{"Accept", "application/pdf"}
	if p.shown(path, pdf).header.Get("ETag") == p.shown(path+"?version=1", pdf).header.Get("ETag") {
		t.Error("both versions are one page")
	}
	p.stands(first, "superseded")
	p.stands(second, "valid")
	p.shown(path+"?version=3").refused(http.StatusNotFound, domain.CodeVersionUnknown, "query.version")
	after := p.shown("/v1/cases/" + p.refusal.id("case_id"))
	for _, member := range []string{"state", "refusal", "issued"} {
		if fmt.Sprint(after.body[member]) != fmt.Sprint(before.body[member]) {
			t.Errorf("%s of the decision is %v, was %v", member, after.body[member], before.body[member])
		}
	}
	golden(t, filepath.Join("certificates", "corrected.json"), second.indented()+"\n")
}

func TestC10_WhatWasDecidedIsNotCorrected(t *testing.T) {
	p := issuePapers(t)
	before := p.head()
	mend := func(field string) body {
		return body{"corrections": []body{{"field": field, "value": "v"}}, "slip": "s"}
	}
	for _, field := range []string{"number", "registered_on", "ground"} {
		p.command(p.path("placement_certificate")+"/correction", p.token(domain.RoleCommission), mend(field)).
			refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "corrections[0].field")
	}
	p.command(p.path("placement_certificate")+"/correction", p.token(domain.RoleCommission), mend("address")).
		refused(http.StatusUnprocessableEntity, domain.CodeNotASlip, "corrections[0].field")
	p.command(p.path("placement_certificate")+"/correction", p.token(domain.RoleOperator), mend("name")).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	p.command("/v1/certificates/"+nobody+"/correction", p.token(domain.RoleOperator), mend("name")).
		refused(http.StatusNotFound, domain.CodeCertificateUnknown, "")
	if after := p.head(); after != before {
		t.Errorf("refused corrections moved the log from %d to %d", before, after)
	}
}

// A talon receipts any application: unique number, date, time, acceptor (APPC 64).
func TestC4_EveryApplicationHasItsTalon(t *testing.T) {
	p := issuePapers(t)
	byDesk := p.shown(p.path("talon")).is(http.StatusOK)
	if byDesk.at("talon", "accepted_by") != "operator-1" || byDesk.at("talon", "accepted_as") != "operator" ||
		byDesk.at("talon", "received_at") == "" || !strings.HasPrefix(byDesk.id("number"), "S000-2026-") {
		t.Errorf("the talon says %s", byDesk.text)
	}
	byPortal := p.shown("/v1/certificates/" + p.issued(p.departed, "talon")).is(http.StatusOK)
	if byPortal.at("talon", "accepted_by") != "" || byPortal.at("talon", "channel") != "portal" ||
		!strings.HasPrefix(byPortal.id("number"), "S001-2026-") {
		t.Errorf("the talon says %s", byPortal.text)
	}
	other := p.shown("/v1/certificates/" + p.issued(p.refusal, "talon")).is(http.StatusOK)
	if other.body["number"] == byDesk.body["number"] {
		t.Error("two applications have one number")
	}
}

func (a *answer) indented() string {
	a.t.Helper()
	text, err := json.MarshalIndent(a.body, "", "  ")
	must(a.t, err)
	return string(text)
}

// A command does not wait for the read model to learn of what it names: that is
// not its sender's affair, who has just been handed the sheet.
func TestR17_WhatWasJustIssuedIsIssuedAgain(t *testing.T) {
	s := start(t).at(t)
	owner := s.citizen()
	home := s.dwelling(owner)
	for range 10 {
		guest := s.citizen()
		s.registered(guest, home, "2026-03-01", "")
		out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest).with(body{"departure_sheet": true})).
			is(http.StatusCreated)
		events := out.at("events").([]any)
		sheet := events[len(events)-1].(map[string]any)["data"].(map[string]any)["certificate_id"].(string)
		s.command("/v1/certificates/"+sheet+"/duplicate", s.token(domain.RoleOperator), body{}).is(http.StatusCreated)
	}
}

// sheetOf asks for the departure sheet of an ended registration.
func (s *subtest) sheetOf(person, registration, token string) *answer {
	s.t.Helper()
	return s.command(
		"/v1/persons/"+person+"/departure-sheets",
		token,
		body{"registration_id": registration, "language": "ru"},
	)
}

// moved is somebody who moved, and the registration that ended so.
func (s *subtest) moved() (person, ended string) {
	person = s.citizen()
	s.registered(person, s.dwelling(), "2026-01-01", "")
	return person, s.registered(person, s.dwelling(), "2026-03-01", "").at("ended", 0).(string)
}

func TestR17_ASheetOfAMoveIsIssuedAtTheDeskAndToTheCitizen(t *testing.T) {
	s := start(t).at(t)
	p := papers{subtest: s}
	person, ended := s.moved()
	other, theirs := s.moved()
	desk := s.token(domain.RoleOperator)
	path := "/v1/persons/" + person + "/departure-sheets"
	before := s.head()
	s.command(path+"?dry_run=true", desk, body{"registration_id": ended}).is(http.StatusOK)
	s.sheetOf(person, ended, s.as(other)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.sheetOf(person, ended, s.token(domain.RoleCommission)).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	s.sheetOf(person, theirs, desk).refused(http.StatusUnprocessableEntity, domain.CodeFactUnknown, "registration_id")
	s.command(path, desk, body{"registration_id": ended, "language": "de"}).
		refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "language")
	if s.changed(before) {
		t.Fatal("a rehearsal or a refusal was appended")
	}

	mine := s.sheetOf(person, ended, s.as(person)).is(http.StatusCreated)
	sheet := "/v1/certificates/" + mine.id("certificate_id")
	s.sheetOf(person, ended, desk).refused(http.StatusConflict, domain.CodeSheetIssued, "registration_id")
	s.sheetOf(other, theirs, desk).is(http.StatusCreated)
	for _, reader := range []string{s.as(person), desk, s.token(domain.RoleAuditor)} {
		shown := s.seen(sheet, reader, mine)
		if shown.at("departure", "reason") != "moved_to_new_address" || shown.at("departure", "ended_on") != "2026-03-01" ||
			shown.body["language"] != "ru" || shown.body["case_id"] != nil ||
			shown.body["service"] != "S001" ||
			shown.body["person_id"] != person {
			t.Errorf("the sheet says %s", shown.text)
		}
	}
	s.get(sheet, s.as(other)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	for _, language := range []string{"kk", "ru", "en"} {
		shown := p.shown(sheet + "?language=" + language).is(http.StatusOK)
		golden(t, filepath.Join("certificates", "departure_sheet_of_a_move."+language+".json"), shown.indented()+"\n")
		if page := p.shown(sheet+"?language="+language, header{"Accept", "application/pdf"}).is(http.StatusOK); !strings.HasPrefix(
			page.text,
			"%PDF-",
		) {
			t.Errorf("%s: no page", language)
		}
	}
	p.stands(p.shown(sheet), "valid")
	if list := s.seen("/v1/me/services", s.as(person), mine).at("issued").([]any); len(list) != 1 ||
		list[0].(map[string]any)["certificate_id"] != mine.id("certificate_id") {
		t.Errorf("the account shows %v", list)
	}

	again := s.command(sheet+"/duplicate", desk, body{}).is(http.StatusCreated)
	duplicate := "/v1/certificates/" + again.id("certificate_id")
	p.stands(p.shown(sheet), "superseded")
	p.stands(p.shown(duplicate), "valid")
	mended := s.command(duplicate+"/correction", desk, body{"corrections": []body{{"field": "name", "value": "Дәурен"}}, "slip": "one letter"}).
		is(http.StatusOK)
	if shown := s.seen(duplicate, s.as(person), mended); shown.body["version"] != 2.0 ||
		shown.at("duplicate", "copy") != 1.0 {
		t.Errorf("the mended duplicate says %s", shown.text)
	}
}

func TestR17_ASheetOfATermThatRanOutIsIssuedBeforeAnybodyRecordedIt(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	stay := s.registered(person, s.dwelling(), "2026-03-01", "2026-04-01").id("registration_id")
	s.sheetOf(person, stay, s.token(domain.RoleOperator)).
		refused(http.StatusConflict, domain.CodeNotEnded, "registration_id")
	r.clock.pass(20 * 24 * time.Hour)
	issued := s.sheetOf(person, stay, s.token(domain.RoleOperator)).is(http.StatusCreated)
	shown := s.seen("/v1/certificates/"+issued.id("certificate_id"), s.token(domain.RoleAuditor), issued)
	if shown.at("departure", "reason") != "term_expired" || shown.at("departure", "ended_on") != "2026-04-01" ||
		!strings.Contains(shown.text, "истечение срока") {
		t.Errorf("the sheet says %s", shown.text)
	}
}

func TestR17_OfADeregistrationASheetIsIssuedLaterWhereNoneWasAskedFor(t *testing.T) {
	s := start(t).at(t)
	owner, guest := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	stay := s.registered(guest, home, "2026-03-01", "").id("registration_id")
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	s.sheetOf(guest, stay, s.as(guest)).is(http.StatusCreated)
	s.sheetOf(guest, stay, s.as(guest)).refused(http.StatusConflict, domain.CodeSheetIssued, "registration_id")

	asked := s.registered(guest, home, "2026-03-15", "").id("registration_id")
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest).with(body{"departure_sheet": true})).
		is(http.StatusCreated)
	s.sheetOf(guest, asked, s.as(guest)).refused(http.StatusConflict, domain.CodeSheetIssued, "registration_id")
}

// Whichever stream issued the sheet and however often it was issued again: it is
// void with the ending that it testifies, and everybody who checks it is told.
func TestR17_ASheetIsVoidOnceItsEndingIsCorrected(t *testing.T) {
	moves := func(s *subtest) (person, registration, sheet string) {
		person, registration = s.moved()
		return person, registration, s.sheetOf(person, registration, s.token(domain.RoleOperator)).
			is(http.StatusCreated).
			id("certificate_id")
	}
	deregistered := func(s *subtest) (person, registration, sheet string) {
		owner, guest := s.citizen(), s.citizen()
		home := s.dwelling(owner)
		registration = s.registered(guest, home, "2026-03-01", "").id("registration_id")
		out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest).with(body{"departure_sheet": true})).
			is(http.StatusCreated)
		return guest, registration, s.issued(out, "departure_sheet")
	}
	for name, c := range map[string]struct {
		issue  func(*subtest) (person, registration, sheet string)
		change body
		accept []string
		again  bool // the ending stands otherwise, and so can be testified anew
	}{
		"R17 a move of another day":        {moves, body{"action": "correct", "ended_on": "2026-02-20"}, []string{"leaves_hole", "ending_without_move"}, true},
		"R17 a case's of another day":      {deregistered, body{"action": "correct", "ended_on": "2026-03-10"}, []string{"case_result_contradicted", "leaves_hole"}, true},
		"R17 a case's that did not happen": {deregistered, body{"action": "annul"}, []string{"case_result_contradicted"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			s := r.at(t)
			p := papers{subtest: s}
			desk := s.token(domain.RoleOperator)
			person, registration, id := c.issue(s)
			sheet := "/v1/certificates/" + id
			duplicate := "/v1/certificates/" + s.command(sheet+"/duplicate", desk, body{}).
				is(http.StatusCreated).
				id("certificate_id")
			r.clock.pass(5 * 24 * time.Hour)
			fact := body{"registration_id": registration, "fact": "ending"}
			s.command("/v1/persons/"+person+"/corrections", s.token(domain.RoleProvider), correction(fact.with(c.change)).with(body{"accept": c.accept})).
				is(http.StatusCreated)

			for _, path := range []string{sheet, duplicate} {
				shown := p.shown(path + "?language=en").is(http.StatusOK)
				if shown.body["status"] != "void" || shown.body["void_since"] == nil ||
					!strings.Contains(shown.text, "no longer in force since 20 March 2026: the ending that it certifies was corrected") {
					t.Errorf("the sheet says %s", shown.text)
				}
				p.overtaken(shown, "ending_corrected")
				s.command(path+"/duplicate", desk, body{}).refused(http.StatusConflict, domain.CodeCertificateVoid, "")
				s.command(path+"/correction", desk, body{"corrections": []body{{"field": "name", "value": "n"}}, "slip": "s"}).
					refused(http.StatusConflict, domain.CodeCertificateVoid, "")
			}
			a := s.sheetOf(person, registration, desk)
			if !c.again {
				a.refused(http.StatusConflict, domain.CodeNotEnded, "registration_id")
				return
			}
			a.is(http.StatusCreated)
			fresh := p.shown("/v1/certificates/" + a.id("certificate_id"))
			if p.stands(fresh, "valid"); fresh.at("departure", "ended_on") != c.change["ended_on"] {
				t.Errorf("the new sheet says %s", fresh.text)
			}
			s.sheetOf(person, registration, desk).
				refused(http.StatusConflict, domain.CodeSheetIssued, "registration_id")
		})
	}
}

// overtaken fails the test unless document, page and check say alike, and in each language, by
// what the document was overtaken today.
func (p papers) overtaken(shown *answer, by string) {
	p.t.Helper()
	path := "/v1/certificates/" + shown.id("certificate_id")
	reasons := map[string]bool{}
	for _, language := range []string{"kk", "ru", "en"} {
		now := p.shown(path + "?language=" + language).is(http.StatusOK)
		checked := p.get("/v1/certificates/check/"+shown.id("check_code")+"?language="+language, "",
			header{"Tizilim-Position", fmt.Sprint(p.head())}).is(http.StatusOK)
		for _, a := range []*answer{now, checked} {
			if a.body["status"] != "void" || a.body["void_by"] != by || a.body["void_since"] != p.today() {
				p.t.Errorf("want void by %s since %s: %s", by, p.today(), a.text)
			}
		}
		reason, _ := checked.body["reason"].(string)
		if reason == "" || reasons[reason] || !strings.Contains(now.text, reason) {
			p.t.Errorf("%s: the check says %q, the document %s", language, reason, now.text)
		}
		reasons[reason] = true
	}
}

func (p papers) today() string { return domain.DateOf(p.clock.Now()).String() }

// TestQ32_ACertificateThatAnotherActHasOvertakenSaysSo: document, page and check alike.
func TestQ32_ACertificateThatAnotherActHasOvertakenSaysSo(t *testing.T) {
	r := start(t)
	s := r.at(t)
	p := papers{subtest: s}
	commission := s.token(domain.RoleCommission)
	list := s.list()
	certified := func() (person, path string, shown *answer) {
		person, entry, a := s.entry(list)
		shown = p.shown("/v1/certificates/" + a.at("placement", "certificate_id").(string)).is(http.StatusOK)
		p.stands(shown, "valid")
		return person, entryPath(list, entry), shown
	}
	entryOf := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }

	person, path, shown := certified()
	s.removed(list, entryOf(path))
	p.overtaken(shown, "entry_removed")
	s.command(path+"/reinstatement", commission, byCourt).is(http.StatusOK)
	p.stands(shown, "valid")
	if a := p.shown("/v1/certificates/" + shown.id("certificate_id")); a.body["void_since"] != nil || a.body["marks"] != nil {
		t.Errorf("after the reinstatement: %s", a.text)
	}
	s.command(path+"/leaving", s.as(person), body{}).is(http.StatusOK)
	p.overtaken(shown, "entry_left")

	_, path, shown = certified()
	s.command(path+"/provision", commission, body{
		"dwelling_id": s.service(), "useful_area": 30, "rooms": 1, "minutes": body{"number": "12"},
		"need_check": body{"on": "2026-03-15", "source": "documents", "in_need": true},
	}).is(http.StatusOK)
	p.overtaken(shown, "dwelling_provided")
	s.command("/v1/certificates/"+shown.id("certificate_id")+"/correction", commission,
		body{"corrections": []body{{"field": "name", "value": "n"}}, "slip": "s"}).
		refused(http.StatusConflict, domain.CodeCertificateVoid, "")
}

// TestQ33_TheNewHolderOfAnEntryHasACertificateOfTheirOwn: after a divorce, then after a death.
func TestQ33_TheNewHolderOfAnEntryHasACertificateOfTheirOwn(t *testing.T) {
	r := start(t)
	s := r.at(t)
	p := papers{subtest: s}
	commission, list := s.token(domain.RoleCommission), s.list()
	s.entry(list)
	holder, spouse, child, applied := s.family(list, body{})
	placed := s.placed(applied)
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	first := p.shown("/v1/certificates/" + placed.at("placement", "certificate_id").(string)).is(http.StatusOK)

	check := body{"on": "2026-03-15", "source": "documents", "in_need": true}
	divorce := body{"person_id": spouse, "cause": "divorce", "on": "2026-03-10", "need_check": check,
		"family": []body{{"person_id": child, "relation": "child"}}}
	certificate := body{"type": "divorce_certificate", "number": "17", "issued_on": "2026-03-10", "issuer": "АХАЖ",
		"sha256": strings.Repeat("a", 64)}
	s.command(entry+"/transfer", commission, divorce).refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	s.command(entry+"/transfer", commission, divorce.with(body{"basis": certificate})).
		refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "agreement")
	passed := s.command(entry+"/transfer", commission, divorce.with(body{"basis": certificate, "agreement": paper}).with(lookedAt)).
		is(http.StatusOK)
	second := p.shown("/v1/certificates/" + passed.id("certificate_id")).is(http.StatusOK)
	if second.body["kind"] != "placement_certificate" || second.body["person_id"] != spouse ||
		second.at("placement", "number") != 2.0 || second.at("placement", "registered_on") != "2026-03-15" ||
		second.body["state_body"] != first.body["state_body"] || second.body["number"] == first.body["number"] {
		t.Errorf("the new holder's certificate says %s", second.text)
	}
	p.stands(second, "valid")
	p.overtaken(first, "entry_transferred")
	if own := s.seen("/v1/me/services", s.as(spouse), passed); own.at("issued", 0, "certificate_id") != passed.id("certificate_id") {
		t.Errorf("the account of the new holder: %s", own.text)
	}
	s.seen("/v1/certificates/"+passed.id("certificate_id"), s.as(spouse), passed).is(http.StatusOK)
	s.get("/v1/certificates/"+passed.id("certificate_id"), s.as(holder)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	_, stranger := s.commission("stranger")
	s.get("/v1/certificates/"+passed.id("certificate_id"), stranger).refused(http.StatusForbidden, domain.CodeNotYourBody, "")

	r.clock.pass(24 * time.Hour)
	died := s.command(entry+"/transfer", commission, body{
		"person_id": child, "cause": "death", "on": "2026-03-16", "need_check": check,
	}.with(lookedAt)).is(http.StatusOK)
	p.overtaken(second, "entry_transferred")
	third := p.shown("/v1/certificates/" + died.id("certificate_id")).is(http.StatusOK)
	p.stands(third, "valid")
	s.command("/v1/certificates/"+died.id("certificate_id")+"/correction", commission,
		body{"corrections": []body{{"field": "name", "value": "Бала"}}, "slip": "s"}).is(http.StatusOK)
	s.removed(list, placed.at("placement", "entry_id").(string))
	p.overtaken(p.shown("/v1/certificates/"+died.id("certificate_id")), "entry_removed")
}
