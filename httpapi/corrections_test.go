package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

func correction(changes ...body) body {
	return body{"ground": "clerical_error", "reasons": "the desk mistook the day", "changes": changes}
}

// homes lists what GET …/residence answers as "dwelling from".
func (a *answer) homes() []string {
	var list []string
	for _, r := range a.body["registrations"].([]any) {
		m := r.(map[string]any)
		list = append(list, m["dwelling_id"].(string)+" "+m["effective_from"].(string))
	}
	return list
}

func (a *answer) residents() int { return len(a.body["residents"].([]any)) }

func TestR14_AnOldRegistrationIsAnnulledByReferenceAndBothTruthsAreKept(t *testing.T) {
	r := start(t)
	s := r.at(t)
	provider, auditor := s.token(domain.RoleProvider), s.token(domain.RoleAuditor)
	person, flat, house, dacha := s.citizen(), s.dwelling(), s.dwelling(), s.dwelling()
	s.registered(person, flat, "2025-01-01", "")
	wrong := s.registered(person, house, "2025-06-01", "") // it was somebody else who moved there
	later := s.registered(person, dacha, "2025-10-01", "")
	believed := r.clock.Now()
	r.clock.pass(time.Hour)

	path := "/v1/persons/" + person + "/corrections"
	act := correction(
		body{"registration_id": wrong.id("registration_id"), "action": "annul"},
		body{"registration_id": wrong.at("ended", 0), "fact": "ending", "action": "annul"})

	head := s.head()
	plan := s.send("POST", path+"?dry_run=true", provider, act, header{"Idempotency-Key", s.key()}).is(http.StatusOK)
	if plan.at("dry_run") != true || plan.at("consequences", 0, "code") != "cuts_overlap" ||
		plan.at("consequences", 0, "from") != "2025-10-01" {
		t.Errorf("the plan tells %s", plan.text)
	}
	if plan.at("before", 1, "dwelling_id") != house || plan.at("before", 1, "annulled") != nil ||
		plan.at("after", 1, "annulled") != true ||
		plan.at("before", 0, "ended_on") != "2025-06-01" ||
		plan.at("after", 0, "ended_on") != "2025-10-01" {
		t.Errorf("before and after: %s", plan.text)
	}
	s.command(path, provider, act).refused(http.StatusConflict, domain.CodeConsequences, "accept")
	if s.changed(head) {
		t.Fatal("a plan or a refusal was appended")
	}
	done := s.command(path, provider, act.with(body{"accept": []string{"cuts_overlap"}}), header{"If-Match", later.header.Get("ETag")}, header{"Idempotency-Key", "once"}).
		is(http.StatusCreated)
	again := s.command(path, provider, act.with(body{"accept": []string{"cuts_overlap"}}), header{"If-Match", later.header.Get("ETag")}, header{"Idempotency-Key", "once"}).
		is(http.StatusCreated)
	if done.text != again.text || done.at("changes", 0, "now", "annulled") != true {
		t.Errorf("first %s, then %s", done.text, again.text)
	}

	summer := "/v1/persons/" + person + "/residence?as_of=2025-07-01"
	then := "&known_at=" + believed.UTC().Format("2006-01-02T15:04:05Z")
	if got := s.seen(summer, auditor, done).homes(); len(got) != 1 || got[0] != flat+" 2025-01-01" {
		t.Errorf("it is now known that the person resided at %v", got)
	}
	if got := s.seen(summer+then, auditor, done).homes(); len(got) != 1 || got[0] != house+" 2025-06-01" {
		t.Errorf("it was believed that the person resided at %v", got)
	}
	for _, c := range []struct {
		path string
		want int
	}{
		{house + "/residents?as_of=2025-07-01", 0}, {house + "/residents?as_of=2025-07-01" + then, 1},
		{flat + "/residents?as_of=2025-07-01", 1}, {flat + "/residents?as_of=2025-07-01" + then, 0}, {dacha + "/residents", 1},
	} {
		if got := s.seen("/v1/dwellings/"+c.path, auditor, done).residents(); got != c.want {
			t.Errorf("%s: %d residents, want %d", c.path, got, c.want)
		}
	}

	// The correction was itself a mistake, at least of the last move.
	last := s.command(path, provider, correction(body{"registration_id": later.id("registration_id"), "action": "annul"}).
		with(body{"accept": []string{"leaves_without_residence", "ending_without_move"}})).
		is(http.StatusCreated)
	if got := s.seen("/v1/dwellings/"+dacha+"/residents", auditor, last).residents(); got != 0 {
		t.Errorf("%d residents where the registration is annulled", got)
	}
	undo := last.at("events", 0)
	stream, revision := undo.(map[string]any)["stream"].(string), undo.(map[string]any)["revision"].(float64)
	back := s.command(path, provider, correction(body{"event": domain.EventRef{Stream: stream, Revision: uint64(revision)}, "action": "annul"})).
		is(http.StatusCreated)
	if got := s.seen("/v1/persons/"+person+"/residence", auditor, back).homes(); len(got) != 1 ||
		got[0] != dacha+" 2025-10-01" {
		t.Errorf("the person resides at %v", got)
	}
}

