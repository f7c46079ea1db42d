package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// signedBy is the request's body with the electronic signature of whoever has
// the IIN; the headers hold its Idempotency-Key.
func (s *subtest) signedBy(iin domain.IIN, request string, b body, headers ...header) body {
	s.t.Helper()
	cms, err := s.cms(request, b, iin, headers...)
	must(s.t, err)
	return b.with(body{"signature": body{"method": "eds", "cms": cms}})
}

// iinOf is the IIN of a person of the test.
func (s *subtest) iinOf(person string) domain.IIN {
	s.t.Helper()
	iin, ok := s.known.Load(parse[domain.PersonID](person))
	if !ok {
		s.t.Fatal("the person has no IIN")
	}
	return iin.(domain.IIN)
}

const applyPath = "/v1/housing-applications"

// portal is an application for service housing through the portal, every member
// given.
func portal(person, list, spouse string) body {
	return body{
		"channel": "portal", "language": "ru", "list_id": list, "applicant_id": person, "consent": true,
		"family":    []body{{"person_id": spouse, "relation": "spouse"}},
		"documents": []body{{"type": "other", "number": "045671234", "person_id": spouse}},
	}
}

func TestC16_AnyChangeOfTheFormAfterSigningIsRefused(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, spouse, child, list, second := s.citizen(), s.citizen(), s.citizen(), s.list(), s.list()
	key := header{"Idempotency-Key", "the key of the application"}
	right := s.signedBy(s.iinOf(person), "POST "+applyPath, portal(person, list, spouse), key)
	before := s.head()
	for name, change := range map[string]body{
		"language":                {"language": "kk"},
		"language left out":       {"language": nil},
		"list_id":                 {"list_id": second},
		"consent":                 {"consent": false},
		"family":                  {"family": []body{{"person_id": child, "relation": "spouse"}}},
		"family, the relation":    {"family": []body{{"person_id": spouse, "relation": "disabled_child"}}},
		"family, one more":        {"family": []body{{"person_id": spouse, "relation": "spouse"}, {"person_id": child, "relation": "disabled_child"}}},
		"family left out":         {"family": nil},
		"documents, the type":     {"documents": []body{{"type": "passport", "number": "045671234", "person_id": spouse}}},
		"documents, the number":   {"documents": []body{{"type": "other", "number": "045671235", "person_id": spouse}}},
		"documents, one more":     {"documents": []body{{"type": "other", "number": "045671234", "person_id": spouse}, {"type": "other"}}},
		"documents, an added day": {"documents": []body{{"type": "other", "number": "045671234", "person_id": spouse, "in_force_on": "2026-01-01"}}},
	} {
		t.Run("C16 "+name, func(t *testing.T) {
			r.at(t).
				command(applyPath, s.as(person), right.with(change), key).
				refused(422, domain.CodeSignatureMismatch, "signature")
		})
	}
	// What the domain itself would refuse is told by name; it is not accepted either.
	for _, change := range []body{{"applicant_id": spouse}, {"channel": "state_corporation"}} {
		if a := s.command(applyPath, s.as(person), right.with(change), key); a.status < 400 {
			t.Errorf("%v was accepted: %s", change, a.text)
		}
	}
	if s.head() != before {
		t.Fatal("a refused application left a trace")
	}
	// The order of members and the form of texts are nobody's: RFC 8785.
	text, err := json.Marshal(right["signature"])
	must(t, err)
	s.send("POST", applyPath, s.as(person), fmt.Sprintf(
		`{ "signature": %s, "documents":[{"person_id":%q,"number":"\u0030\u00345671234","type":"other"}],
		"family":[{"relation":"spouse","person_id":%q}], "consent":true, "applicant_id":%q, "list_id":%q, "language":"ru", "channel":"portal" }`,
		text, spouse, spouse, person, list), key).is(201)
}

func TestC16_AnyChangeOfADeregistrationAfterSigningIsRefused(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, tenant, guest := s.citizen(), s.citizen(), s.citizen()
	dwelling, second := s.dwelling(owner), s.dwelling(owner)
	for _, p := range []string{tenant, guest} {
		s.registered(p, dwelling, "2026-03-01", "")
	}
	s.registered(tenant, second, "2026-03-01", "2026-06-01")
	key := header{"Idempotency-Key", "the key of the application"}
	right := s.signedBy(s.iinOf(owner), "POST /v1/deregistrations", removal(owner, dwelling, tenant).with(body{
		"language": "kk", "departure_sheet": false, "documents": []body{{"type": "other", "number": "1"}},
	}), key)
	for name, change := range map[string]body{
		"language":        {"language": "ru"},
		"dwelling_id":     {"dwelling_id": second},
		"persons":         {"persons": []string{guest}},
		"one person more": {"persons": []string{tenant, guest}},
		"departure_sheet": {"departure_sheet": true},
		"documents":       {"documents": []body{{"type": "other", "number": "2"}}},
	} {
		t.Run("C16 "+name, func(t *testing.T) {
			r.at(t).
				command("/v1/deregistrations", s.as(owner), right.with(change), key).
				refused(422, domain.CodeSignatureMismatch, "signature")
		})
	}
	s.command("/v1/deregistrations", s.as(owner), right, key).is(201)
}

