package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// housingAct is the second act: a list of those in need of service housing.
type housingAct struct {
	*storyteller
	list   domain.ListID
	six    []applicant
	placed []*applicant // the first four of them
}

func (t *storyteller) housing(ctx context.Context) error {
	a := &housingAct{storyteller: t}
	return inOrder(ctx, a.applications, a.otherCommission, a.decisions, a.removal, a.reinstatement,
		a.redating, a.priority, a.provision, a.changesOfNumber, a.historyOfSecond)
}

func (a *housingAct) applications(ctx context.Context) (err error) {
	a.title("9. A list, and six applications")
	if a.list, err = a.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Астана гарнизоны"); err != nil {
		return err
	}
	for i, name := range []string{
		"Асхат Нұрланов", "Бибігүл Сатыбалды", "Ғалым Төлегенов", "Динара Жүсіпова", "Елдос Қайратов", "Зарина Мұқанова",
	} {
		p, err := a.record(ctx, name, fmt.Sprintf("19%d-03-1%d", 85+i, i), "citizen", true)
		if err != nil {
			return err
		}
		applied, err := a.apply(ctx, a.list, p, i != 4) // the fifth does not consent
		if err != nil {
			return err
		}
		a.say("%s applied (case %s)", name, applied.caseID)
		a.six = append(a.six, applied)
	}
	a.placed = []*applicant{&a.six[0], &a.six[1], &a.six[2], &a.six[3]}
	return nil
}

// otherCommission records another commission with an official and an account, which the
// registry then refuses on the list.
func (a *housingAct) otherCommission(ctx context.Context) error {
	administrator := as(domain.RoleAdministrator)
	var recorded struct {
		BodyID domain.BodyID `json:"body_id"`
	}
	if err := a.post(ctx, administrator, "/v1/bodies", map[string]any{
		"kind": "commission", "territory": []string{"750000000"},
		"names": map[string]string{
			"kk": "Алматы қаласының тұрғын үй комиссиясы", "ru": "Жилищная комиссия города Алматы",
			"en": "Housing commission of Almaty",
		},
	}, &recorded); err != nil {
		return err
	}
	path, account := "/v1/bodies/"+recorded.BodyID.String(), "demo-almaty-"+recorded.BodyID.String()[:8]
	var ignored struct{}
	official := map[string]any{"person_id": uuid.New(), "office": "head", "basis": "№ 12 бұйрық"}
	if err := a.post(ctx, administrator, path+"/officials", official, &ignored); err != nil {
		return err
	}
	err := a.post(ctx, administrator, path+"/accounts", map[string]any{
		"person_id": official["person_id"], "account": account,
	}, &ignored)
	if err != nil {
		return err
	}
	other := token.Principal{Role: domain.RoleCommission, Account: account, BodyID: recorded.BodyID}
	err = a.get(ctx, other, "/v1/queues/"+a.list.String()+"/entries", &ignored)
	var refused *refusedError
	if !errors.As(err, &refused) || refused.Code != string(domain.CodeNotYourBody) {
		return fmt.Errorf("another commission reads the list: %v, want %s", err, domain.CodeNotYourBody)
	}
	a.say("Another commission asks for this list: %s", refused.Code)
	return nil
}

func (a *housingAct) decisions(ctx context.Context) error {
	a.title("10. Four are placed, in another order than they applied; two are refused")
	for _, i := range []int{2, 0, 3, 1} {
		d, err := a.place(ctx, a.placed[i])
		if err != nil {
			return err
		}
		a.say(
			"%s is placed on %s, certificate number %d",
			a.placed[i].name,
			d.Placement.RegisteredOn,
			d.Placement.Number,
		)
	}
	if err := a.notified(ctx, a.placed[1].person, a.placed[1].caseID); err != nil {
		return err
	}
	if _, err := a.refuse(ctx, a.six[4], "no_consent",
		"Өтініш беруші дербес деректерге қол жеткізуге келісім бермеді."); err != nil {
		return err
	}
	if _, err := a.refuse(ctx, a.six[5], "requirements_not_met",
		"Өтініш берушінің осы елді мекенде меншік тұрғын үйі бар.", ownsDwelling(a.six[5].person)); err != nil {
		return err
	}
	for _, one := range []applicant{a.six[2], a.six[5]} {
		kind := "placement_certificate"
		if one.entryID.IsZero() {
			kind = "refusal_certificate"
		}
		if err := a.issued(ctx, citizen(one.id), one.caseID, "talon", kind); err != nil {
			return err
		}
	}
	a.say("The list has the order of the applications, not of the decisions:")
	return a.numbers(ctx, a.list, a.placed, 1, 2, 3, 4)
}

