package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"tizilim/domain"
)

// What may be known only to those who ask for it by right: it is in events and in
// answers to staff, and nowhere else.
func TestWhoSomebodyIsStaysOutOfLogsMetricsAddressesAndRefusals(t *testing.T) {
	r := start(t)
	s := r.at(t)
	const (
		name, number, reasons, note, home = "Қалдыбек Сирекесімұлы", "N-4711-0815", "Ерекшесебеп", "Ерекшежазба", "Ерекшекөше, 13"
	)
	iin := s.iin()
	marks := []string{name, "Қалдыбек", "Сирекесім", iin, iin[2:], number, reasons, note, "Ерекшекөше"}
	escaped := func(s string) string { // as JSON without UTF-8 would write it
		var b strings.Builder
		for _, c := range s {
			if c < 0x80 {
				b.WriteRune(c)
			} else {
				b.WriteString(`\u` + strings.ToLower("0000"[len(hex(c)):]+hex(c)))
			}
		}
		return b.String()
	}
	for _, m := range marks[:3] {
		marks = append(marks, escaped(m))
	}
	shows := func(t *testing.T, where, text string) {
		t.Helper()
		for _, m := range marks {
			if i := strings.Index(text, m); i >= 0 {
				t.Errorf("%s shows %q: …%s…", where, m, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
	operator, commission, auditor := s.token(
		domain.RoleOperator,
	), s.token(
		domain.RoleCommission,
	), s.token(
		domain.RoleAuditor,
	)
	citizen := body{"iin": iin, "name": name, "birth_date": "1990-05-17", "class": "citizen"}

	person := s.command("/v1/persons", operator, citizen).is(201).id("person_id")
	found := s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "iin": iin}).is(200)
	if found.at("name") != name {
		t.Fatalf("control: staff do not find %s: %s", name, found.text)
	}
	dwelling := s.command("/v1/dwellings", operator, body{"rka": rka(), "address": home, "owners": []body{{"person_id": person}}}).
		is(201).
		id("dwelling_id")
	s.registered(person, dwelling, "2026-03-01", "")
	list := s.list()
	caseID := s.command("/v1/housing-applications", operator, application(person, list).with(body{"consent": false,
		"documents": []body{{"type": "identity_card", "number": number, "person_id": person}}})).is(201).id("case_id")
	s.command("/v1/cases/"+caseID+"/decision", commission, body{"outcome": "refuse", "ground": "no_consent", "reasons": reasons,
		"exemption": body{"ground": "applicants_request", "reasons": reasons}}).
		is(200)
	placed := s.placed(s.applied(person, list))
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	s.command(entry+"/review", commission, body{"note": note}).is(200)
	s.command(entry+"/hearing", commission, body{"preliminary": reasons}).is(200)
	s.command(entry+"/objection", s.as(person), body{"objection": reasons}).is(200)
	s.command(entry+"/removal", commission, removing.with(body{"note": note})).is(200)
	last := s.command(entry+"/complaint", s.as(person), body{"grounds": reasons}).is(200)
	for path, token := range map[string]string{
		"/v1/persons/" + person + "/history": auditor, "/v1/dwellings/" + dwelling + "/residents": auditor,
		"/v1/persons/" + person + "/residence": auditor, "/v1/cases/" + caseID: auditor, entry: commission,
	} {
		s.seen(path, token, last)
	}

	refusals := []*answer{
		s.command("/v1/persons", operator, citizen).is(409),
		s.command("/v1/persons", operator, citizen.with(body{"iin": iin[:11] + "x"})),
		s.command("/v1/persons", operator, citizen.with(body{"class": name})),
		s.command("/v1/persons", operator, citizen.with(body{"birth_date": name})),
		s.command("/v1/persons", operator, citizen.with(body{iin: name, name: iin})),
		s.command("/v1/persons", operator, `{"name":"`+name+`","name":"`+name+`"`),
		s.command("/v1/persons", operator, `{"name":`+iin+`e999}`),
		s.command("/v1/persons", operator, name),
		s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "name": name, "birth_date": "1990-05-18"}),
		s.send("POST", "/v1/persons/search", operator, body{"purpose": name, "reference": iin, "name": name}),
		s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "name": iin, "birth_date": "1990-05-18"}),
		s.command("/v1/persons", operator, citizen, header{"If-Match", iin}),
		s.command("/v1/persons", operator, citizen, header{"Content-Type", iin}),
		s.command("/v1/persons", operator, citizen, header{"Idempotency-Key", strings.Repeat(iin, 20)}),
		s.command("/v1/persons", iin, citizen),
		s.command("/v1/persons", operator, citizen, header{"Authorization", iin}),
		s.get("/v1/cases/"+nobody, auditor, header{"Tizilim-Position", iin + "x"}),
		s.command(
			"/v1/cases/"+caseID+"/decision",
			commission,
			body{"outcome": "refuse", "ground": reasons, "reasons": reasons},
		),
		s.command(entry+"/removal", commission, body{"reason": note, "note": note}),
		s.send(iin, "/v1/persons", operator, nil),
	}
	for _, a := range refusals {
		if a.status < 400 {
			t.Fatalf("control: this was not refused: %s", a.text)
		}
		shows(t, "a refusal", a.text)
		for header, values := range a.header {
			shows(t, "the header "+header+" of a refusal", strings.Join(values, " "))
		}
	}
	for _, path := range r.called {
		shows(t, "an address", path)
	}
	// A client that puts it into an address does so at its own peril, but finds it
	// in no log and no metric of ours.
	for _, path := range []string{"/v1/persons/" + iin, "/v1/cases/" + iin, "/v1/persons?" + iin + "=" + iin, "/" + iin, "/v1/cases/" + nobody + "?iin=" + iin} {
		shows(t, "the refusal of an address", s.get(path, auditor).text)
	}

	metrics := s.scrape()
	if !strings.Contains(metrics, `route="/v1/persons/:id/history"`) ||
		!strings.Contains(
			metrics,
			`tizilim_command_duration_seconds_count{command="record-person",outcome="appended"} 1`,
		) {
		t.Error("control: the metrics do not count the session")
	}
	shows(t, "/metrics", metrics)
	if strings.Contains(metrics, person) {
		t.Error("/metrics show the id of a person")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	streams := 0
	for d := range s.store.Follow(ctx, 0) {
		if d.Recorded != nil {
			streams++
			shows(t, "a stream's name", d.Recorded.Stream)
			shows(t, "an event's type", d.Recorded.Event.EventType())
			shows(t, "an event's metadata", d.Recorded.Meta.Actor+" "+d.Recorded.Meta.Digest)
		}
		if d.CaughtUp {
			break
		}
	}
	if streams < 10 {
		t.Errorf("control: only %d events were looked at", streams)
	}
	logged := r.logged.String()
	if !strings.Contains(logged, `"msg":"request"`) {
		t.Error("control: nothing was logged of the requests")
	}
	shows(t, "the log", logged)
	if strings.Contains(logged, person) {
		i := strings.Index(logged, person)
		t.Errorf("the log shows the id of a person: %s", logged[max(0, i-300):i+50])
	}
}

func hex(c rune) string {
	const digits = "0123456789abcdef"
	return strings.TrimLeft(string([]byte{digits[c>>12&15], digits[c>>8&15], digits[c>>4&15], digits[c&15]}), "0")
}