func TestR14_ACorrectionNamesItsFactInOneWay(t *testing.T) {
	s := start(t).at(t)
	provider, person := s.token(domain.RoleProvider), s.citizen()
	path := "/v1/persons/" + person + "/corrections"
	for name, change := range map[string]body{
		"in no way":             {"action": "annul"},
		"in two ways":           {"action": "annul", "event": "residence-" + person + "@1", "registration_id": nobody},
		"an event and its part": {"action": "annul", "event": "residence-" + person + "@1", "fact": "ending"},
	} {
		t.Run(name, func(t *testing.T) {
			s.registry.at(t).
				command(path, provider, correction(change)).
				refused(http.StatusUnprocessableEntity, domain.CodeRequired, "changes[0].event")
		})
	}
	s.command(path, provider, correction(body{"action": "annul", "event": "residence"})).
		refused(http.StatusUnprocessableEntity, domain.CodeEventRefFormat, "changes[0].event")
	s.command("/v1/persons/"+nobody+"/corrections", provider, correction(body{"action": "annul", "registration_id": nobody})).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	s.command(path, s.token(domain.RoleOperator), correction(body{"action": "annul"})).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
}

func TestR14_AWrongDwellingIsPutRightAndTheResidentsOfBothFollow(t *testing.T) {
	s := start(t).at(t)
	provider, auditor := s.token(domain.RoleProvider), s.token(domain.RoleAuditor)
	person, wrong, right := s.citizen(), s.dwelling(), s.dwelling()
	registered := s.registered(person, wrong, "2026-03-01", "").id("registration_id")
	path := "/v1/persons/" + person + "/corrections"
	change := correction(body{"registration_id": registered, "action": "insert", "dwelling_id": right})
	dry := s.command(path+"?dry_run=true", provider, change).is(http.StatusOK)
	if len(dry.at("before").([]any)) != 1 || len(dry.at("after").([]any)) != 2 || dry.at("consequences") != nil {
		t.Errorf("planned %s", dry.text)
	}
	done := s.command(path, provider, change).is(http.StatusCreated)
	at := func(dwelling, day string) int {
		t.Helper()
		return s.seen("/v1/dwellings/"+dwelling+"/residents"+day, auditor, done).residents()
	}
	for _, day := range []string{"", "?as_of=2026-03-02"} {
		if here, there := at(wrong, day), at(right, day); here != 0 || there != 1 {
			t.Errorf("%d at the wrong dwelling and %d at the right one%s", here, there, day)
		}
	}
	if home := s.seen("/v1/persons/"+person+"/residence", auditor, done); home.at(
		"registrations",
		0,
		"dwelling_id",
	) != right ||
		home.at("registrations", 0, "effective_from") != "2026-03-01" {
		t.Errorf("the person resides at %s", home.text)
	}
	forgotten := body{
		"action":         "insert",
		"dwelling_id":    wrong,
		"kind":           "permanent",
		"effective_from": "2025-01-01",
		"ended_on":       "2026-01-01",
		"reason":         "owner_application",
	}
	s.command(path, provider, correction(forgotten)).is(http.StatusCreated)
	s.command(path, provider, correction(forgotten.with(body{"dwelling_id": nobody}))).
		refused(http.StatusUnprocessableEntity, domain.CodeDwellingUnknown, "changes[0].dwelling_id")
	s.command(path, provider, correction(body{"action": "annul"})).
		refused(http.StatusUnprocessableEntity, domain.CodeRequired, "changes[0].event")
	if then := s.get("/v1/persons/"+person+"/residence?as_of=2025-06-01", auditor).is(http.StatusOK); then.at(
		"registrations",
		0,
		"dwelling_id",
	) != wrong {
		t.Errorf("in 2025 the person resided at %s", then.text)
	}
}

// Each event of a correction has its reasons. A text of letters of four bytes is a third
// longer when it is sealed, so that a body of 40 KB makes more than the event store takes in one append (1 MiB).
func TestACorrectionThatIsTooLargeToBeRecordedIsRefused(t *testing.T) {
	r := start(t)
	s := r.at(t)
	provider, person, dwelling := s.token(domain.RoleProvider), s.citizen(), s.dwelling()
	s.registered(person, dwelling, "2026-03-01", "")
	var changes []body
	for i := range 50 {
		from := domain.NewDate(2010, time.January, 1).AddDays(i * 60)
		changes = append(changes, body{
			"action": "insert", "dwelling_id": dwelling, "kind": "permanent", "effective_from": from.String(),
			"ended_on": from.AddDays(30).String(), "reason": "owner_application",
		})
	}
	path := "/v1/persons/" + person + "/corrections"
	act := correction(changes...).with(body{"accept": []string{"leaves_hole"}})
	large := act.with(body{"reasons": strings.Repeat("😀", 4000)})
	before, key := s.head(), header{"Idempotency-Key", "large"}
	for _, query := range []string{"", "?dry_run=true"} {
		s.command(path+query, provider, large, key).
			refused(http.StatusRequestEntityTooLarge, domain.CodeBodyTooLarge, "reasons")
	}
	if s.head() != before {
		t.Error("a refused correction left a trace")
	}
	s.command(path, provider, act, key).is(http.StatusCreated)
}