func (a *housingAct) removal(ctx context.Context) error {
	a.title("11. The second entry is removed: after a review, and a hearing that its holder waives")
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
		if _, err := a.change(ctx, a.list, a.placed[1], step.name, step.body); err != nil {
			return err
		}
	}
	return a.numbers(ctx, a.list, a.placed, 1, 0, 2, 3)
}

func (a *housingAct) reinstatement(ctx context.Context) error {
	a.title("12. After a complaint it is reinstated with its original seniority")
	second := a.placed[1]
	var complaint struct {
		ComplaintID string `json:"complaint_id"`
	}
	if err := a.post(ctx, citizen(second.id), entryPath(a.list, second)+"/complaint", map[string]any{
		"grounds": "Тұрғын үй менікі емес, ағамдікі.",
	}, &complaint); err != nil {
		return err
	}
	if _, err := a.change(ctx, a.list, second, "complaint-decision", map[string]any{
		"outcome": "satisfied_by_body", "reasons": "Тұрғын үй басқа адамдікі.",
	}); err != nil {
		return err
	}
	if _, err := a.change(ctx, a.list, second, "reinstatement", map[string]any{
		"ground": "complaint_satisfied", "complaint_id": complaint.ComplaintID,
	}); err != nil {
		return err
	}
	return a.numbers(ctx, a.list, a.placed, 1, 2, 3, 4)
}

func (a *housingAct) redating(ctx context.Context) error {
	a.title("13. A re-dating to the day of the application is refused: its ground must have arisen later")
	_, err := a.change(ctx, a.list, a.placed[2], "redating", map[string]any{
		"ground_arose_on": domain.DateOf(time.Now()), "reasons": "Негіз кейін пайда болды.",
	})
	var refused *refusedError
	if !errors.As(err, &refused) || refused.Code != string(domain.CodeRedatingTooEarly) {
		return fmt.Errorf("a re-dating to the day of the application was answered with %v", err)
	}
	a.say("%s: %s", refused.Code, a.placed[2].name)
	return nil
}

func (a *housingAct) priority(ctx context.Context) error {
	a.title("14. A priority rule is set, and used for one entry")
	var rule struct {
		Events []event `json:"events"`
	}
	if err := a.post(ctx, as(domain.RoleCommission), "/v1/queues/"+a.list.String()+"/priority-rule", map[string]any{
		"categories": []string{"large_family"}, "basis": "Тұрғын үй қатынастары туралы заң, 74-бап",
	}, &rule); err != nil {
		return err
	}
	if _, err := a.change(ctx, a.list, a.placed[3], "priority", map[string]any{"category": "large_family"}); err != nil {
		return err
	}
	if err := a.numbers(ctx, a.list, a.placed, 2, 3, 4, 1); err != nil {
		return err
	}
	_, err := a.change(ctx, a.list, a.placed[3], "priority", map[string]any{"end": true})
	return err
}

