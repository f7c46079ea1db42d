package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// familyAct is the fifth act: twenty years of one family. All of it is recorded in one
// minute, each fact with the day on which it happened.
type familyAct struct {
	*storyteller
	today domain.Date

	rakhiya, asel, nurlan, erlan person // the grandmother, her daughter with her husband, and his brother
	dana, alikhan                person // the children
	house, flat, half, other     domain.DwellingID
	list                         domain.ListID
	entry                        applicant

	departed, corrected event // what an auditor compares
}

func (t *storyteller) family(ctx context.Context) error {
	a := &familyAct{storyteller: t, today: domain.DateOf(time.Now())}
	return inOrder(ctx, a.wedding, a.purchase, a.naturalisation, a.guardian, a.comingOfAge, a.abroad, a.houseAndStreet,
		a.placeOnAList, a.divorce, a.death, a.timeline)
}

// ago is the day so many years ago.
func (a *familyAct) ago(years int) domain.Date { return a.today.AddMonths(-12 * years) }

// years prints a day of the story, which differs from run to run, as a number of years.
func years(n int) string {
	switch n {
	case 0:
		return "today"
	case 1:
		return "a year ago"
	}
	return fmt.Sprintf("%d years ago", n)
}

// desk posts what a desk records of a person, on a paper of the kind.
func (a *familyAct) desk(ctx context.Context, p person, what, kind string, body map[string]any) (events []event, err error) {
	var answer struct {
		Events []event `json:"events"`
	}
	body["basis"] = signedPaper(kind)
	err = a.post(ctx, as(domain.RoleOperator), "/v1/persons/"+p.id.String()+"/"+what, body, &answer)
	return answer.Events, err
}

// refusedWith expects the refusal.
func (a *familyAct) refusedWith(err error, code domain.Code, what string) error {
	var refused *refusedError
	if !errors.As(err, &refused) || refused.Code != string(code) {
		return fmt.Errorf("%s was answered with %v, expected %s", what, err, code)
	}
	a.say("%s: %s", what, refused.Code)
	return nil
}

func (a *familyAct) wedding(ctx context.Context) (err error) {
	a.title("25. Twenty years of a family: a wedding, and two children")
	for _, p := range []struct {
		into        *person
		name, class string
		birth       domain.Date
	}{
		{&a.rakhiya, "Рахия Омарова", "permanent_foreigner", a.ago(71)},
		{&a.asel, "Әсел Омарова", "citizen", a.ago(41)},
		{&a.nurlan, "Нұрлан Қасымов", "citizen", a.ago(43)},
		{&a.erlan, "Ерлан Қасымов", "citizen", a.ago(38)},
		{&a.dana, "Дана Қасымова", "citizen", a.ago(17)}, // the desk mistakes the year
		{&a.alikhan, "Әлихан Қасымов", "citizen", a.ago(9)},
	} {
		if *p.into, err = a.record(ctx, p.name, p.birth.String(), p.class, p.class == "citizen"); err != nil {
			return err
		}
	}
	if a.house, err = a.dwelling(ctx, "Астана, Қиял көшесі, 7-үй", owns(a.rakhiya, "1/1")); err != nil {
		return err
	}
	a.asel.name = "Әсел Қасымова"
	a.names[a.asel.id.String()] = a.asel.name
	if _, err := a.desk(ctx, a.asel, "data", "other", map[string]any{
		"kind": "change", "name": a.asel.name, "effective_from": a.ago(20),
	}); err != nil {
		return err
	}
	a.say("%s: Әсел Омарова becomes %s by her marriage to %s", years(20), a.asel.name, a.nurlan.name)
	for _, child := range []person{a.dana, a.alikhan} {
		for _, parent := range []person{a.asel, a.nurlan} {
			if _, err := a.desk(ctx, child, "representatives", "birth_certificate", map[string]any{
				"representative_id": parent.id, "kind": "parent",
			}); err != nil {
				return err
			}
		}
	}
	for _, p := range []struct {
		person
		from domain.Date
	}{{a.rakhiya, a.ago(24)}, {a.asel, a.ago(20)}, {a.nurlan, a.ago(20).AddDays(1)}, {a.dana, a.ago(17)}} {
		if _, err := a.register(ctx, p.person, a.house, p.from, domain.Date{}); err != nil {
			return err
		}
	}
	return a.residents(ctx, a.house, a.rakhiya, a.asel, a.nurlan, a.dana)
}

