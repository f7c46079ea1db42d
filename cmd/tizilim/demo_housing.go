package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
)

// applicant of the story's list.
type applicant struct {
	person
	caseID    domain.CaseID
	entryID   domain.EntryID
	certified int
}

type decision struct {
	Placement *certificate        `json:"placement"`
	Refusal   *refusalCertificate `json:"refusal"`
	Events    []event             `json:"events"`
}

// certificate of a placement.
type certificate struct {
	CertificateID domain.CertificateID `json:"certificate_id"`
	EntryID       domain.EntryID       `json:"entry_id"`
	Number        int                  `json:"number"`
	RegisteredOn  domain.Date          `json:"registered_on"`
}

type refusalCertificate struct {
	CertificateID domain.CertificateID `json:"certificate_id"`
	Ground        string               `json:"ground"`
}

func (t *teller) openList(ctx context.Context, title string) (domain.ListID, error) {
	var answer struct {
		ListID domain.ListID `json:"list_id"`
	}
	err := t.post(ctx, as(domain.RoleCommission), "/v1/queues", map[string]any{
		"body": "ҚР Қорғаныс министрлігі", "settlement": "Астана", "title": title,
	}, &answer)
	return answer.ListID, err
}

func (t *teller) apply(ctx context.Context, list domain.ListID, p person, consent bool) (applicant, error) {
	var answer struct {
		CaseID domain.CaseID `json:"case_id"`
	}
	err := t.post(ctx, citizen(p.id), "/v1/housing-applications", map[string]any{
		"channel": "portal", "list_id": list, "applicant_id": p.id, "consent": consent,
		"signature": map[string]any{"method": "eds"},
	}, &answer)
	return applicant{person: p, caseID: answer.CaseID}, err
}

func (t *teller) place(ctx context.Context, a *applicant) (decision, error) {
	var answer decision
	err := t.post(ctx, as(domain.RoleCommission), decisionPath(a.caseID), map[string]any{"outcome": "place"}, &answer)
	if err == nil && answer.Placement == nil {
		err = fmt.Errorf("case %s has no placement certificate", a.caseID)
	}
	if err == nil {
		a.entryID, a.certified = answer.Placement.EntryID, answer.Placement.Number
	}
	return answer, err
}

func (t *teller) refuse(ctx context.Context, a applicant, ground, reasons string) (decision, error) {
	var answer decision
	if err := t.post(ctx, as(domain.RoleCommission), decisionPath(a.caseID), map[string]any{
		"outcome": "refuse", "ground": ground, "reasons": reasons,
		"exemption": map[string]any{"ground": "applicants_request", "reasons": "Өтініш беруші тыңдаудан бас тартты."},
	}, &answer); err != nil {
		return answer, err
	}
	if answer.Refusal == nil || answer.Refusal.Ground != ground {
		return answer, fmt.Errorf("case %s has no refusal on the ground %s", a.caseID, ground)
	}
	t.say("%s is refused: %s", a.name, ground)
	return answer, nil
}

func decisionPath(id domain.CaseID) string { return "/v1/cases/" + id.String() + "/decision" }

type number struct {
	Number     *int `json:"number"`
	Of         int  `json:"of"`
	LastChange struct {
		Kind  string `json:"kind"`
		Event string `json:"event"`
	} `json:"last_change"`
}

// numbers shows everybody's number, as each citizen reads it, and expects them.
// A wanted 0 is an entry that is not on the list.
func (t *teller) numbers(ctx context.Context, list domain.ListID, placed []*applicant, want ...int) error {
	var rows []table.Row
	for i, a := range placed {
		var n number
		if err := t.get(ctx, citizen(a.id), "/v1/queues/"+list.String()+"/entries/"+a.entryID.String(), &n); err != nil {
			return err
		}
		now, shown := 0, "—"
		if n.Number != nil {
			now, shown = *n.Number, fmt.Sprint(*n.Number)
		}
		rows = append(rows, table.Row{a.name, a.certified, shown, n.Of, n.LastChange.Kind})
		if now != want[i] {
			return fmt.Errorf("%s has number %d, told was %d", a.name, now, want[i])
		}
	}
	t.table(table.Row{"Person", "On the certificate", "Now", "Of", "Changed last by"}, rows)
	return nil
}

func (t *teller) change(ctx context.Context, list domain.ListID, a *applicant, step string, body map[string]any) ([]event, error) {
	var answer struct {
		Events []event `json:"events"`
	}
	err := t.post(ctx, as(domain.RoleCommission), "/v1/queues/"+list.String()+"/entries/"+a.entryID.String()+"/"+step, body, &answer)
	return answer.Events, err
}

