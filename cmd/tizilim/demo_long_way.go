package main

import (
	"context"
	"fmt"

	"tizilim/domain"
	"tizilim/httpapi"
)

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
	quick, err := t.record(ctx, "Камила Рүстемова", "1990-11-03", "citizen", true)
	if err != nil {
		return err
	}
	first, err := t.apply(ctx, list, slow, true)
	if err != nil {
		return err
	}
	commission := as(domain.RoleCommission)
	reviewer := httpapi.Principal{Role: domain.RoleCommission, Account: "demo-reviewing-body"}
	step := func(by httpapi.Principal, name string, body map[string]any, state, said string) error {
		var answer struct{}
		if err := t.post(ctx, by, "/v1/cases/"+first.caseID.String()+"/"+name, body, &answer); err != nil {
			return err
		}
		var c struct {
			State string `json:"state"`
		}
		if err := t.get(ctx, commission, "/v1/cases/"+first.caseID.String(), &c); err != nil {
			return err
		}
		if c.State != state {
			return fmt.Errorf("case %s is %s after %s, told was %s", first.caseID, c.State, name, state)
		}
		t.say("%-22s %s", c.State, said)
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
		{"notice", map[string]any{"by": "personal_account"}, "refused", "notified"},
	} {
		if err := step(commission, s.name, s.body, s.state, s.said); err != nil {
			return err
		}
	}

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

	t.title("21. The whole case, from the log")
	return t.replay(ctx, "/v1/persons/"+slow.id.String()+"/history",
		"PersonRecorded", "HousingApplicationReceived", "CorrectionRequested", "CorrectionReceived",
		"ReviewBegan", "HearingAnnounced", "HearingClosed", "NeedExamined", "HousingApplicationRefused", "DecisionNotified",
		"ComplaintFiled", "ComplaintForwarded", "ComplaintDecided", "NeedExamined", "PlacementApproved", "EntryPlaced", "PlacementCertified")
}