func (a *familyAct) purchase(ctx context.Context) (err error) {
	a.title("26. A flat that they bought twelve years ago is recorded, with its owners of that day")
	if a.flat, err = a.dwellingFrom(ctx, "Қостанай, Гагарин көшесі, 15-үй, 4-пәтер", map[string]any{
		"owners_since": a.ago(12),
	}, owns(a.nurlan, "1/2"), owns(a.asel, "1/2")); err != nil {
		return err
	}
	for i, p := range []person{a.nurlan, a.asel, a.dana} {
		moved, err := a.register(ctx, p, a.flat, a.ago(12).AddDays(i), domain.Date{})
		if err != nil {
			return err
		}
		if len(moved.Ended) != 1 {
			return fmt.Errorf("the move of %s ended %d registrations, expected one", p.name, len(moved.Ended))
		}
	}
	if _, err := a.register(ctx, a.alikhan, a.flat, a.ago(9), domain.Date{}); err != nil {
		return err
	}
	a.say("The family moved there, and %s was born there %s", a.alikhan.name, years(9))
	return a.residents(ctx, a.flat, a.nurlan, a.asel, a.dana, a.alikhan)
}

func (a *familyAct) naturalisation(ctx context.Context) error {
	a.title("27. An IIN that came later, and a change of class")
	citizenship := map[string]any{"kind": "change", "class": "citizen", "effective_from": a.ago(8)}
	_, err := a.desk(ctx, a.rakhiya, "data", "identity_card", citizenship)
	if err := a.refusedWith(err, domain.CodeIINRequired, a.rakhiya.name+" becomes a citizen without an IIN"); err != nil {
		return err
	}
	for {
		iin := madeUpIIN()
		_, err := a.desk(ctx, a.rakhiya, "iin", "identity_card", map[string]any{"iin": iin})
		var refused *refusedError
		if errors.As(err, &refused) && refused.Code == string(domain.CodeIINTaken) { // by an earlier run
			continue
		}
		if err != nil {
			return err
		}
		a.iins.Store(a.rakhiya.id, domain.IIN(iin))
		break
	}
	if _, err := a.desk(ctx, a.rakhiya, "data", "identity_card", citizenship); err != nil {
		return err
	}
	a.say("With an IIN she is a citizen, since %s", years(8))
	return nil
}

func (a *familyAct) guardian(ctx context.Context) error {
	a.title("28. A guardian speaks for an adult")
	room, err := a.dwelling(ctx, "Астана, Арай көшесі, 3-үй, 1-пәтер", owns(a.erlan, "1/1"))
	if err != nil {
		return err
	}
	if _, err := a.desk(ctx, a.erlan, "representatives", "guardianship_decision", map[string]any{
		"representative_id": a.nurlan.id, "kind": "guardian",
	}); err != nil {
		return err
	}
	lodger, err := a.record(ctx, "Ержан Сәрсенов", "1999-09-09", "citizen", true)
	if err != nil {
		return err
	}
	_, err = a.register(ctx, lodger, room, a.today, a.today.AddMonths(6))
	if err := a.refusedWith(err, domain.CodeRepresentative, a.erlan.name+" consents to a lodger alone"); err != nil {
		return err
	}
	a.consents[room][0]["represented_by"] = a.nurlan.id
	if _, err := a.register(ctx, lodger, room, a.today, a.today.AddMonths(6)); err != nil {
		return err
	}
	a.say("His guardian %s consents in his place", a.nurlan.name)
	return a.residents(ctx, room, lodger)
}

func (a *familyAct) comingOfAge(ctx context.Context) error {
	a.title("29. A child comes of age")
	path := "/v1/persons/" + a.dana.id.String() + "/residence"
	if err := a.get(ctx, citizen(a.nurlan.id), path, &struct{}{}); err != nil {
		return err
	}
	a.say("%s is recorded as 17 years old. Her father reads where she is registered", a.dana.name)
	if _, err := a.desk(ctx, a.dana, "data", "birth_certificate", map[string]any{
		"kind": "correction", "birth_date": a.ago(18),
	}); err != nil {
		return err
	}
	a.say("Her birth certificate shows the year before: she is 18 today")
	err := a.get(ctx, citizen(a.nurlan.id), path, &struct{}{})
	if err := a.refusedWith(err, domain.CodeNotFound, "Her father asks again"); err != nil {
		return err
	}
	return a.get(ctx, citizen(a.dana.id), path, &struct{}{})
}

