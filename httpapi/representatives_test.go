package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
)

// child records one of six.
func (s *subtest) child() string {
	s.t.Helper()
	return s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": s.iin(), "name": "Дәурен", "birth_date": "2020-01-01", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
}

func TestR20_AMotherWhoLeavesAChildIsToldAndTheDeskDecides(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	owner, mother, child := s.citizen(), s.citizen(), s.child()
	home, away := s.dwelling(owner), s.dwelling()
	representatives := "/v1/persons/" + child + "/representatives"
	s.command(representatives, operator, body{"representative_id": mother, "kind": "parent"}).is(http.StatusCreated)
	if got := s.get(representatives, operator).is(http.StatusOK); got.at(
		"representatives",
		0,
		"representative_id",
	) != mother {
		t.Errorf("recorded %s", got.text)
	}
	if apart := s.registered(child, home, "2026-03-01", ""); apart.at(
		"warnings",
		0,
		"code",
	) != string(
		domain.CodeChildApart,
	) ||
		apart.at("warnings", 0, "text") == "" {
		t.Errorf("the child comes alone: %s", apart.text)
	}
	if together := s.registered(mother, home, "2026-03-01", ""); together.at("warnings") != nil {
		t.Errorf("the mother comes too: %s", together.text)
	}
	left := func(a *answer, path ...any) {
		t.Helper()
		if a.at(append(path, "warnings", 0, "code")...) != string(domain.CodeChildLeft) ||
			a.at(append(path, "warnings", 0, "person_id")...) != child {
			t.Errorf("nothing is said of the child: %s", a.text)
		}
	}
	left(
		s.command("/v1/registrations?dry_run=true", operator, registration(mother, away, "2026-03-15", "")).
			is(http.StatusOK),
	)
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, mother)).is(http.StatusCreated)
	left(out, "results", 0)
	left(s.seen("/v1/cases/"+out.id("case_id"), operator, out), "results", 0)
	back := s.registered(mother, home, "2026-03-15", "")
	correction := body{
		"ground":  "clerical_error",
		"reasons": "r",
		"accept":  []string{"leaves_without_residence"},
		"changes": []body{{"registration_id": back.id("registration_id"), "action": "annul"}},
	}
	left(
		s.command("/v1/persons/"+mother+"/corrections", s.token(domain.RoleProvider), correction).
			is(http.StatusCreated),
	)
	s.registered(mother, home, "2026-03-15", "")
	left(s.registered(mother, away, "2026-03-15", ""))

	s.command(representatives+"/removal", operator, body{"representative_id": mother, "reasons": "r"}).is(http.StatusOK)
	if got := s.get(representatives, operator).is(http.StatusOK); len(got.at("representatives").([]any)) != 0 {
		t.Errorf("still recorded: %s", got.text)
	}
}

func TestR20_TheEndOfARepresentationAndADeathTellWhoIsLeftAlone(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	mother, father, child := s.citizen(), s.citizen(), s.child()
	s.represents(child, mother, "parent")
	s.represents(child, father, "parent")
	s.registered(child, s.dwelling(), "2026-03-01", "")
	s.releases(child, father)
	alone := func(a *answer) {
		t.Helper()
		if a.at("warnings", 0, "code") != string(domain.CodeChildAlone) || a.at("warnings", 0, "person_id") != child ||
			a.at("warnings", 0, "text") == "" {
			t.Errorf("R20 nothing is said of the child: %s", a.text)
		}
	}
	alone(s.command("/v1/persons/"+child+"/representatives/removal?dry_run=true", operator, body{
		"representative_id": mother, "reasons": "r", "basis": paper,
	}).is(http.StatusOK))
	alone(s.command("/v1/persons/"+mother+"/death", operator, body{"died_on": "2026-03-01", "basis": paper}).is(http.StatusOK))
}

func TestQ24_AnUnlikelyParentIsRecordedWhereTheDeskHasLooked(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	child, young := s.child(), s.bornOn("2009-01-01")
	path, form := "/v1/persons/"+child+"/representatives", body{"representative_id": young, "kind": "parent", "basis": paper}
	refusal := s.command(path, operator, form).refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	accept := []any{}
	for i := range 2 {
		accept = append(accept, refusal.at("errors", i+1, "code"))
	}
	done := s.command(path, operator, form.with(body{"accept": accept})).is(http.StatusCreated)
	if got := done.at("events", 0, "data", "accepted"); len(got.([]any)) != 2 {
		t.Errorf("Q24 the event keeps %v", got)
	}
}
