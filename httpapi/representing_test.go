package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi"
)

const behalf = "Tizilim-On-Behalf-Of"

// represents records a legal representative of the person.
func (s *subtest) represents(person, representative, kind string) *answer {
	s.t.Helper()
	return s.command("/v1/persons/"+person+"/representatives", s.token(domain.RoleOperator), body{
		"representative_id": representative, "kind": kind, "basis": paper,
	}).is(http.StatusCreated)
}

// releases records that somebody no longer represents the person.
func (s *subtest) releases(person, representative string) *answer {
	s.t.Helper()
	return s.command("/v1/persons/"+person+"/representatives/removal", s.token(domain.RoleOperator), body{
		"representative_id": representative, "reasons": "the court said so", "basis": paper,
	}).is(http.StatusOK)
}

// bornOn records a citizen.
func (s *subtest) bornOn(day string) string {
	s.t.Helper()
	return s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": s.iin(), "name": "Дәурен", "birth_date": day, "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
}

// atDesk is an owner's application at a desk.
func atDesk(owner, dwelling string, persons ...string) body {
	return removal(owner, dwelling, persons...).with(body{
		"channel": "state_corporation", "signature": body{"method": "handwritten"}, "basis": paper,
		"documents": []body{
			{"type": "identity_card", "number": "040123456", "person_id": owner}, {"type": "application", "number": "1", "persons": persons},
		},
	})
}

func TestR32_AHeaderSaysInWhosePlaceARepresentativeReads(t *testing.T) {
	r := start(t)
	s := r.at(t)
	parent, other, stranger := s.citizen(), s.citizen(), s.citizen()
	child, grown, adult := s.ward(parent), s.bornOn("2008-03-16"), s.citizen()
	s.represents(grown, parent, "parent")
	s.represents(adult, parent, "guardian")
	s.represents(child, other, "guardian")
	s.releases(child, other)
	r.clock.pass(24 * time.Hour) // one of them is of age now

	me := func(of string) *answer { return s.get("/v1/me", s.as(parent), header{behalf, of}) }
	for what, of := range map[string]string{"a child": child, "an adult whose guardian they are": adult, "themselves": parent} {
		if got := me(of).is(http.StatusOK); got.at("person_id") != of {
			t.Errorf("R32 for %s they read %s", what, got.text)
		}
	}
	if got := s.get("/v1/me", s.as(parent)).is(http.StatusOK); got.at("person_id") != parent {
		t.Errorf("without the header they read %s", got.text)
	}
	for what, of := range map[string]string{
		"somebody unknown": uuid.NewString(), "somebody whom they do not represent": stranger,
		"an adult who was their child": grown,
	} {
		t.Run(what, func(t *testing.T) { me(of).refused(http.StatusNotFound, domain.CodeNotFound, "") })
	}
	s.get("/v1/me", s.as(other), header{behalf, child}).refused(http.StatusNotFound, domain.CodeNotFound, "")
	me("x").refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "header."+behalf)
	s.get("/v1/persons/"+child+"/residence", s.token(domain.RoleOperator), header{behalf, child}).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "header."+behalf)

	s.reached(me(child))
	if seen := s.accessesOf(child, 100); !slices.ContainsFunc(seen, func(line string) bool {
		return strings.Contains(line, "get-me") && strings.Contains(line, "representative")
	}) {
		t.Errorf("the child is not told that a representative has read: %q", seen)
	}
}