func (a *housingAct) provision(ctx context.Context) error {
	a.title("15. A dwelling is provided to the first eligible entry")
	first, second := a.placed[0], a.placed[1]
	flat, err := a.dwelling(ctx, "Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер", map[string]any{
		"kind": "state", "bin": "160440007161", "name": "ҚР Қорғаныс министрлігі",
	})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		role domain.Role
		path string
		body map[string]any
	}{
		{domain.RoleCommission, "/v1/dwellings/" + flat.String() + "/stock", map[string]any{"basis": signedPaper("other")}},
		{domain.RoleOperator, "/v1/dwellings/" + flat.String() + "/description", map[string]any{
			"place": "apartment", "useful_area": 31, "rooms": 1,
		}},
		{domain.RoleCommission, entryPath(a.list, first) + "/offer", map[string]any{
			"dwelling_id": flat, "answer_by": domain.DateOf(time.Now()).AddDays(7),
		}},
	} {
		var done struct{}
		if err := a.post(ctx, as(step.role), step.path, step.body, &done); err != nil {
			return err
		}
	}
	a.say("the commission has it in its stock, and offers it to %s, who stands first", first.name)
	var declined struct {
		Events []event `json:"events"`
	}
	if err := a.post(ctx, citizen(first.id), entryPath(a.list, first)+"/decline", map[string]any{
		"dwelling_id": flat,
	}, &declined); err != nil {
		return err
	}
	var given struct {
		Skipped []struct {
			EntryID domain.EntryID `json:"entry_id"`
			Reason  string         `json:"reason"`
		} `json:"skipped"`
	}
	if err := a.post(ctx, as(domain.RoleCommission), entryPath(a.list, second)+"/provision", map[string]any{
		"dwelling_id": flat, "useful_area": 31, "rooms": 1, "minutes": map[string]any{"number": "12"}, "declined": []domain.EntryID{first.entryID},
		"need_check": map[string]any{"on": domain.DateOf(time.Now()), "source": "documents", "in_need": true},
	}, &given); err != nil {
		return err
	}
	if s := given.Skipped; len(s) != 1 || s[0].EntryID != first.entryID || s[0].Reason != "declined" {
		return fmt.Errorf("skipped are %v, expected only %s, who declined", s, first.name)
	}
	a.say("%s declined it and keeps number 1; %s gets it", first.name, second.name)
	return a.numbers(ctx, a.list, a.placed, 1, 0, 2, 3)
}

// changesOfNumber shows that the log has the cause of every change of a number.
func (a *housingAct) changesOfNumber(ctx context.Context) error {
	third := a.placed[2]
	a.title("16. The number of %s over time, from the log", third.name)
	var over struct {
		Changes []struct {
			Number *int   `json:"number"`
			Of     int    `json:"of"`
			Kind   string `json:"kind"`
		} `json:"changes"`
	}
	if err := a.get(ctx, citizen(third.id), entryPath(a.list, third)+"/numbers", &over); err != nil {
		return err
	}
	var rows []table.Row
	var kinds []string
	for _, c := range over.Changes {
		if c.Number == nil {
			return fmt.Errorf("%s has left the list, which was not expected", third.name)
		}
		rows = append(rows, table.Row{*c.Number, c.Of, c.Kind})
		kinds = append(kinds, c.Kind)
	}
	want := "placed placed placed removed reinstated prioritised priority_ended provided"
	if got := strings.Join(kinds, " "); got != want {
		return fmt.Errorf("the number of %s was changed by %s, expected %s", third.name, got, want)
	}
	a.table(table.Row{"Number", "Of", "By"}, rows)
	return nil
}

func (a *housingAct) historyOfSecond(ctx context.Context) error {
	a.title("17. The history of %s, from the log", a.placed[1].name)
	return a.showHistory(ctx, "/v1/persons/"+a.placed[1].id.String()+"/history",
		"PersonRecorded", "HousingApplicationReceived", "ReviewBegan", "NeedExamined",
		"PlacementApproved", "EntryPlaced", "PlacementCertified", "DecisionNotified",
		"ReviewOpened", "HearingAnnounced", "HearingClosed", "EntryRemoved", "RemovalNoticeGiven",
		"ComplaintFiled", "ComplaintDecided", "EntryReinstated",
		"ProvisionDecided", "LeaseBegan", "EntryProvided", "ProvisionCompleted")
}
