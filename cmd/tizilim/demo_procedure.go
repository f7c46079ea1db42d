package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// procedureCase is a case as the API shows it.
type procedureCase struct {
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

// stamp is an instant, printed to the minute.
type stamp struct{ time.Time }

func (s stamp) String() string { return s.In(domain.Zone).Format("2006-01-02 15:04") }

// after describes what the step has set.
func (c procedureCase) after(step string) string {
	switch step {
	case "correction-request":
		return fmt.Sprintf(
			"to be corrected by %s; without a correction the registry returns the application", c.Correction.Until,
		)
	case "correction":
		return fmt.Sprintf("the term begins again, until %s", c.Deadline)
	case "hearing":
		return fmt.Sprintf("objections until %s, no refusal before %s", c.Hearing.ObjectUntil, c.Hearing.NotBefore)
	case "decision":
		appeal, _, _ := strings.Cut(c.Refusal.AppealRoute, ". ") // in the language of the application
		return fmt.Sprintf("%s: %s %s.", c.Refusal.Ground, c.Refusal.Reasons, appeal)
	case "notice":
		return fmt.Sprintf("at %s; the time for a complaint begins", c.NotifiedAt)
	case "complaint":
		return fmt.Sprintf("the body satisfies or forwards it by %s", c.Complaint.ForwardBy)
	case "complaint-forwarding":
		return fmt.Sprintf("%s decides by %s", c.Complaint.At, c.Complaint.DecideBy)
	case "complaint-decision":
		return fmt.Sprintf("with a new term, until %s", c.Deadline)
	}
	return ""
}

// procedureAct is the third act: one application goes through the whole procedure. It
// is incomplete, corrected, heard and refused. After a complaint the refusal is
// annulled and the applicant placed, before a later applicant who was placed first.
type procedureAct struct {
	*storyteller
	list   domain.ListID
	first  applicant // goes through the whole procedure
	second applicant // applies later
	byMail bool      // the first has confirmed an e-mail
}

func (t *storyteller) procedure(ctx context.Context) error {
	a := &procedureAct{storyteller: t}
	return inOrder(ctx, a.application, a.correction, a.refusal, a.complaint, a.placement, a.historyOfCase)
}

// step takes a step of the first case, expects the state that follows, and prints what
// happened.
func (a *procedureAct) step(
	ctx context.Context, by token.Principal, name string, body map[string]any, state, happened string,
) error {
	path := "/v1/cases/" + a.first.caseID.String()
	if err := a.post(ctx, by, path+"/"+name, body, &struct{}{}); err != nil {
		return err
	}
	var c procedureCase
	if err := a.get(ctx, as(domain.RoleCommission), path, &c); err != nil {
		return err
	}
	if c.State != state {
		return fmt.Errorf("case %s is %s after %s, expected %s", a.first.caseID, c.State, name, state)
	}
	a.say("%-22s %s", c.State, happened)
	if detail := c.after(name); detail != "" {
		a.say("%-22s %s", "", detail)
	}
	return nil
}

func (a *procedureAct) application(ctx context.Context) (err error) {
	a.title("18. The whole procedure: an application that is not complete")
	if a.list, err = a.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Ақтөбе гарнизоны"); err != nil {
		return err
	}
	p, err := a.record(ctx, "Ілияс Өмірбеков", "1987-05-21", "citizen", true)
	if err != nil {
		return err
	}
	a.applicant = p
	answer, confirmed, err := a.confirmContact(ctx, p, "email", demoEmail())
	if err != nil {
		return err
	}
	if a.byMail = confirmed; confirmed {
		a.say("%s confirms an address for notices with the code sent there: %s", p.name, answer.Email)
	} else {
		a.say("%s states an address for notices; its code cannot be read here", p.name)
	}
	if a.first, err = a.apply(ctx, a.list, p, true); err != nil {
		return err
	}
	var received procedureCase
	if err := a.get(ctx, citizen(p.id), "/v1/cases/"+a.first.caseID.String(), &received); err != nil {
		return err
	}
	a.say("%s, filed %s; registered %s, in office hours", received.Number, received.ReceivedAt, received.RegisteredAt)
	return nil
}

func (a *procedureAct) correction(ctx context.Context) error {
	if err := a.step(ctx, as(domain.RoleCommission), "correction-request", map[string]any{"missing": []map[string]any{
		{"document_type": "birth_certificate", "text": "баланың туу туралы куәлігі"},
	}}, "awaiting_correction", "the commission lists what is missing and sets a date"); err != nil {
		return err
	}
	return a.step(ctx, citizen(a.first.id), "correction", map[string]any{"documents": []map[string]any{
		{"type": "birth_certificate", "number": "АА 000001"},
	}}, "registered", "the applicant corrects it: the seniority is now that of the complete application")
}

