package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// longCase is what the case says of itself on its long way.
type longCase struct {
	State        string `json:"state"`
	Number       string `json:"number"`
	ReceivedAt   stamp  `json:"received_at"`
	RegisteredAt stamp  `json:"registered_at"`
	Deadline     stamp  `json:"deadline"`
	Correction   struct {
		Until domain.Date `json:"until"`
	} `json:"correction"`
	Hearing struct {
		NotBefore   domain.Date `json:"not_before"`
		ObjectUntil domain.Date `json:"object_until"`
	} `json:"hearing"`
	Refusal struct {
		Ground      string `json:"ground"`
		Reasons     string `json:"reasons"`
		AppealRoute string `json:"appeal_route"`
	} `json:"refusal"`
	NotifiedAt stamp `json:"notified_at"`
	Complaint  struct {
		At        string      `json:"at"`
		ForwardBy domain.Date `json:"forward_by"`
		DecideBy  domain.Date `json:"decide_by"`
	} `json:"complaint"`
}

// stamp is an instant, told to the minute.
type stamp struct{ time.Time }

func (s stamp) String() string { return s.In(domain.Zone).Format("2006-01-02 15:04") }

// after tells what the step has set.
func (c longCase) after(step string) string {
	switch step {
	case "correction-request":
		return fmt.Sprintf("to be brought until %s; no correction, and the case returns by itself", c.Correction.Until)
	case "correction":
		return fmt.Sprintf("the term runs anew, until %s", c.Deadline)
	case "hearing":
		return fmt.Sprintf("objections until %s, no refusal before %s", c.Hearing.ObjectUntil, c.Hearing.NotBefore)
	case "decision":
		return fmt.Sprintf("%s: %s Complaint: %s", c.Refusal.Ground, c.Refusal.Reasons, c.Refusal.AppealRoute)
	case "notice":
		return fmt.Sprintf("at %s; the time for a complaint runs from here", c.NotifiedAt)
	case "complaint":
		return fmt.Sprintf("the body satisfies or forwards it until %s", c.Complaint.ForwardBy)
	case "complaint-forwarding":
		return fmt.Sprintf("%s decides until %s", c.Complaint.At, c.Complaint.DecideBy)
	case "complaint-decision":
		return fmt.Sprintf("with a new term, until %s", c.Deadline)
	}
	return ""
}