// The parent is a co-owner too, and of two families: the body says for whom the answer is.
func TestR32_ARepresentativeAnswersForACoOwner(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, parent, guest, stranger := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	child, second := s.ward(parent), s.ward(parent)
	home := s.dwelling(owner, parent, child)
	s.command("/v1/registrations", s.token(domain.RoleOperator), registration(guest, home, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": owner}, {"person_id": parent}, {"person_id": child, "represented_by": parent}},
	})).is(http.StatusCreated)
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated).id("case_id")
	path := "/v1/cases/" + id + "/confirmation"
	answers := func(who, of, outcome string, headers ...header) *answer {
		b := answered(outcome)
		if of != "" {
			b["person_id"] = of
		}
		return s.command(path, s.as(who), b, headers...)
	}
	answers(child, "", "confirm").refused(http.StatusForbidden, domain.CodeRepresentative, "")
	answers(owner, child, "confirm").refused(http.StatusNotFound, domain.CodeNotFound, "")
	answers(parent, second, "confirm").refused(http.StatusNotFound, domain.CodeNotFound, "")
	answers(stranger, child, "confirm").refused(http.StatusNotFound, domain.CodeNotFound, "")

	before := len(s.stream("case-" + id))
	answers(parent, "", "confirm").is(http.StatusOK)
	answers(parent, child, "decline", header{"Idempotency-Key", "for the child"}).is(http.StatusOK)
	acts := s.stream("case-" + id)[before:]
	own, ok := acts[0].Event.(residence.CoOwnerConfirmed)
	if !ok || own.PersonID.String() != parent || !acts[0].Meta.RepresentedBy.IsZero() {
		t.Errorf("the parent's own answer is %+v by %v", own, acts[0].Meta.RepresentedBy)
	}
	theirs, ok := acts[1].Event.(residence.CoOwnerDeclined)
	if !ok || theirs.PersonID.String() != child || acts[1].Meta.RepresentedBy.String() != parent {
		t.Errorf("the answer for the child is %+v by %v", theirs, acts[1].Meta.RepresentedBy)
	}
	sameAsSigned(t, "C16 an answer for a child", acts[1])
	theirs.PersonID = own.PersonID
	acts[1].Event = theirs
	differs(t, "C16 an answer of another", acts[1], "person_id")
}

// differs fails the test unless the member alone is not as it was signed.
func differs(t *testing.T, what string, rec domain.Recorded, member string) {
	t.Helper()
	if got := httpapi.DiffersFromSigned(rec); len(got) != 1 || !strings.Contains(got[0], member) {
		t.Errorf("%s: %q", what, got)
	}
}

// confirmed says at a desk who confirmed in the place of a co-owner.
func confirmed(coOwner, by string) body {
	return body{"co_owners": []body{{"person_id": coOwner, "represented_by": by}}}
}

func TestR32_ADeskNamesWhoConfirmedForACoOwner(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	owner, parent, stranger, guest := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	child := s.ward(parent)
	home := s.dwelling(owner, child)
	s.command("/v1/registrations", operator, registration(guest, home, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": owner}, {"person_id": child, "represented_by": parent}},
	})).is(http.StatusCreated)
	apply := func(more body) *answer {
		return s.command("/v1/deregistrations", operator, atDesk(owner, home, guest).with(more))
	}
	for what, c := range map[string]struct {
		stated body
		status int
		code   domain.Code
		field  string
	}{
		"R32 nobody":        {body{}, http.StatusConflict, domain.CodeRepresentative, "co_owners"},
		"R32 somebody else": {confirmed(child, stranger), http.StatusConflict, domain.CodeRepresentative, "co_owners[0].represented_by"},
		"R32 for no owner": {confirmed(stranger, parent), http.StatusUnprocessableEntity,
			domain.CodeMemberNotAllowed, "co_owners[0].person_id"},
	} {
		t.Run(what, func(*testing.T) { apply(c.stated).refused(c.status, c.code, c.field) })
	}
	apply(body{"represented_by": parent}).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "represented_by")
	done := apply(confirmed(child, parent)).is(http.StatusCreated)
	e := s.stream("case-" + done.id("case_id"))[0].Event.(residence.DeregistrationApplied)
	if len(e.Represented) != 1 || e.Represented[0].RepresentedBy.String() != parent {
		t.Errorf("the event says %+v", e.Represented)
	}
	if history := s.seen("/v1/persons/"+parent+"/history", s.token(domain.RoleAuditor), done); !strings.Contains(history.text, "DeregistrationApplied") {
		t.Error("the act is not in the history of the representative")
	}
}