func (a *procedureAct) refusal(ctx context.Context) error {
	a.title("19. A second applicant applies later and is placed first; the first is heard and refused")
	later, err := a.record(ctx, "Камила Рүстемова", "1990-11-03", "citizen", true)
	if err != nil {
		return err
	}
	if a.second, err = a.apply(ctx, a.list, later, true); err != nil {
		return err
	}
	if _, err := a.place(ctx, &a.second); err != nil {
		return err
	}
	if err := a.numbers(ctx, a.list, []*applicant{&a.second}, 1); err != nil {
		return err
	}
	for _, s := range []struct {
		name            string
		body            map[string]any
		state, happened string
	}{
		{"review", map[string]any{}, "in_review", "the commission begins the review"},
		{
			"hearing", map[string]any{"preliminary": "Бас тарту көзделуде: меншік тұрғын үйі бар."},
			"hearing_pending", "the applicant is told the intended decision and its reasons",
		},
		{
			"hearing-end", map[string]any{"how": "waived", "protocol": "Тыңдаудан бас тартамын."},
			"in_review", "the applicant waives the hearing",
		},
		{
			"decision", map[string]any{
				"outcome": "refuse", "ground": "requirements_not_met", "reasons": "Осы елді мекенде меншік тұрғын үйі бар.",
				"examination": map[string]any{"findings": []any{ownsDwelling(a.first.person)}},
			},
			"refused", "the examination finds a dwelling in the settlement; the refusal has reasons and the appeal route",
		},
	} {
		if err := a.step(ctx, as(domain.RoleCommission), s.name, s.body, s.state, s.happened); err != nil {
			return err
		}
	}
	if err := a.notified(ctx, a.first.person, a.first.caseID); err != nil {
		return err
	}
	a.say("%-22s %s", "refused", "the registry notifies the applicant: the time for a complaint begins")
	return nil
}

func (a *procedureAct) complaint(ctx context.Context) error {
	a.title("20. A complaint: the reviewing body annuls the refusal, and the applicant is placed")
	if err := a.step(ctx, citizen(a.first.id), "complaint", map[string]any{
		"grounds": "Ол тұрғын үй менікі емес.",
	}, "refused", "the applicant complains to the body that decided"); err != nil {
		return err
	}
	if err := a.step(ctx, as(domain.RoleCommission), "complaint-forwarding", map[string]any{
		"to": "Жоғары тұрған орган",
	}, "refused", "the body forwards the complaint with the case"); err != nil {
		return err
	}
	reviewer := token.Principal{Role: domain.RoleCommission, Account: "demo-reviewing-body"}
	return a.step(ctx, reviewer, "complaint-decision", map[string]any{
		"outcome": "act_annulled", "reasons": "Тұрғын үй өтініш берушіге тиесілі емес.",
	}, "in_review", "the refusal is annulled, and the review begins again")
}

func (a *procedureAct) placement(ctx context.Context) error {
	if _, err := a.place(ctx, &a.first); err != nil {
		return err
	}
	a.say("The applicant has the seniority of the complete application and stands before the later one:")
	if err := a.numbers(ctx, a.list, []*applicant{&a.first, &a.second}, 1, 2); err != nil {
		return err
	}
	if err := a.checkSeniority(ctx, a.list, a.first, a.second); err != nil {
		return err
	}
	a.say("The annulled refusal is kept beside the certificate:")
	if err := a.issued(ctx, citizen(a.first.id), a.first.caseID,
		"talon", "refusal_certificate", "placement_certificate"); err != nil {
		return err
	}
	if err := a.notified(ctx, a.first.person, a.first.caseID); err != nil {
		return err
	}
	way := ""
	if a.byMail {
		way = "e-mail"
	}
	return a.inbox(ctx, a.first.person, way,
		"application_received", "correction_requested", "correction_received", "hearing_announced", "placement_refused",
		"complaint_received", "complaint_forwarded", "complaint_satisfied", "placed_on_list")
}

func (a *procedureAct) historyOfCase(ctx context.Context) error {
	a.title("21. The history of the case, from the log")
	contacts := []string{"PersonRecorded", "ContactsStated"}
	if a.byMail {
		contacts = append(contacts, "ContactsConfirmed")
	}
	return a.showHistory(ctx, "/v1/persons/"+a.first.id.String()+"/history", append(contacts,
		"HousingApplicationReceived",
		"CorrectionRequested",
		"CorrectionReceived",
		"ReviewBegan",
		"HearingAnnounced",
		"HearingClosed",
		"NeedExamined",
		"HousingApplicationRefused",
		"DecisionNotified",
		"ComplaintFiled",
		"ComplaintForwarded",
		"ComplaintDecided",
		"NeedExamined",
		"PlacementApproved",
		"EntryPlaced",
		"PlacementCertified",
		"DecisionNotified",
	)...)
}

// checkSeniority expects that the first stands before the second, since its
// application was complete earlier, although it was placed later. It also expects that
// both entries name the same event as the last change of their numbers.
func (t *storyteller) checkSeniority(ctx context.Context, list domain.ListID, first, second applicant) error {
	type entry struct {
		SeniorityAt stamp `json:"seniority_at"`
		number
	}
	var before, behind entry
	for _, e := range []struct {
		of   applicant
		into *entry
	}{{first, &before}, {second, &behind}} {
		if err := t.get(ctx, citizen(e.of.id), entryPath(list, &e.of), e.into); err != nil {
			return err
		}
	}
	if !before.SeniorityAt.Before(behind.SeniorityAt.Time) {
		return fmt.Errorf(
			"%s is first with the seniority %s, which is later than %s",
			first.name,
			before.SeniorityAt,
			behind.SeniorityAt,
		)
	}
	if before.LastChange.Event != behind.LastChange.Event {
		return fmt.Errorf(
			"the number of %s was changed by %s, expected %s",
			second.name,
			behind.LastChange.Event,
			before.LastChange.Event,
		)
	}
	t.say(
		"%s is second since %s, the placement of %s, whose application was complete earlier.", second.name,
		behind.LastChange.Event, first.name,
	)
	return nil
}