// longWay is the third act: one application that is incomplete, corrected,
// heard, refused, complained of, annulled, and placed after all with the
// seniority of its complete application, ahead of one that came later.
func (t *teller) longWay(ctx context.Context) error {
	t.title("18. The long way: an application that is not complete")
	list, err := t.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Ақтөбе гарнизоны")
	if err != nil {
		return err
	}
	slow, err := t.record(ctx, "Ілияс Өмірбеков", "1987-05-21", "citizen", true)
	if err != nil {
		return err
	}
	t.applicant = slow
	quick, err := t.record(ctx, "Камила Рүстемова", "1990-11-03", "citizen", true)
	if err != nil {
		return err
	}
	var contacts struct {
		Email string `json:"email"`
	}
	if err := t.post(ctx, citizen(slow.id), "/v1/me/contacts", map[string]any{"email": "iliyas@example.com", "language": "kk"}, &contacts); err != nil {
		return err
	}
	t.say("%s confirms where notices reach him: %s", slow.name, contacts.Email)
	first, err := t.apply(ctx, list, slow, true)
	if err != nil {
		return err
	}
	var received longCase
	if err := t.get(ctx, citizen(slow.id), "/v1/cases/"+first.caseID.String(), &received); err != nil {
		return err
	}
	t.say("%s, filed %s; the office has it %s, when it is open", received.Number, received.ReceivedAt, received.RegisteredAt)
	commission := as(domain.RoleCommission)
	reviewer := token.Principal{Role: domain.RoleCommission, Account: "demo-reviewing-body"}
	step := func(by token.Principal, name string, body map[string]any, state, said string) error {
		var answer struct{}
		if err := t.post(ctx, by, "/v1/cases/"+first.caseID.String()+"/"+name, body, &answer); err != nil {
			return err
		}
		var c longCase
		if err := t.get(ctx, commission, "/v1/cases/"+first.caseID.String(), &c); err != nil {
			return err
		}
		if c.State != state {
			return fmt.Errorf("case %s is %s after %s, told was %s", first.caseID, c.State, name, state)
		}
		t.say("%-22s %s", c.State, said)
		if detail := c.after(name); detail != "" {
			t.say("%-22s %s", "", detail)
		}
		return nil
	}
	if err := step(commission, "correction-request", map[string]any{"missing": []map[string]any{
		{"document_type": "birth_certificate", "text": "баланың туу туралы куәлігі"},
	}},
		"awaiting_correction", "what is missing is listed, with a date"); err != nil {
		return err
	}
	if err := step(citizen(slow.id), "correction", map[string]any{"documents": []map[string]any{{"type": "birth_certificate", "number": "АА 000001"}}},
		"registered", "the applicant brings it: complete, with this instant as the seniority"); err != nil {
		return err
	}

	t.title("19. Another applies later and is placed first; the first is heard and refused")
	second, err := t.apply(ctx, list, quick, true)
	if err != nil {
		return err
	}
	if _, err := t.place(ctx, &second); err != nil {
		return err
	}
	if err := t.numbers(ctx, list, []*applicant{&second}, 1); err != nil {
		return err
	}
	for _, s := range []struct {
		name        string
		body        map[string]any
		state, said string
	}{
		{"review", map[string]any{}, "in_review", "the commission takes it up"},
		{"hearing", map[string]any{"preliminary": "Бас тарту көзделуде: меншік тұрғын үйі бар."}, "hearing_pending", "the applicant learns what is intended, and why"},
		{"hearing-end", map[string]any{"how": "waived", "protocol": "Тыңдаудан бас тартамын."}, "in_review", "and waives the hearing"},
		{"decision", map[string]any{"outcome": "refuse", "ground": "requirements_not_met", "reasons": "Осы елді мекенде меншік тұрғын үйі бар.",
			"examination": map[string]any{"findings": []any{ownsDwelling(slow)}}}, "refused", "examined: a dwelling in the settlement; refused, with reasons and the appeal route"},
	} {
		if err := step(commission, s.name, s.body, s.state, s.said); err != nil {
			return err
		}
	}

	if err := t.notified(ctx, slow, first.caseID); err != nil {
		return err
	}
	t.say("%-22s %s", "refused", "the registry notifies the applicant by itself: the term for a complaint runs")

	t.title("20. A complaint, annulled by the reviewing body, and placed after all")
	if err := step(citizen(slow.id), "complaint", map[string]any{"grounds": "Ол тұрғын үй менікі емес."}, "refused", "a complaint is filed with the body that decided"); err != nil {
		return err
	}
	if err := step(commission, "complaint-forwarding", map[string]any{"to": "Жоғары тұрған орган"}, "refused", "and forwarded with the file"); err != nil {
		return err
	}
	if err := step(reviewer, "complaint-decision", map[string]any{"outcome": "act_annulled", "reasons": "Тұрғын үй өтініш берушіге тиесілі емес."}, "in_review", "the refusal is annulled, the review begins anew"); err != nil {
		return err
	}
	if _, err := t.place(ctx, &first); err != nil {
		return err
	}
	t.say("Placed with the seniority of the complete application, ahead of who applied after it:")
	if err := t.numbers(ctx, list, []*applicant{&first, &second}, 1, 2); err != nil {
		return err
	}
	if err := t.overtaken(ctx, list, first, second); err != nil {
		return err
	}
	t.say("The refusal that fell stays what it was, beside the certificate:")
	if err := t.issued(ctx, citizen(slow.id), first.caseID, "talon", "refusal_certificate", "placement_certificate"); err != nil {
		return err
	}

	if err := t.notified(ctx, slow, first.caseID); err != nil {
		return err
	}
	if err := t.inbox(ctx, slow, "e-mail", "application_received", "correction_requested", "correction_received", "hearing_announced", "placement_refused",
		"complaint_received", "complaint_forwarded", "complaint_satisfied", "placed_on_list"); err != nil {
		return err
	}

	t.title("21. The whole case, from the log")
	return t.replay(ctx, "/v1/persons/"+slow.id.String()+"/history",
		"PersonRecorded", "ContactsConfirmed", "HousingApplicationReceived", "CorrectionRequested", "CorrectionReceived",
		"ReviewBegan", "HearingAnnounced", "HearingClosed", "NeedExamined", "HousingApplicationRefused", "DecisionNotified",
		"ComplaintFiled", "ComplaintForwarded", "ComplaintDecided", "NeedExamined", "PlacementApproved", "EntryPlaced", "PlacementCertified", "DecisionNotified")
}