// housing is the second act: the queue for service housing.
func (t *teller) housing(ctx context.Context) error {
	t.title("9. A list, and six applications")
	list, err := t.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Астана гарнизоны")
	if err != nil {
		return err
	}
	names := []string{"Асхат Нұрланов", "Бибігүл Сатыбалды", "Ғалым Төлегенов", "Динара Жүсіпова", "Елдос Қайратов", "Зарина Мұқанова"}
	var six []applicant
	for i, name := range names {
		p, err := t.record(ctx, name, fmt.Sprintf("19%d-03-1%d", 85+i, i), "citizen", true)
		if err != nil {
			return err
		}
		a, err := t.apply(ctx, list, p, i != 4) // the fifth does not consent
		if err != nil {
			return err
		}
		t.say("%s applied (case %s)", name, a.caseID)
		six = append(six, a)
	}

	t.title("10. Four are placed, decided out of order; two are refused")
	placed := []*applicant{&six[0], &six[1], &six[2], &six[3]}
	for _, i := range []int{2, 0, 3, 1} {
		d, err := t.place(ctx, placed[i])
		if err != nil {
			return err
		}
		t.say("%s is placed on %s, certificate number %d", placed[i].name, d.Placement.RegisteredOn, d.Placement.Number)
	}
	if _, err := t.refuse(ctx, six[4], "no_consent", "Өтініш беруші дербес деректерге қол жеткізуге келісім бермеді."); err != nil {
		return err
	}
	if _, err := t.refuse(ctx, six[5], "requirements_not_met", "Өтініш берушінің осы елді мекенде меншік тұрғын үйі бар."); err != nil {
		return err
	}
	for _, a := range []applicant{six[2], six[5]} {
		kind := "placement_certificate"
		if a.entryID.IsZero() {
			kind = "refusal_certificate"
		}
		if err := t.issued(ctx, citizen(a.id), a.caseID, "talon", kind); err != nil {
			return err
		}
	}
	t.say("The order is that of the applications, not of the decisions:")
	if err := t.numbers(ctx, list, placed, 1, 2, 3, 4); err != nil {
		return err
	}

	t.title("11. The second entry is removed: reviewed, its holder told before, who wants no hearing")
	for _, step := range []struct {
		name string
		body map[string]any
	}{
		{"review", map[string]any{"note": "Тұрғын үй сатып алған болуы мүмкін."}},
		{"hearing", map[string]any{"preliminary": "Есептен шығару: меншігінде тұрғын үй бар."}},
		{"hearing-end", map[string]any{"how": "waived", "protocol": "Тыңдау қажет емес."}},
		{"removal", map[string]any{"reason": "dwelling_acquired"}},
		{"notice", map[string]any{"grounds": "Меншігінде тұрғын үй бар.", "given_on": domain.DateOf(time.Now())}},
	} {
		if _, err := t.change(ctx, list, placed[1], step.name, step.body); err != nil {
			return err
		}
	}
	if err := t.numbers(ctx, list, placed, 1, 0, 2, 3); err != nil {
		return err
	}

	t.title("12. And reinstated after a complaint, with its original seniority")
	var complaint struct {
		ComplaintID string `json:"complaint_id"`
	}
	if err := t.post(ctx, citizen(placed[1].id), "/v1/queues/"+list.String()+"/entries/"+placed[1].entryID.String()+"/complaint", map[string]any{
		"grounds": "Тұрғын үй менікі емес, ағамдікі.",
	}, &complaint); err != nil {
		return err
	}
	if _, err := t.change(ctx, list, placed[1], "complaint-decision", map[string]any{"outcome": "satisfied_by_body", "reasons": "Тұрғын үй басқа адамдікі."}); err != nil {
		return err
	}
	if _, err := t.change(ctx, list, placed[1], "reinstatement", map[string]any{"ground": "complaint_satisfied", "complaint_id": complaint.ComplaintID}); err != nil {
		return err
	}
	if err := t.numbers(ctx, list, placed, 1, 2, 3, 4); err != nil {
		return err
	}

	if err := t.list(ctx, list, placed); err != nil {
		return err
	}

	t.title("17. The replay: %s, from the log", placed[1].name)
	return t.replay(ctx, "/v1/persons/"+placed[1].id.String()+"/history",
		"PersonRecorded", "HousingApplicationReceived", "ReviewBegan", "PlacementApproved", "EntryPlaced", "PlacementCertified",
		"ReviewOpened", "HearingAnnounced", "HearingClosed", "EntryRemoved", "RemovalNoticeGiven", "ComplaintFiled", "ComplaintDecided", "EntryReinstated",
		"ProvisionDecided", "LeaseBegan", "EntryProvided", "ProvisionCompleted")
}