func TestR32_TheGuardianOfAnAdultActsAndTheAdultDoesNot(t *testing.T) {
	s := start(t).at(t)
	adult, guardian := s.citizen(), s.citizen()
	home, guest := s.home(adult), s.citizen()
	s.registered(guest, home, "2026-03-01", "")
	s.represents(adult, guardian, "guardian")
	application := removal(adult, home, guest)
	s.command("/v1/deregistrations", s.as(adult), application).refused(http.StatusForbidden, domain.CodeRepresentative, "")
	s.command("/v1/deregistrations", s.token(domain.RoleOperator), atDesk(adult, home, guest)).
		refused(http.StatusConflict, domain.CodeRepresentative, "represented_by")
	out := s.command("/v1/deregistrations", s.as(guardian), application).is(http.StatusCreated)
	rec := s.stream("case-" + out.id("case_id"))[0]
	if rec.Meta.RepresentedBy.String() != guardian {
		t.Errorf("the event is by %v", rec.Meta.RepresentedBy)
	}
	sameAsSigned(t, "C16 an application for an adult", rec)
	s.seen("/v1/cases/"+out.id("case_id"), s.as(guardian), out)
	s.seen("/v1/persons/"+adult+"/residence", s.as(guardian), out)

	s.releases(adult, guardian)
	s.get("/v1/cases/"+out.id("case_id"), s.as(guardian)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.registered(guest, home, "2026-03-15", "")
	s.command("/v1/deregistrations", s.as(guardian), application).
		refused(http.StatusForbidden, domain.CodeApplicantNotYou, "applicant_id")
	s.command("/v1/deregistrations", s.as(adult), application).is(http.StatusCreated)
}

// A request that got no answer is sent again, whatever became of the representation since.
func TestR32_ARepeatedCommandIsAnsweredAfterTheRepresentationHasEnded(t *testing.T) {
	r := start(t)
	s := r.at(t)
	parent, operator := s.citizen(), s.token(domain.RoleOperator)
	child := s.bornOn("2010-01-01")
	s.represents(child, parent, "parent")
	home := s.dwelling(child)
	guest, second := s.citizen(), s.citizen()
	consented := registration(guest, home, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": child, "represented_by": parent}},
	})
	first := s.command("/v1/registrations", operator, consented, header{"Idempotency-Key", "desk"}).is(http.StatusCreated)
	s.command("/v1/registrations", operator, consented.with(body{"person_id": second})).is(http.StatusCreated)

	applied := removal(child, home, guest)
	out := s.command("/v1/deregistrations", s.as(parent), applied, header{"Idempotency-Key", "applied"}).is(http.StatusCreated)
	complaint := "/v1/cases/" + out.id("case_id") + "/complaint"
	why := body{"grounds": "g"}
	complained := s.command(complaint, s.as(parent), why, header{"Idempotency-Key", "complained"}).is(http.StatusOK)
	s.releases(child, parent)

	again := func(was *answer, path, token string, b body, key string) {
		t.Helper()
		got := s.command(path, token, b, header{"Idempotency-Key", key})
		if got.text != was.text || got.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s again: %d %s\nwant %s", key, got.status, got.text, was.text)
		}
	}
	again(first, "/v1/registrations", operator, consented, "desk")
	again(out, "/v1/deregistrations", s.as(parent), applied, "applied")
	again(complained, complaint, s.as(parent), why, "complained")

	head := s.head()
	s.command("/v1/registrations", operator, consented.with(body{"person_id": s.citizenBefore(&head)})).
		refused(http.StatusConflict, domain.CodeRepresentative, "consents[0].represented_by")
	s.command("/v1/deregistrations", s.as(parent), removal(child, home, second)).
		refused(http.StatusForbidden, domain.CodeApplicantNotYou, "applicant_id")
	s.command(complaint, s.as(parent), why).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(complaint, s.as(parent), body{"grounds": "other"}, header{"Idempotency-Key", "complained"}).
		refused(http.StatusUnprocessableEntity, domain.CodeKeyReused, "")
	if s.head() != head {
		t.Error("a former representative has left something in the log")
	}
}

