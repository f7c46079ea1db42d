package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// withIIN is the token of a citizen as tizilim token and identity providers issue it: by the IIN.
func (s *subtest) withIIN(iin string) string {
	return s.tokenOf(token.Principal{Role: domain.RoleCitizen, PersonID: s.person.PersonID(domain.IIN(iin))})
}

func TestR28_AnIINThatComesLaterOpensThePersonalAccountAndSoDoesTheOneThatItReplaced(t *testing.T) {
	s := start(t).at(t)
	operator, auditor := s.token(domain.RoleOperator), s.token(domain.RoleAuditor)
	refugee := s.recorded("refugee")
	home := s.dwelling(s.citizen())
	s.registered(refugee, home, "2026-01-10", "")
	first, second := s.iin(), s.iin()
	s.get("/v1/me", s.withIIN(second)).refused(http.StatusNotFound, domain.CodePersonUnknown, "") // nobody yet

	path := "/v1/persons/" + refugee + "/iin"
	for _, iin := range []string{first, second} {
		given := s.command(path, operator, body{"iin": iin, "basis": paper}).is(http.StatusOK)
		s.seen("/v1/persons/"+refugee+"/residence", auditor, given)
	}
	s.until("the second IIN opens the account", func() bool { return s.get("/v1/me", s.withIIN(second)).status == http.StatusOK })
	for _, iin := range []string{first, second} {
		me := s.get("/v1/me", s.withIIN(iin)).is(http.StatusOK)
		if me.at("person_id") != refugee || me.at("iin") != "********"+second[8:] {
			t.Errorf("the account of %s is %s", iin, me.text)
		}
		if got := me.at("registrations").([]any); len(got) != 1 {
			t.Errorf("registrations %v", got)
		}
		found := s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "iin": iin}).is(http.StatusOK)
		if found.at("person_id") != refugee {
			t.Errorf("found is %s", found.text)
		}
	}
	s.command("/v1/me/contacts", s.withIIN(first), body{"language": "kk"}).is(http.StatusOK)
	s.command(path, s.as(refugee), body{"iin": s.iin(), "basis": paper}).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")

	other := s.citizen()
	s.command("/v1/persons/"+other+"/iin", operator, body{"iin": first, "basis": paper}).
		refused(http.StatusConflict, domain.CodeIINTaken, "iin")
	s.command("/v1/persons", operator, body{
		"iin": second, "name": "Басқа", "birth_date": "1990-05-17", "class": "refugee",
	}).refused(http.StatusConflict, domain.CodePersonRecorded, "iin")
	s.verified()
}

// TestR28_ASignatureWithTheReplacedOrTheNewIINIsThatOfThePerson: certificates are valid for years.
func TestR28_ASignatureWithTheReplacedOrTheNewIINIsThatOfThePerson(t *testing.T) {
	s := start(t).at(t)
	owner, newer := s.citizen(), s.iin()
	s.command("/v1/persons/"+owner+"/iin", s.token(domain.RoleOperator), body{"iin": newer, "basis": paper}).is(http.StatusOK)
	old, _ := s.known.Load(parse[domain.PersonID](owner))
	for _, iin := range []domain.IIN{old.(domain.IIN), domain.IIN(newer)} {
		s.known.Store(parse[domain.PersonID](owner), iin)
		home, resident := s.dwelling(owner), s.citizen()
		s.registered(resident, home, "2026-01-10", "")
		s.command("/v1/deregistrations", s.as(owner), removal(owner, home, resident)).is(http.StatusCreated)
	}
}

// TestR28_TheIdOfAnIINThatWasGivenIsNoPersonAndTheModelStays: the stream begins with a claim, so
// the model must not be taken for one that has lost a person.
func TestR28_TheIdOfAnIINThatWasGivenIsNoPersonAndTheModelStays(t *testing.T) {
	s := start(t).at(t)
	operator, person, iin := s.token(domain.RoleOperator), s.recorded("refugee"), s.iin()
	given := s.command("/v1/persons/"+person+"/iin", operator, body{"iin": iin, "basis": paper}).is(http.StatusOK)
	s.seen("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), given)
	id := s.person.PersonID(domain.IIN(iin)).String()
	s.get("/v1/persons/"+id+"/residence", operator).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	s.get("/v1/persons/"+person+"/residence", operator).is(http.StatusOK)
}

// TestR28_AnOfficialIsKnownByEachOfTheirIINs: nobody acts in a matter of their own, whichever IIN
// their account was opened with.
func TestR28_AnOfficialIsKnownByEachOfTheirIINs(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	person, iin := s.recorded("refugee"), s.iin()
	_, account, _ := s.officeOf("astana-1", body{"kind": "desk", "names": bodyNames}, iin) // before the IIN means anybody who is recorded
	s.command("/v1/persons/"+person+"/iin", operator, body{"iin": iin, "basis": paper}).is(http.StatusOK)
	s.until("the account is that of the person", func() bool {
		return s.command("/v1/persons/"+person+"/data", account, body{
			"kind": "correction", "name": "Өзі", "basis": paper,
		}).body["code"] == string(domain.CodeOwnMatter)
	})
}
