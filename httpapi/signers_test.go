package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// TestC25_ADocumentBearsWhoSignedItAndItsBodyInTheLanguageOfThePage, as both were when it was
// issued.
func TestC25_ADocumentBearsWhoSignedItAndItsBodyInTheLanguageOfThePage(t *testing.T) {
	s := start(t).at(t)
	administrator := s.token(domain.RoleAdministrator)
	iin := s.iin()
	s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Бауыржан Сейітұлы", "birth_date": "1980-02-03", "class": "citizen",
	}).is(http.StatusCreated)
	names := body{"kk": "Астана комиссиясы", "ru": "Комиссия Астаны", "en": "Commission of Astana"}
	id, bearer, _ := s.officeOf("astana-1", commissionOf().with(body{"names": names}), iin)
	list := s.command("/v1/queues", bearer, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	issue := func() string {
		return s.issued(s.command("/v1/cases/"+s.applied(s.citizen(), list)+"/decision", bearer, placing).
			is(http.StatusOK), "placement_certificate")
	}
	said := func(document, language string) string {
		a := s.get("/v1/certificates/"+document+"?language="+language, s.token(domain.RoleAuditor)).is(http.StatusOK)
		return a.body["state_body"].(string) + " | " + lineIn(a, map[string]string{
			"kk": "Қол қойған", "ru": "Подписано", "en": "Signed by",
		}[language])
	}
	old := issue()
	s.clock.pass(24 * time.Hour)
	s.command("/v1/bodies/"+id+"/name", administrator, body{"names": jointNames, "basis": "resolution 118"}).is(http.StatusOK)
	s.until("the name is known", func() bool {
		return strings.Contains(s.get("/v1/bodies", administrator).text, "Joint commission")
	})
	renamed := issue()
	for document, want := range map[string]map[string]string{
		old: {
			"kk": "Астана комиссиясы | Бауыржан Сейітұлы, басшының орынбасары, Астана комиссиясы",
			"ru": "Комиссия Астаны | Бауыржан Сейітұлы, заместитель руководителя, Комиссия Астаны",
			"en": "Commission of Astana | Бауыржан Сейітұлы, deputy head, Commission of Astana",
		},
		renamed: {
			"kk": "Бірыңғай комиссия | Бауыржан Сейітұлы, басшының орынбасары, Бірыңғай комиссия",
			"ru": "Единая комиссия | Бауыржан Сейітұлы, заместитель руководителя, Единая комиссия",
			"en": "Joint commission | Бауыржан Сейітұлы, deputy head, Joint commission",
		},
	} {
		for language, text := range want {
			if got := said(document, language); got != text {
				t.Errorf("%s: %q\nwant %q", language, got, text)
			}
		}
	}
	// After a merger a new document bears the name of the successor, and the old ones keep theirs.
	heirID, heir := s.office("heir-1", commissionOf().with(body{"names": names}))
	s.clock.pass(time.Minute)
	s.ends(id, heirID, bearer)
	bearer = heir
	if got := said(issue(), "en"); got != "Commission of Astana | heir-1, deputy head, Commission of Astana" {
		t.Errorf("of the successor: %q", got)
	}
	if got := said(renamed, "en"); !strings.HasPrefix(got, "Joint commission | ") {
		t.Errorf("before the merger: %q", got)
	}
}

// lineIn is the value of a line of a document.
func lineIn(a *answer, label string) string {
	for _, line := range a.at("lines").([]any) {
		if l := line.(map[string]any); l["label"] == label {
			return l["value"].(string)
		}
	}
	return ""
}

// TestC24_C25_ACertificateSaysHowItWasDecided: by a meeting with its votes, or by the official alone.
func TestC24_C25_ACertificateSaysHowItWasDecided(t *testing.T) {
	s := start(t).at(t)
	b := newBoard(s)
	list := s.command("/v1/queues", b.bearer, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	_, _, placed := b.entry(list)
	a := s.get("/v1/certificates/"+s.issued(placed, "placement_certificate")+"?language=en", s.token(domain.RoleAuditor)).
		is(http.StatusOK)
	if got := lineIn(a, "Decided by"); got != "a meeting, minutes No. 12, 15 March 2026: present 3, for 3, against 0, abstained 0" {
		t.Errorf("%q", got)
	}
	if a.at("minutes", "for") != 3.0 || strings.Contains(a.text, b.members[0]) {
		t.Errorf("the minutes on the document: %s", a.text)
	}
	alone := s.placed(s.applied(s.citizen(), s.list()))
	a = s.get("/v1/certificates/"+s.issued(alone, "placement_certificate")+"?language=en", s.token(domain.RoleAuditor)).
		is(http.StatusOK)
	if got := lineIn(a, "Decided by"); got != "the official alone, without a meeting" {
		t.Errorf("%q", got)
	}
}