// noticePatience is how long the story waits for the registry to give notice.
const noticePatience = 20 * time.Second

// await asks until the answer is what was told.
func (t *teller) await(ctx context.Context, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, noticePatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// notified waits until the registry has told the applicant the decision (C11).
func (t *teller) notified(ctx context.Context, p person, id domain.CaseID) error {
	return t.await(ctx, "the decision of case "+id.String()+" is notified", func() (bool, error) {
		var c struct {
			NotifiedAt time.Time `json:"notified_at"`
		}
		err := t.get(ctx, citizen(p.id), "/v1/cases/"+id.String(), &c)
		return !c.NotifiedAt.IsZero(), err
	})
}

// inbox waits until the person has exactly these notices, each sent the other
// way too, and shows the last.
func (t *teller) inbox(ctx context.Context, p person, way string, want ...string) error {
	var page struct {
		Notices []struct {
			Kind       string `json:"kind"`
			Text       string `json:"text"`
			Deliveries []struct {
				Way   string `json:"way"`
				State string `json:"state"`
			} `json:"deliveries"`
		} `json:"notices"`
	}
	if err := t.await(ctx, "everything is told and sent", func() (bool, error) {
		if err := t.get(ctx, citizen(p.id), "/v1/me/notices?language=en", &page); err != nil {
			return false, err
		}
		for _, n := range page.Notices {
			for _, d := range n.Deliveries {
				if d.State == "queued" {
					return false, nil
				}
			}
		}
		return len(page.Notices) >= len(want), nil
	}); err != nil {
		return err
	}
	var got []string
	for _, n := range page.Notices { // the newest first
		got = append([]string{n.Kind}, got...)
		if len(n.Deliveries) != 2 || n.Deliveries[0].State != "delivered" {
			return fmt.Errorf("the notice %s of %s went %v, told was personal account and %s", n.Kind, p.name, n.Deliveries, way)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("%s was told %v, told was %v", p.name, got, want)
	}
	t.say("Notices to %s: %d in the personal account, each sent by %s too. The last reads:", p.name, len(got), way)
	t.say("  “%s”", page.Notices[0].Text)
	return nil
}

// overtaken checks that the first stands before the second because its
// application was complete earlier, though it was placed later, and that the
// second is told which event moved them.
func (t *teller) overtaken(ctx context.Context, list domain.ListID, first, second applicant) error {
	type entry struct {
		SeniorityAt stamp `json:"seniority_at"`
		number
	}
	var before, behind entry
	for _, e := range []struct {
		of   applicant
		into *entry
	}{{first, &before}, {second, &behind}} {
		if err := t.get(ctx, citizen(e.of.id), "/v1/queues/"+list.String()+"/entries/"+e.of.entryID.String(), e.into); err != nil {
			return err
		}
	}
	if !before.SeniorityAt.Before(behind.SeniorityAt.Time) {
		return fmt.Errorf("%s stands first with the seniority %s, after %s", first.name, before.SeniorityAt, behind.SeniorityAt)
	}
	if before.LastChange.Event != behind.LastChange.Event {
		return fmt.Errorf("%s was moved by %s, told was %s", second.name, behind.LastChange.Event, before.LastChange.Event)
	}
	t.say("%s is second since %s, the placing of %s, whose application was complete earlier.", second.name, behind.LastChange.Event, first.name)
	return nil
}