func TestC16_ASignatureIsForOneCommand(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, list := s.citizen(), s.list()
	key, next := header{"Idempotency-Key", "one"}, header{"Idempotency-Key", "two"}
	right := s.signedBy(
		s.iinOf(person),
		"POST "+applyPath,
		application(person, list).with(body{"channel": "portal"}),
		key,
	)
	s.command(applyPath, s.as(person), right, next).refused(422, domain.CodeSignatureMismatch, "signature")
	s.command(
		"/v1/deregistrations",
		s.as(person),
		removal(
			person,
			s.dwelling(person),
			person,
		).with(body{"signature": right["signature"]}),
		key,
	).refused(422, domain.CodeSignatureMismatch, "signature")
	first := s.command(applyPath, s.as(person), right, key).is(201)
	// Repeated under its key it is the same command, also when nobody would take
	// the certificate any more.
	s.clock.pass(3 * 365 * 24 * time.Hour)
	again := s.command(applyPath, s.as(person), right, key).is(201)
	if again.id("case_id") != first.id("case_id") || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the repetition got another answer: %s", again.text)
	}
}

func TestC18_WhoSignsIsTheApplicant(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, stranger, list := s.citizen(), s.citizen(), s.list()
	key := header{"Idempotency-Key", "key"}
	form := application(person, list).with(body{"channel": "portal", "signature": body{"method": "eds"}})
	before := s.head()
	for name, c := range map[string]struct {
		body  body
		code  domain.Code
		field string
	}{
		"C18 unsigned":                 {form.with(body{"signature": map[string]any{"method": "eds"}}), domain.CodeRequired, "signature.cms"},
		"C18 signed by another":        {s.signedBy(s.iinOf(stranger), "POST "+applyPath, form, key), domain.CodeSignatureNotApplicants, "signature"},
		"C18 garbage":                  {form.with(body{"signature": body{"method": "eds", "cms": []byte("garbage")}}), domain.CodeSignatureMalformed, "signature.cms"},
		"C18 no base64":                {form.with(body{"signature": body{"method": "eds", "cms": "*"}}), domain.CodeMalformed, "signature.cms"},
		"C18 larger than a signature":  {form.with(body{"signature": body{"method": "eds", "cms": make([]byte, 40<<10)}}), domain.CodeTooLong, "signature.cms"},
		"C18 by hand, with an EDS":     {form.with(body{"signature": body{"method": "handwritten", "cms": []byte("x")}}), domain.CodeMalformed, "signature.cms"},
		"C17 by hand, not through it":  {form.with(body{"signature": body{"method": "handwritten"}}), domain.CodeSignatureMethod, "signature.method"},
		"C18 nothing but a dry run of": {form.with(body{"signature": body{"method": "eds", "cms": []byte("garbage")}}), domain.CodeSignatureMalformed, "signature.cms"},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.at(t)
			for _, path := range []string{applyPath, applyPath + "?dry_run=true"} {
				s.command(path, s.as(person), c.body, key).refused(422, c.code, c.field)
			}
		})
	}
	if s.head() != before {
		t.Fatal("a refused application left a trace")
	}
	s.command(applyPath, s.as(person), form, key).is(201)
}

func TestC18_ACoOwnersAnswerIsSignedByTheCoOwner(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, other, tenant := s.citizen(), s.citizen(), s.citizen()
	dwelling := s.dwelling(owner, other)
	s.registered(tenant, dwelling, "2026-03-01", "")
	caseID := s.command("/v1/deregistrations", s.as(owner), removal(owner, dwelling, tenant)).is(201).id("case_id")
	path := "/v1/cases/" + caseID + "/confirmation"
	key := header{"Idempotency-Key", "key"}
	yes := body{"outcome": "confirm", "signature": body{"method": "eds"}}
	s.command(path, s.as(other), s.signedBy(s.iinOf(owner), "POST "+path, yes, key), key).
		refused(422, domain.CodeSignatureNotApplicants, "signature")
	s.command(path, s.as(other), s.signedBy(s.iinOf(other), "POST "+path, yes.with(body{"outcome": "decline"}), key).with(body{"outcome": "confirm"}), key).
		refused(422, domain.CodeSignatureMismatch, "signature")
	s.command(path, s.as(other), s.signedBy(s.iinOf(other), "POST /v1/cases/another/confirmation", yes, key), key).
		refused(422, domain.CodeSignatureMismatch, "signature")
	s.command(path, s.as(other), s.signedBy(s.iinOf(other), "POST "+path, yes, key), key).is(200)
	log := s.stream("case-" + caseID)
	if e := log[1].Event.(residence.CoOwnerConfirmed); e.Evidence.Signer != parse[domain.PersonID](other) ||
		len(e.Evidence.CMS) == 0 {
		t.Errorf("the log has not the co-owner's signature: %v", e.Evidence.Signer)
	}
}