// citizenBefore records a citizen, and then notes the head.
func (s *subtest) citizenBefore(head *domain.Position) string {
	person := s.citizen()
	*head = s.head()
	return person
}

// TestR32_EveryOperationOfACitizenAsksWhoActs walks all that the portal offers, for a minor
// and for an adult with a guardian. Each request is wrong in every other way.
func TestR32_EveryOperationOfACitizenAsksWhoActs(t *testing.T) {
	for _, kind := range []string{"parent", "guardian"} {
		t.Run(kind, func(t *testing.T) {
			w := newMatters(start(t).at(t))
			if kind == "parent" { // they turn out to be a minor
				w.command("/v1/persons/"+w.person+"/data", w.token(domain.RoleOperator), body{
					"kind": "correction", "birth_date": "2010-01-01", "basis": paper,
					"accept": []string{"iin_contradicts_birth_date"},
				}).is(http.StatusOK)
			}
			acts, was, stranger := w.citizen(), w.citizen(), w.citizen()
			w.represents(w.person, acts, kind)
			w.represents(w.person, was, kind)
			w.releases(w.person, was)
			before, changes, reads := w.head(), 0, 0
			for _, op := range w.operations() {
				if !slices.Contains(op.Roles, domain.RoleCitizen) || !op.Of.Recorded() {
					continue
				}
				own := w.wrong(op, w.as(w.person))
				if op.Changes() {
					changes++
					own.refused(http.StatusForbidden, domain.CodeRepresentative, "")
					if detail := fmt.Sprint(own.body["detail"]); !strings.Contains(detail, "legal representative acts") {
						t.Errorf("%s: told %q", op.ID, detail)
					}
				} else {
					reads++
					own.refused(http.StatusBadRequest, domain.CodeMalformed, "")
				}
				w.wrong(op, w.as(acts)).refused(http.StatusBadRequest, domain.CodeMalformed, "")
				w.wrong(op, w.as(was)).refused(http.StatusNotFound, domain.CodeNotFound, "")
				w.wrong(op, w.as(stranger)).refused(http.StatusNotFound, domain.CodeNotFound, "")
			}
			if w.head() != before || changes < 10 || reads < 5 {
				t.Errorf("%d changes and %d reads were tried; head %d, was %d", changes, reads, w.head(), before)
			}
		})
	}
}

func TestR32_NoticesGoToTheRepresentativesToo(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	parent, second, former, guardian, adult := s.citizen(), s.citizen(), s.citizen(), s.citizen(), s.citizen()
	child, operator := s.ward(parent), s.token(domain.RoleOperator)
	s.represents(child, second, "parent")
	s.represents(child, former, "guardian")
	s.represents(adult, guardian, "guardian")
	s.releases(child, former)
	for _, person := range []string{child, adult} {
		s.command("/v1/persons/"+person+"/data", operator, body{"kind": "correction", "name": "Айгүл Ким", "basis": paper}).
			is(http.StatusOK)
	}
	told := s.notify(&answer{t: t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
	const begins = "A notice to the person whose legal representative you are: "
	for who, want := range map[string]struct {
		copies bool
		told   bool
	}{
		child: {false, true}, parent: {true, true}, second: {true, true}, former: {false, false},
		adult: {false, true}, guardian: {true, true},
	} {
		var got []string
		for _, n := range s.seen("/v1/me/notices?language=en", s.as(who), told).at("notices").([]any) {
			if n := n.(map[string]any); n["kind"] == "person_data_changed" {
				got = append(got, n["text"].(string))
			}
		}
		if (len(got) == 1) != want.told || want.told && strings.HasPrefix(got[0], begins) != want.copies {
			t.Errorf("R32 %s was told %q", who, got)
		}
	}
}