func (a *familyAct) abroad(ctx context.Context) error {
	a.title("30. A stay abroad, whose day is corrected, and a return")
	if err := a.deregister(ctx, as(domain.RoleOperator), map[string]any{
		"channel": "state_corporation", "ground": "departure_abroad", "dwelling_id": a.flat, "applicant_id": a.nurlan.id,
		"documents": []map[string]any{
			{"type": "exit_permission", "number": "71-0077", "person_id": a.nurlan.id},
			{"type": "identity_card", "number": "040000077", "person_id": a.nurlan.id, "surrendered": true},
		},
		"signature": map[string]any{"method": "handwritten"},
	}, a.nurlan); err != nil {
		return err
	}
	events, err := a.history(ctx, "/v1/persons/"+a.nurlan.id.String()+"/history")
	if err != nil {
		return err
	}
	a.departed = events[slices.IndexFunc(events, func(e event) bool {
		return e.Type == "RegistrationEnded" && strings.Contains(string(e.Data), "departure_abroad")
	})]
	var answer registration
	if err := a.post(ctx, as(domain.RoleProvider), "/v1/persons/"+a.nurlan.id.String()+"/corrections", map[string]any{
		"ground": "clerical_error", "reasons": "Ол екі жыл бұрын кеткен.",
		"accept": []domain.Code{domain.CodeCaseContradicted, domain.CodeLeavesHole},
		"changes": []map[string]any{{
			"event":  domain.EventRef{Stream: a.departed.Stream, Revision: a.departed.Revision},
			"action": "correct", "ended_on": a.ago(2),
		}},
	}, &answer); err != nil {
		return err
	}
	a.corrected = answer.Events[0]
	a.say("%s left %s: the correction names the event that it corrects, and both stay", a.nurlan.name, years(2))
	if _, err := a.register(ctx, a.nurlan, a.flat, a.ago(1), domain.Date{}); err != nil {
		return err
	}
	a.say("He came back %s", years(1))
	return nil
}

func (a *familyAct) houseAndStreet(ctx context.Context) (err error) {
	a.title("31. The street gets another name, and the house of the grandmother is split: nobody moves")
	var renamed struct {
		Dwellings int `json:"dwellings"`
	}
	if err := a.post(ctx, as(domain.RoleProvider), "/v1/street-renamings", map[string]any{
		"kato": "711310000", "from": "Қиял көшесі", "to": "Арман көшесі", "effective_on": a.ago(5), "basis": signedPaper("other"),
	}, &renamed); err != nil {
		return err
	}
	for i, into := range []*domain.DwellingID{&a.half, &a.other} {
		if *into, err = a.dwellingFrom(ctx, fmt.Sprintf("Астана, Арман көшесі, 7/%d-үй", i+1), map[string]any{
			"owners_since": a.ago(3), "made_from": []domain.DwellingID{a.house},
		}, owns(a.rakhiya, "1/1")); err != nil {
			return err
		}
	}
	if err := a.post(ctx, as(domain.RoleProvider), "/v1/dwellings/"+a.house.String()+"/end", map[string]any{
		"how": "split", "into": []domain.DwellingID{a.half, a.other}, "effective_on": a.ago(3), "basis": signedPaper("other"),
		"residents": []map[string]any{{"person_id": a.rakhiya.id, "dwelling_id": a.half}},
	}, &struct{}{}); err != nil {
		return err
	}
	if err := a.await(ctx, "her registration goes on", func() (bool, error) {
		at, err := a.home(ctx, a.rakhiya, "")
		return at == a.half, err
	}); err != nil {
		return err
	}
	return a.residents(ctx, a.half, a.rakhiya)
}

