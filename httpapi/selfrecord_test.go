package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi/token"
)

const selfPath = "/v1/me/record"

// bornAs is an IIN with the digits of a birth date and of the century, which nobody alive has.
func bornAs(t testing.TB, digits string) domain.IIN {
	t.Helper()
	for n := range 100 {
		if iin, err := domain.ParseIIN(fmt.Sprintf("%s0%02d%d%d", digits, n/10, n%10, 0)); err == nil {
			return iin
		}
	}
	t.Fatal("no such IIN")
	return ""
}

// named is a request by which somebody records themselves, signed with a certificate of the name.
func (s *subtest) named(iin domain.IIN, name string, b body, key header) body {
	s.t.Helper()
	text, err := signingText("POST "+selfPath, b, key)
	must(s.t, err)
	cms, err := s.authority.SignNamed(iin, name, text, s.clock.Now())
	must(s.t, err)
	return b.with(body{"signature": body{"method": "eds", "cms": cms}})
}

// withToken is the token of a citizen who has the IIN.
func (s *subtest) withToken(iin domain.IIN) string {
	return s.tokenOf(token.Principal{Role: domain.RoleCitizen, PersonID: s.person.PersonID(iin)})
}

var asCitizen = body{"class": "citizen"}

func TestR56_ACitizenRecordsThemselvesByAnEDS(t *testing.T) {
	s := start(t).at(t)
	iin := bornAs(t, "9912312")
	own := s.withToken(iin)
	unknown := s.get("/v1/me", own).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	if !strings.Contains(fmt.Sprint(unknown.body["detail"]), "EDS") {
		t.Errorf("who is unknown is told %s", unknown.text)
	}
	for language, way := range map[string]string{"kk": "цифрлық қолтаңба", "ru": "цифровой подписью"} {
		if a := s.get("/v1/me", own, header{"Accept-Language", language}); !strings.Contains(a.text, way) {
			t.Errorf("in %s: %s", language, a.text)
		}
	}
	key := header{"Idempotency-Key", "myself"}
	request := s.named(iin, "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ", asCitizen, key)
	head := s.head()
	s.command(selfPath+"?dry_run=true", own, request, key).is(http.StatusOK)
	if s.changed(head) {
		t.Error("a dry run has recorded somebody")
	}
	done := s.command(selfPath, own, request, key).is(http.StatusCreated)
	rec := s.stream("residence-" + done.id("person_id"))[0]
	e := rec.Event.(residence.PersonRecorded)
	if e.Name != "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ" || e.IIN != iin || e.BirthDate.String() == "" || e.Class != residence.Citizen ||
		e.BirthDate.Date != domain.NewDate(1899, 12, 31) || e.Evidence.Signer != e.PersonID || len(e.NameKeys) == 0 {
		t.Errorf("recorded: %s", done.text)
	}
	sameAsSigned(t, "R56 C16 who recorded themselves", rec)
	if again := s.command(selfPath, own, request, key).is(http.StatusCreated); again.header.Get("Idempotent-Replayed") != "true" {
		t.Error("a repetition records again")
	}
	if me := s.seen("/v1/me", own, done); me.at("name") != "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ" {
		t.Errorf("the account says %s", me.text)
	}
	// A desk finds them, by the name too, and does not record them again.
	s.send("POST", "/v1/persons/search", s.token(domain.RoleOperator), body{
		"purpose": "service", "name": "Серикова Айгуль", "birth_date": "1899-12-31",
	})
	s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": string(iin), "name": "Серікова Айгүл", "birth_date": "1899-12-31", "class": "citizen",
	}).refused(http.StatusConflict, domain.CodePersonRecorded, "iin")
	next := header{"Idempotency-Key", "again"}
	s.command(selfPath, own, s.named(iin, "СЕРІКОВА АЙГҮЛ", asCitizen, next), next).
		refused(http.StatusConflict, domain.CodePersonRecorded, "")
}

func TestR56_NobodyRecordsAnotherNorWhatNoDocumentShows(t *testing.T) {
	s := start(t).at(t)
	iin, other := bornAs(t, "9912312"), bornAs(t, "9812312")
	head := s.head()
	for what, c := range map[string]struct {
		iin    domain.IIN // of the token
		signs  domain.IIN
		name   string
		form   body
		status int
		code   domain.Code
		field  string
	}{
		"the certificate of another": {
			iin, other, "СЕРІКОВА АЙГҮЛ", asCitizen, http.StatusUnprocessableEntity, domain.CodeSignatureNotApplicants, "signature",
		},
		"a foreigner": {
			iin, iin, "СЕРІКОВА АЙГҮЛ", body{"class": "permanent_foreigner"}, http.StatusConflict, domain.CodeSelfRecord, "class",
		},
		"an IIN without a birth date": {
			"999999000012", "999999000012", "СЕРІКОВА АЙГҮЛ", asCitizen, http.StatusConflict, domain.CodeSelfRecord, "signature",
		},
		"an IIN of a foreigner": {
			bornAs(t, "9912310"), bornAs(t, "9912310"), "СЕРІКОВА АЙГҮЛ", asCitizen, http.StatusConflict, domain.CodeSelfRecord, "signature",
		},
		"a minor": {
			bornAs(t, "1003155"), bornAs(t, "1003155"), "СЕРІКОВА АЙГҮЛ", asCitizen, http.StatusConflict, domain.CodeSelfRecord, "signature",
		},
	} {
		key := header{"Idempotency-Key", what}
		a := s.command(selfPath, s.withToken(c.iin), s.named(c.signs, c.name, c.form, key), key)
		if a.status != c.status || a.body["code"] != string(c.code) || a.body["field"] != c.field {
			t.Errorf("R56 %s: %s", what, a.text)
		}
	}
	key := header{"Idempotency-Key", "no name"}
	s.command(selfPath, s.withToken(iin), s.signedBy(iin, "POST "+selfPath, asCitizen, key), key).
		refused(http.StatusConflict, domain.CodeSelfRecord, "signature")
	s.command(selfPath, s.withToken(iin), asCitizen.with(body{"signature": body{"method": "eds"}})).
		refused(http.StatusUnprocessableEntity, domain.CodeRequired, "signature.cms")
	s.command(selfPath, s.withToken(iin), asCitizen.with(body{"signature": body{"method": "handwritten"}})).
		refused(http.StatusUnprocessableEntity, domain.CodeSignatureMethod, "signature.method")
	altered := s.named(iin, "СЕРІКОВА АЙГҮЛ", asCitizen, key)
	s.command(selfPath, s.withToken(iin), altered, header{"Idempotency-Key", "another key"}).
		refused(http.StatusUnprocessableEntity, domain.CodeSignatureMismatch, "signature")
	parent := s.citizen()
	ward := s.ward(parent)
	s.command(selfPath, s.as(parent), asCitizen.with(body{"signature": body{"method": "eds"}}), header{"Tizilim-On-Behalf-Of", ward}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	for _, rec := range s.since(head) {
		if e, ok := rec.Event.(residence.PersonRecorded); ok && e.Evidence.Signer == s.person.PersonID(iin) {
			t.Errorf("somebody was recorded: %s", rec.Stream)
		}
	}
}