// list tells how a list goes on: nobody gains on anybody unless it is recorded
// why, somebody is given a dwelling, and every change of a number can be told
// afterwards.
func (t *teller) list(ctx context.Context, list domain.ListID, placed []*applicant) error {
	t.title("13. A re-dating is for a ground that arose after the application, and no application of today has one")
	_, err := t.change(ctx, list, placed[2], "redating", map[string]any{"ground_arose_on": domain.DateOf(time.Now()), "reasons": "Негіз кейін пайда болды."})
	var refused *refusedError
	if !errors.As(err, &refused) || refused.Code != string(domain.CodeRedatingTooEarly) {
		return fmt.Errorf("a re-dating to the day of the application was answered with %v", err)
	}
	t.say("%s: %s", refused.Code, placed[2].name)

	t.title("14. A priority rule: none until it is set, and recorded for whom it is used")
	var rule struct {
		Events []event `json:"events"`
	}
	if err := t.post(ctx, as(domain.RoleCommission), "/v1/queues/"+list.String()+"/priority-rule", map[string]any{
		"categories": []string{"large_family"}, "basis": "Тұрғын үй қатынастары туралы заң, 74-бап",
	}, &rule); err != nil {
		return err
	}
	if _, err := t.change(ctx, list, placed[3], "priority", map[string]any{"category": "large_family"}); err != nil {
		return err
	}
	if err := t.numbers(ctx, list, placed, 2, 3, 4, 1); err != nil {
		return err
	}
	if _, err := t.change(ctx, list, placed[3], "priority", map[string]any{"end": true}); err != nil {
		return err
	}

	t.title("15. A dwelling, to the first who is eligible")
	flat, err := t.dwelling(ctx, "Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер", []map[string]any{}...) // the state's: no owner is recorded
	if err != nil {
		return err
	}
	var given struct {
		Skipped []struct {
			EntryID domain.EntryID `json:"entry_id"`
			Reason  string         `json:"reason"`
		} `json:"skipped"`
	}
	if err := t.post(ctx, as(domain.RoleCommission), "/v1/queues/"+list.String()+"/entries/"+placed[1].entryID.String()+"/provision", map[string]any{
		"dwelling_id": flat, "useful_area": 31, "rooms": 1, "minutes": "12", "declined": []domain.EntryID{placed[0].entryID},
		"need_check": map[string]any{"on": domain.DateOf(time.Now()), "source": "documents", "in_need": true},
	}, &given); err != nil {
		return err
	}
	if len(given.Skipped) != 1 || given.Skipped[0].EntryID != placed[0].entryID || given.Skipped[0].Reason != "declined" {
		return fmt.Errorf("skipped are %v, told was only %s, who declined", given.Skipped, placed[0].name)
	}
	t.say("%s declined it in writing and keeps number 1; %s is given it", placed[0].name, placed[1].name)
	if err := t.numbers(ctx, list, placed, 1, 0, 2, 3); err != nil {
		return err
	}

	t.title("16. The number of %s over time, from the log", placed[2].name)
	var told struct {
		Changes []struct {
			Number *int   `json:"number"`
			Of     int    `json:"of"`
			Kind   string `json:"kind"`
		} `json:"changes"`
	}
	if err := t.get(ctx, citizen(placed[2].id), "/v1/queues/"+list.String()+"/entries/"+placed[2].entryID.String()+"/numbers", &told); err != nil {
		return err
	}
	var rows []table.Row
	var kinds []string
	for _, c := range told.Changes {
		if c.Number == nil {
			return fmt.Errorf("%s has left the list, which was not told", placed[2].name)
		}
		rows = append(rows, table.Row{*c.Number, c.Of, c.Kind})
		kinds = append(kinds, c.Kind)
	}
	want := "placed placed placed removed reinstated prioritised priority_ended provided"
	if got := strings.Join(kinds, " "); got != want {
		return fmt.Errorf("the number of %s was changed by %s, told was %s", placed[2].name, got, want)
	}
	t.table(table.Row{"Number", "Of", "By"}, rows)
	return nil
}