func (a *familyAct) placeOnAList(ctx context.Context) (err error) {
	a.title("32. A place on a list, and its number over time")
	if a.list, err = a.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, отбасы тарихы"); err != nil {
		return err
	}
	var ahead []*applicant
	for i, name := range []string{"Бақыт Сейітов", "Гүлнар Әлімова"} {
		p, err := a.record(ctx, name, fmt.Sprintf("198%d-04-04", i), "citizen", true)
		if err != nil {
			return err
		}
		one, err := a.apply(ctx, a.list, p, true)
		if err != nil {
			return err
		}
		ahead = append(ahead, &one)
	}
	if a.entry, err = a.applyWith(ctx, a.list, a.nurlan, map[string]any{"consent": true, "family": []map[string]any{
		{"person_id": a.asel.id, "relation": "spouse"}, {"person_id": a.alikhan.id, "relation": "child"},
	}}); err != nil {
		return err
	}
	if err := a.post(ctx, citizen(a.asel.id), "/v1/cases/"+a.entry.caseID.String()+"/member-consent", map[string]any{
		"given": true,
	}, &struct{}{}); err != nil {
		return err
	}
	a.say("%s applies with his family, and %s consents for herself", a.nurlan.name, a.asel.name)
	for _, one := range append(ahead, &a.entry) {
		if _, err := a.place(ctx, one); err != nil {
			return err
		}
	}
	for i, step := range []struct {
		principal token.Principal
		who       *applicant
	}{{citizen(ahead[0].id), ahead[0]}, {citizen(ahead[1].id), ahead[1]}} {
		if err := a.post(ctx, step.principal, entryPath(a.list, step.who)+"/leaving", map[string]any{}, &struct{}{}); err != nil {
			return err
		}
		a.say("%s leaves the list by %s own wish", step.who.name, []string{"his", "her"}[i])
	}
	var over struct {
		Changes []struct {
			Number int    `json:"number"`
			Of     int    `json:"of"`
			Kind   string `json:"kind"`
		} `json:"changes"`
	}
	if err := a.get(ctx, citizen(a.nurlan.id), entryPath(a.list, &a.entry)+"/numbers", &over); err != nil {
		return err
	}
	var rows []table.Row
	var numbers []int
	for _, c := range over.Changes {
		rows = append(rows, table.Row{c.Number, c.Of, c.Kind})
		numbers = append(numbers, c.Number)
	}
	a.table(table.Row{"His number", "Of", "Because of"}, rows)
	if !slices.Equal(numbers, []int{3, 2, 1}) {
		return fmt.Errorf("his numbers were %v, expected 3, 2 and 1", numbers)
	}
	return nil
}

func (a *familyAct) divorce(ctx context.Context) error {
	a.title("33. After a divorce the place goes to the other spouse")
	var passed struct {
		CertificateID domain.CertificateID `json:"certificate_id"`
	}
	if err := a.post(ctx, as(domain.RoleCommission), entryPath(a.list, &a.entry)+"/transfer", map[string]any{
		"person_id": a.asel.id, "cause": "divorce", "on": a.today.AddDays(-20),
		"family": []map[string]any{{"person_id": a.alikhan.id, "relation": "child"}},
		"basis":  signedPaper("divorce_certificate"), "agreement": signedPaper("written_consent"),
		"need_check": map[string]any{"in_need": true, "on": a.today, "source": "documents"},
		"accept":     []string{"dwelling_not_stated"}, "accept_reasons": "the dwelling is in another settlement",
	}, &passed); err != nil {
		return err
	}
	var document paper
	if err := a.get(ctx, citizen(a.asel.id), "/v1/certificates/"+passed.CertificateID.String(), &document); err != nil {
		return err
	}
	a.say("%s has a document of her own: %s", a.asel.name, document.Title)
	a.entry.person, a.entry.certified = a.asel, 1
	return a.numbers(ctx, a.list, []*applicant{&a.entry}, 1)
}

func (a *familyAct) death(ctx context.Context) error {
	a.title("34. A death, what it leaves to do, and who does it")
	if _, err := a.desk(ctx, a.rakhiya, "death", "other", map[string]any{"died_on": a.today.AddDays(-9)}); err != nil {
		return err
	}
	path := "/v1/dwellings/" + a.half.String()
	awaited := func() (duties []string, err error) {
		var now struct {
			Residents []struct{} `json:"residents"`
			Awaited   []struct {
				Duty string `json:"duty"`
			} `json:"awaited"`
		}
		err = a.get(ctx, as(domain.RoleOperator), path+"/residents", &now)
		for _, d := range now.Awaited {
			duties = append(duties, d.Duty)
		}
		if len(now.Residents) > 0 {
			duties = append(duties, "residents")
		}
		return duties, err
	}
	if err := a.await(ctx, "new owners are awaited", func() (bool, error) {
		duties, err := awaited()
		return slices.Equal(duties, []string{"new_owners"}), err
	}); err != nil {
		return err
	}
	a.say("%s has died: her registration has ended, and new owners are awaited at %s", a.rakhiya.name, a.names[a.half.String()])
	err := a.get(ctx, citizen(a.rakhiya.id), "/v1/me", &struct{}{})
	if err := a.refusedWith(err, domain.CodePersonDead, "Her token is used"); err != nil {
		return err
	}
	var waiting struct {
		Pending struct {
			ProposalID string `json:"proposal_id"`
		} `json:"pending"`
	}
	if err := a.post(ctx, as(domain.RoleOperator), path+"/owners", map[string]any{
		"owners": []map[string]any{owns(a.asel, "1/1")}, "basis": signedPaper("title_document"),
	}, &waiting); err != nil {
		return err
	}
	second := token.Principal{Role: domain.RoleOperator, Account: "demo-operator-2"}
	if err := a.post(ctx, second, path+"/owners/confirmation", map[string]any{
		"outcome": "confirm", "proposal_id": waiting.Pending.ProposalID,
	}, &struct{}{}); err != nil {
		return err
	}
	duties, err := awaited()
	if err == nil && len(duties) > 0 {
		err = fmt.Errorf("with a new owner %v are still awaited", duties)
	}
	a.say("%s inherits. A second official confirms it, and nothing is awaited any more", a.asel.name)
	return err
}

