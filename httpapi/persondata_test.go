package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
)

func TestR24_ARefugeeWhoBecomesACitizenAppliesOnThePortalAndIsTold(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	owner, resident := s.recorded("refugee"), s.citizen()
	home := s.dwelling(owner)
	s.registered(resident, home, "2026-01-10", "")
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home, resident)).
		refused(http.StatusUnprocessableEntity, domain.CodeChannelNotOpen, "channel")

	path := "/v1/persons/" + owner + "/data"
	grant := body{"kind": "change", "effective_from": "2026-03-02", "class": "citizen", "name": "Айгүл Ким", "basis": paper}
	done := s.command(path, operator, grant).is(http.StatusOK)
	if got := s.seen("/v1/me", s.as(owner), done).at("class"); got != "citizen" {
		t.Errorf("the personal account says %v", got)
	}
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home, resident)).is(http.StatusCreated)
	s.command(path, s.as(owner), grant).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
}

func TestR25_AnIINThatContradictsIsAcceptedAtTheDesk(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	child := body{"iin": "900101300017", "name": "Дәурен", "birth_date": "2012-03-16", "class": "citizen"}
	refusal := s.command("/v1/persons", operator, child).
		refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	if got := refusal.at("errors", 1, "code"); got != string(domain.CodeIINBirthDate) {
		t.Errorf("the refusal names %v: %s", got, refusal.text)
	}
	s.command("/v1/persons", operator, child.with(body{"accept": []string{"iin_contradicts_birth_date"}})).
		is(http.StatusCreated)
}

func TestR26_OfWhomOnlyTheYearOfBirthIsKnownIsRecordedAndFound(t *testing.T) {
	s := start(t).at(t)
	operator, iin := s.token(domain.RoleOperator), s.iin()
	s.command("/v1/persons", operator, body{
		"iin": iin, "name": "Айгүл", "birth_date": "1958-01-01", "birth_known": "year", "class": "citizen",
	}).is(http.StatusCreated)
	found := s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "iin": iin}).is(http.StatusOK)
	if found.at("birth_known") != "year" {
		t.Errorf("found is %s", found.text)
	}
}

// TestQ24_ABirthDateIsCorrectedWithinTheFamily: a correction makes no parent younger than the child.
func TestQ24_ABirthDateIsCorrectedWithinTheFamily(t *testing.T) {
	s := start(t).at(t)
	mother, child := s.citizen(), s.child()
	s.represents(child, mother, "parent")
	correct := func(person, birth string) *answer {
		return s.command("/v1/persons/"+person+"/data", s.token(domain.RoleOperator), body{
			"kind": "correction", "birth_date": birth, "basis": paper, "accept": []string{"iin_contradicts_birth_date"},
		})
	}
	correct(mother, "2025-01-01").refused(http.StatusConflict, domain.CodeKinshipImpossible, "birth_date")
	correct(child, "1990-05-17").refused(http.StatusConflict, domain.CodeKinshipImpossible, "birth_date")
	correct(child, "2019-01-01").is(http.StatusOK)
}

// TestR27_NoCorrectionRegistersSomebodyAfterTheirDeath.
func TestR27_NoCorrectionRegistersSomebodyAfterTheirDeath(t *testing.T) {
	s := start(t).at(t)
	dead := s.citizen()
	home := s.dwelling(s.citizen())
	s.died(dead)
	insert := func(more body) *answer {
		return s.command("/v1/persons/"+dead+"/corrections", s.token(domain.RoleProvider), body{
			"ground": "clerical_error", "reasons": "forgotten", "changes": []body{body{
				"action": "insert", "dwelling_id": home, "kind": "permanent", "effective_from": "2025-01-01",
			}.with(more)},
		})
	}
	insert(nil).refused(http.StatusConflict, domain.CodePersonDead, "changes")
	insert(body{"ended_on": "2026-03-02", "reason": "owner_application"}).refused(http.StatusConflict, domain.CodePersonDead, "changes")
	insert(body{"ended_on": "2026-03-01", "reason": "owner_application"}).is(http.StatusCreated)
}
