package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// answerWithin is how long the story waits for an answer to one request.
const answerWithin = 10 * time.Second

type demoCommand struct {
	URL    string        `name:"url" help:"Address of the running server." default:"http://127.0.0.1:8080"`
	Data   string        `help:"Data directory of the server, for its keys." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Loop   bool          `help:"Instead of the story, issue commands without end, ride out restarts of the server, and check at the end that nothing acknowledged was lost."`
	For    time.Duration `help:"With --loop: how long; without it until interrupted."`
	Rounds int           `help:"With --loop: how many rounds at most." placeholder:"N"`

	Clients int `help:"With --loop: how many clients issue commands at once." default:"2"`
}

func (c *demoCommand) Run(ctx context.Context) error {
	if c.Loop {
		if c.Clients < 1 {
			return errors.New("--clients must be at least 1")
		}
		return c.loop(ctx, os.Stdout)
	}
	api, err := newClient(c.URL, c.Data, answerWithin)
	if err != nil {
		return err
	}
	t := newTeller(api, os.Stdout)
	return t.tell(ctx)
}

// teller tells the story: it issues the commands, shows what came of them, and
// stops at the first answer that is not as told.
type teller struct {
	*client
	out   io.Writer
	names map[string]string // of ids, for the tables

	consents map[domain.DwellingID][]map[string]any // of the owners of each dwelling
	lastCase domain.CaseID                          // that was deregistered by

	applicant person // of the long way
}

func newTeller(api *client, out io.Writer) *teller {
	return &teller{client: api, out: out, names: map[string]string{}, consents: map[domain.DwellingID][]map[string]any{}}
}

// person of the story.
type person struct {
	id   domain.PersonID
	name string
}

func (t *teller) tell(ctx context.Context) error {
	for _, act := range []func(context.Context) error{t.residence, t.housing, t.longWay, t.citizens} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintln(t.out, "\nEvery step answered as told.")
	return nil
}

func (t *teller) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(t.out, "\n%s\n%s\n", text, strings.Repeat("─", len([]rune(text))))
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.out, "  "+format+"\n", args...) }

func (t *teller) table(header table.Row, rows []table.Row) {
	w := table.NewWriter()
	w.SetOutputMirror(t.out)
	w.SetStyle(table.StyleLight)
	w.AppendHeader(header)
	w.AppendRows(rows)
	w.Render()
}

// record records a person with a made-up IIN: month 99 exists in no calendar.
// Such IINs are few, so one that an earlier run has used is drawn again.
func (t *teller) record(ctx context.Context, name, birth, class string, withIIN bool) (person, error) {
	for {
		body := map[string]any{"name": name, "birth_date": birth, "class": class}
		iin := madeUpIIN()
		if withIIN {
			body["iin"] = iin
		}
		var answer struct {
			PersonID domain.PersonID `json:"person_id"`
		}
		err := t.post(ctx, as(domain.RoleOperator), "/v1/persons", body, &answer)
		var refused *refusedError
		if errors.As(err, &refused) && refused.Code == string(domain.CodePersonRecorded) {
			continue
		}
		t.names[answer.PersonID.String()] = name
		if withIIN {
			t.iins.Store(answer.PersonID, domain.IIN(iin))
		}
		return person{answer.PersonID, name}, err
	}
}

func madeUpIIN() string {
	for {
		prefix := fmt.Sprintf("%02d99%07d", rand.IntN(100), rand.IntN(10_000_000))
		for digit := range 10 {
			if iin, err := domain.ParseIIN(prefix + strconv.Itoa(digit)); err == nil {
				return string(iin)
			}
		}
	}
}

func (t *teller) dwelling(ctx context.Context, address string, owners ...map[string]any) (domain.DwellingID, error) {
	var answer struct {
		DwellingID domain.DwellingID `json:"dwelling_id"`
	}
	err := t.post(ctx, as(domain.RoleOperator), "/v1/dwellings", map[string]any{
		"rka": fmt.Sprintf("02013%011d", rand.IntN(1e11)), "kato": "711310000", "address": address, "owners": owners,
	}, &answer)
	t.names[answer.DwellingID.String()] = address
	for _, o := range owners {
		t.consents[answer.DwellingID] = append(t.consents[answer.DwellingID], map[string]any{"person_id": o["person_id"], "given_on": domain.DateOf(time.Now())})
	}
	return answer.DwellingID, err
}

func owns(p person, share string) map[string]any {
	return map[string]any{"person_id": p.id, "share": share}
}

type registration struct {
	RegistrationID domain.RegistrationID   `json:"registration_id"`
	Ended          []domain.RegistrationID `json:"ended"`
	Events         []event                 `json:"events"`
}

func (t *teller) register(ctx context.Context, p person, d domain.DwellingID, from, until domain.Date) (registration, error) {
	body := map[string]any{"person_id": p.id, "dwelling_id": d, "kind": "permanent", "effective_from": from, "consents": t.consents[d]}
	if !until.IsZero() {
		body["kind"], body["until"] = "temporary", until
	}
	var answer registration
	err := t.post(ctx, as(domain.RoleOperator), "/v1/registrations", body, &answer)
	return answer, err
}

type deregistration struct {
	CaseID   domain.CaseID     `json:"case_id"`
	Results  []result          `json:"results"`
	CoOwners []domain.PersonID `json:"co_owners"`
	Events   []event           `json:"events"`
}

// result of one person of an S001 application.
type result struct {
	PersonID domain.PersonID         `json:"person_id"`
	Outcome  string                  `json:"outcome"`
	Ended    []domain.RegistrationID `json:"ended"`
	Code     domain.Code             `json:"code"`
}

// deregister hands in an S001 application and expects every person to be
// deregistered by it, after the co-owners have confirmed it where it waits for
// them.
func (t *teller) deregister(ctx context.Context, by token.Principal, body map[string]any, persons ...person) error {
	var ids []domain.PersonID
	for _, p := range persons {
		ids = append(ids, p.id)
	}
	body["persons"] = ids
	var answer deregistration
	if err := t.post(ctx, by, "/v1/deregistrations", body, &answer); err != nil {
		return err
	}
	for _, coOwner := range answer.CoOwners {
		t.say("the case waits for %s, who owns the dwelling too", t.names[coOwner.String()])
		caseID := answer.CaseID
		if err := t.post(ctx, citizen(coOwner), "/v1/cases/"+caseID.String()+"/confirmation", map[string]any{
			"outcome": "confirm", "signature": map[string]any{"method": "eds"},
		}, &answer); err != nil {
			return err
		}
		t.say("%s confirms", t.names[coOwner.String()])
	}
	if len(answer.Results) != len(persons) {
		return fmt.Errorf("case %s has %d results for %d persons", answer.CaseID, len(answer.Results), len(persons))
	}
	for _, r := range answer.Results {
		if r.Outcome != "deregistered" {
			return fmt.Errorf("case %s: %s was not deregistered but %s", answer.CaseID, t.names[r.PersonID.String()], r.Outcome)
		}
		t.say("%s is deregistered (case %s)", t.names[r.PersonID.String()], answer.CaseID)
	}
	t.lastCase = answer.CaseID
	return nil
}

// residents shows who is registered at the dwelling and expects these names.
func (t *teller) residents(ctx context.Context, d domain.DwellingID, want ...person) error {
	var answer struct {
		Residents []struct {
			PersonID      domain.PersonID `json:"person_id"`
			Kind          string          `json:"kind"`
			EffectiveFrom domain.Date     `json:"effective_from"`
			Until         domain.Date     `json:"until"`
		} `json:"residents"`
	}
	if err := t.get(ctx, as(domain.RoleOperator), "/v1/dwellings/"+d.String()+"/residents", &answer); err != nil {
		return err
	}
	var rows []table.Row
	found := map[domain.PersonID]bool{}
	for _, r := range answer.Residents {
		found[r.PersonID] = true
		rows = append(rows, table.Row{t.names[r.PersonID.String()], r.Kind, r.EffectiveFrom, r.Until})
	}
	t.say("Registered at %s:", t.names[d.String()])
	t.table(table.Row{"Person", "Kind", "From", "Until"}, rows)
	if len(answer.Residents) != len(want) {
		return fmt.Errorf("%d persons are registered at %s, told were %d", len(answer.Residents), t.names[d.String()], len(want))
	}
	for _, p := range want {
		if !found[p.id] {
			return fmt.Errorf("%s is not registered at %s", p.name, t.names[d.String()])
		}
	}
	return nil
}

// residence is the first act: the register of residence.
func (t *teller) residence(ctx context.Context) error {
	var err error
	must := func(name, birth, class string, withIIN bool) person {
		var p person
		if err == nil {
			p, err = t.record(ctx, name, birth, class, withIIN)
		}
		return p
	}
	t.title("1. A dwelling with two co-owners")
	aigul, bolat := must("Айгүл Серікқызы", "1979-02-11", "citizen", true), must("Болат Әбенов", "1975-10-30", "citizen", true)
	saule, dauren := must("Сәуле Қанатқызы", "1998-04-02", "citizen", true), must("Дәурен Оспанов", "1990-12-24", "citizen", true)
	ermek, zhanna := must("Ермек Тілеуов", "1986-07-19", "citizen", true), must("Жанна Ибраева", "1993-01-08", "citizen", true)
	timur := must("Тимур Ахметов", "2001-09-15", "citizen", true)
	yusuf, mariam := must("Юсуф Рахими", "1988-03-03", "refugee", false), must("Мариам Рахими", "1991-06-21", "refugee", false)
	if err != nil {
		return err
	}
	home, err := t.dwelling(ctx, "Астана, Мәңгілік Ел даңғылы, 8-үй, 12-пәтер", owns(aigul, "1/2"), owns(bolat, "1/2"))
	if err != nil {
		return err
	}
	flat, err := t.dwelling(ctx, "Алматы, Абай даңғылы, 150-үй, 3-пәтер", owns(dauren, "1/1"))
	if err != nil {
		return err
	}
	house, err := t.dwelling(ctx, "Шымкент, Тәуке хан даңғылы, 41-үй", owns(yusuf, "1/1"))
	if err != nil {
		return err
	}
	t.say("%s: %s and %s own a half each", t.names[home.String()], aigul.name, bolat.name)

	t.title("2. Four persons are registered, one moves, one is registered temporarily")
	today := domain.DateOf(time.Now())
	for i, p := range []person{saule, dauren, ermek, zhanna} {
		if _, err := t.register(ctx, p, home, today.AddMonths(-24+i), domain.Date{}); err != nil {
			return err
		}
	}
	moved, err := t.register(ctx, dauren, flat, today.AddDays(-3), domain.Date{})
	if err != nil {
		return err
	}
	if len(moved.Ended) != 1 || len(moved.Events) != 2 {
		return fmt.Errorf("the move ended %d registrations in %d events, told were one in two", len(moved.Ended), len(moved.Events))
	}
	t.say("%s moved: one append ended the old registration and began the new one", dauren.name)
	if _, err := t.register(ctx, timur, home, today.AddDays(-30), today.AddMonths(6)); err != nil {
		return err
	}
	if err := t.residents(ctx, home, saule, ermek, zhanna, timur); err != nil {
		return err
	}

	t.title("3. An owner deregisters two persons by one application on the portal, and the co-owner confirms")
	if err := t.deregister(ctx, citizen(aigul.id), map[string]any{
		"channel": "portal", "ground": "owner_application", "dwelling_id": home, "applicant_id": aigul.id,
		"signature": map[string]any{"method": "eds"},
	}, saule, timur); err != nil {
		return err
	}
	if err := t.notified(ctx, aigul, t.lastCase); err != nil {
		return err
	}
	t.say("%s is notified in her personal account, and so are they", aigul.name)

	t.title("4. A refugee, through the provider")
	for _, p := range []person{yusuf, mariam} {
		if _, err := t.register(ctx, p, house, today.AddMonths(-5), domain.Date{}); err != nil {
			return err
		}
	}
	if err := t.deregister(ctx, as(domain.RoleProvider), map[string]any{
		"channel": "provider", "ground": "owner_application", "dwelling_id": house, "applicant_id": yusuf.id,
		"documents": []map[string]any{
			{"type": "refugee_certificate", "number": "БК 000001", "person_id": yusuf.id}, {"type": "application"},
		},
		"signature": map[string]any{"method": "handwritten"},
	}, mariam); err != nil {
		return err
	}

	t.title("5. A court decision")
	if err := t.deregister(ctx, as(domain.RoleOperator), map[string]any{
		"channel": "state_corporation", "ground": "court_decision", "dwelling_id": home, "applicant_id": bolat.id,
		"documents": []map[string]any{{
			"type": "court_decision", "number": "7119-26-00-2/1", "person_id": ermek.id, "dwelling_id": home, "in_force_on": today.AddDays(-10),
		}},
		"signature": map[string]any{"method": "handwritten"},
	}, ermek); err != nil {
		return err
	}

	t.title("6. A departure abroad, with a departure sheet")
	if err := t.deregister(ctx, as(domain.RoleOperator), map[string]any{
		"channel": "state_corporation", "ground": "departure_abroad", "dwelling_id": home, "applicant_id": zhanna.id,
		"documents": []map[string]any{
			{"type": "exit_permission", "number": "71-0042", "person_id": zhanna.id},
			{"type": "identity_card", "number": "040000001", "person_id": zhanna.id, "surrendered": true},
		},
		"departure_sheet": true, "signature": map[string]any{"method": "handwritten"},
	}, zhanna); err != nil {
		return err
	}
	if err := t.issued(ctx, citizen(zhanna.id), t.lastCase, "talon", "departure_sheet"); err != nil {
		return err
	}
	if err := t.residents(ctx, home); err != nil {
		return err
	}
	if err := t.residents(ctx, house, yusuf); err != nil {
		return err
	}

	t.title("7. The replay: %s, from the log", dauren.name)
	if err := t.replay(ctx, "/v1/persons/"+dauren.id.String()+"/history",
		"PersonRecorded", "RegistrationBegan", "RegistrationEnded", "RegistrationBegan"); err != nil {
		return err
	}
	t.title("8. The replay: %s, from the log", t.names[home.String()])
	return t.replay(ctx, "/v1/dwellings/"+home.String()+"/history",
		"DwellingRecorded", "OwnersChanged",
		"RegistrationBegan", "RegistrationBegan", "RegistrationBegan", "RegistrationBegan", // four registered
		"RegistrationEnded", "RegistrationBegan", // one moved, one came for a time
		"DeregistrationApplied", "CoOwnerConfirmed", "RegistrationEnded", "RegistrationEnded", "DeregistrationDecided", "DecisionNotified", // the owner's application
		"DeregistrationApplied", "RegistrationEnded", "DeregistrationDecided", // the court's decision
		"DeregistrationApplied", "RegistrationEnded", "DeregistrationDecided", "DepartureSheetIssued") // the departure
}

// replay shows a history with both times and expects these types, in order.
func (t *teller) replay(ctx context.Context, path string, want ...string) error {
	events, err := t.history(ctx, path)
	if err != nil {
		return err
	}
	var rows []table.Row
	var got []string
	for _, e := range events {
		got = append(got, e.Type)
		rows = append(rows, table.Row{
			e.Position, e.Type, t.subject(e), e.EffectiveAt.In(domain.Zone).Format("2006-01-02 15:04"),
			e.CreatedAt.In(domain.Zone).Format("2006-01-02 15:04:05.000"), e.Role,
		})
	}
	t.table(table.Row{"Position", "Event", "Of", "True since", "Known since", "By"}, rows)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("the history at %s reads %v, told was %v", path, got, want)
	}
	return nil
}

// subject names the person that an event speaks of.
func (t *teller) subject(e event) string {
	var data struct {
		PersonID    string `json:"person_id"`
		ApplicantID string `json:"applicant_id"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return "?"
	}
	if data.PersonID == "" {
		return t.names[data.ApplicantID]
	}
	return t.names[data.PersonID]
}