// timeline prints where each of them lived, for several pairs of a day and an instant of
// knowledge. A letter stands for an address, and the letters are explained below the table.
func (a *familyAct) timeline(ctx context.Context) error {
	a.title("35. Where they lived, as an auditor sees it: what was true on a day, by what the registry knew at an instant")
	before, after, now := a.departed.CreatedAt, a.corrected.CreatedAt, time.Time{}
	const house, renamed, flat, half = "Қиял көшесі, 7-үй", "Арман көшесі, 7-үй", "Қостанай", "Арман көшесі, 7/1-үй"
	family := []person{a.rakhiya, a.asel, a.nurlan, a.dana, a.alikhan}
	header := table.Row{"On the day", "By what was known"}
	for _, p := range family {
		first, _, _ := strings.Cut(p.name, " ")
		header = append(header, first)
	}
	var rows []table.Row
	var addresses []string // in the order of their letters
	for _, view := range []struct {
		day     int // years ago
		known   time.Time
		says    string
		expects []string // part of the address of each; empty for nowhere
	}{
		{18, now, "now", []string{house, house, house, "", ""}},
		{10, now, "now", []string{house, flat, flat, flat, ""}},
		{4, before, "before the street was renamed", []string{house, flat, flat, flat, flat}},
		{4, now, "now", []string{renamed, flat, flat, flat, flat}},
		{2, before, "before his departure was corrected", []string{house, flat, flat, flat, flat}},
		{2, after, "just after that", []string{house, flat, "", flat, flat}},
		{2, now, "now", []string{half, flat, "", flat, flat}},
		{0, now, "now", []string{"", flat, flat, flat, flat}},
	} {
		query := "?as_of=" + a.ago(view.day).String()
		if !view.known.IsZero() {
			query += "&known_at=" + view.known.UTC().Format(time.RFC3339Nano)
		}
		row := table.Row{years(view.day), view.says}
		for i, p := range family {
			lived, err := a.address(ctx, p, query)
			if err != nil {
				return err
			}
			if !strings.Contains(lived, view.expects[i]) || (lived == "") != (view.expects[i] == "") {
				return fmt.Errorf("%s, by what was known %s: %s lived at %q, expected %q",
					years(view.day), view.says, p.name, lived, view.expects[i])
			}
			row = append(row, letterOf(lived, &addresses))
		}
		rows = append(rows, row)
	}
	a.table(header, rows)
	for _, address := range addresses {
		a.say("%s  %s", letterOf(address, &addresses), address)
	}
	return nil
}

// letterOf is the letter of the address, which is added to the list if it is new.
func letterOf(address string, list *[]string) string {
	if address == "" {
		return "—"
	}
	if !slices.Contains(*list, address) {
		*list = append(*list, address)
	}
	return string(rune('A' + slices.Index(*list, address)))
}

// home is where the person resides permanently by what the query asks; zero for nowhere.
func (a *familyAct) home(ctx context.Context, p person, query string) (domain.DwellingID, error) {
	var answer struct {
		Registrations []struct {
			DwellingID domain.DwellingID `json:"dwelling_id"`
		} `json:"registrations"`
	}
	err := a.get(ctx, as(domain.RoleAuditor), "/v1/persons/"+p.id.String()+"/residence"+query, &answer)
	if err != nil || len(answer.Registrations) == 0 {
		return domain.DwellingID{}, err
	}
	return answer.Registrations[0].DwellingID, nil
}

// address is that of the person's home by what the query asks; empty for nowhere.
func (a *familyAct) address(ctx context.Context, p person, query string) (string, error) {
	home, err := a.home(ctx, p, query)
	if err != nil || home.IsZero() {
		return "", err
	}
	var answer struct {
		Address string `json:"address"`
	}
	err = a.get(ctx, as(domain.RoleAuditor), "/v1/dwellings/"+home.String()+"/residents"+query, &answer)
	return answer.Address, err
}