// TestC16_AnAuditorVerifiesWhatIsInTheLog takes the evidence from the log alone:
// the text is what was signed, and says what the event says.
func TestC16_AnAuditorVerifiesWhatIsInTheLog(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, spouse, list := s.citizen(), s.citizen(), s.list()
	key := header{"Idempotency-Key", "key"}
	form := portal(person, list, spouse)
	preview := s.send("POST", "/v1/signatures/preview", s.as(person), body{
		"request": "POST " + applyPath, "idempotency_key": key[1], "application": form.with(body{"signature": body{"method": "eds"}}),
	}).is(200)
	toSign, err := base64.StdEncoding.DecodeString(preview.id("to_sign"))
	must(t, err)
	cms, err := s.authority.Sign(s.iinOf(person), toSign, s.clock.Now())
	must(t, err)
	caseID := s.command(applyPath, s.as(person), form.with(body{"signature": body{"method": "eds", "cms": cms}}), key).
		is(201).
		id("case_id")

	e := s.stream("case-" + caseID)[0].Event.(housing.ApplicationReceived)
	checked, err := s.signatures.Verify(t.Context(), []byte(e.Evidence.Text), e.Evidence.CMS, e.ReceivedAt)
	must(t, err)
	if checked.Signer != e.ApplicantID || checked.Certificate != e.Evidence.Certificate ||
		string(e.Evidence.SHA256) != preview.id("digest") || string(e.Evidence.Text) != string(toSign) {
		t.Error("the evidence in the log is not that of the signature")
	}
	if _, err := s.signatures.Verify(t.Context(), []byte(e.Evidence.Text+" "), e.Evidence.CMS, e.ReceivedAt); domain.CodeOf(
		err,
	) != domain.CodeSignatureMismatch {
		t.Errorf("an event that was rewritten passes: %v", err)
	}
	var said struct {
		Application struct {
			ListID      domain.ListID          `json:"list_id"`
			ApplicantID domain.PersonID        `json:"applicant_id"`
			Consent     bool                   `json:"consent"`
			Channel     domain.Channel         `json:"channel"`
			Language    domain.Language        `json:"language"`
			Family      []housing.FamilyMember `json:"family"`
			Documents   []domain.Document      `json:"documents"`
		} `json:"application"`
	}
	must(t, json.Unmarshal([]byte(e.Evidence.Text), &said))
	a := said.Application
	if a.ListID != e.ListID || a.ApplicantID != e.ApplicantID || a.Consent != e.Consent || a.Channel != e.Channel || a.Language != e.Language ||
		len(a.Family) != 1 || a.Family[0] != e.Family[0] ||
		len(a.Documents) != 1 ||
		!reflect.DeepEqual(a.Documents[0], e.Documents[0]) {
		t.Error("the event says something else than what was signed")
	}
}

// JSON has no bytes that are not UTF-8: in the text that is signed, each of these keys
// is written as the same character. One signature would carry as many commands.
func TestC16_AKeyThatIsNotPrintableASCIINamesNoCommand(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, list := s.citizen(), s.list()
	right := s.signedBy(s.iinOf(person), "POST "+applyPath,
		application(person, list).with(body{"channel": "portal"}), header{"Idempotency-Key", "key \xff"})
	before := s.head()
	for what, key := range map[string]string{
		"an invalid byte":           "key \xff",
		"another one":               "key \xfe",
		"a byte of two alone":       "key \xc3",
		"the rest of two bytes":     "key \x80",
		"the replacement character": "key \ufffd",
		"Kazakh letters":            "кілт",
		"a tab":                     "key\tkey",
		"a space that is not ASCII": "key\u00a0key",
	} {
		t.Run("C16 "+what, func(t *testing.T) {
			s := r.at(t)
			a := s.command(applyPath, s.as(person), right, header{"Idempotency-Key", key}).
				refused(422, domain.CodeMalformed, "header.Idempotency-Key")
			if a.body["errors"] != nil {
				t.Errorf("there is more than one fault: %s", a.text)
			}
			s.send("POST", "/v1/signatures/preview", s.as(person), body{
				"request": "POST " + applyPath, "idempotency_key": key, "application": body{},
			}).refused(422, domain.CodeMalformed, "idempotency_key")
		})
	}
	if s.head() != before {
		t.Error("a refused application left a trace")
	}
	key := header{"Idempotency-Key", "a key: of ~all! kinds of signs, 1/2"}
	s.command(applyPath, s.as(person), application(person, list).with(body{
		"channel": "portal", "signature": body{"method": "eds"},
	}), key).is(201)
}
