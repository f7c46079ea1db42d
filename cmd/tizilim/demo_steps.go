package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// record records a person with a made-up IIN. Where an earlier run has used the IIN,
// it draws another one: there are few of them. A person without IIN of an earlier run has the
// same name and birth date, and is somebody else.
func (t *storyteller) record(ctx context.Context, name, birth, class string, withIIN bool) (person, error) {
	body := map[string]any{"name": name, "birth_date": birth, "class": class}
	for {
		iin := madeUpIIN()
		if withIIN {
			body["iin"] = iin
		}
		var answer struct {
			PersonID domain.PersonID `json:"person_id"`
		}
		err := t.post(ctx, as(domain.RoleOperator), "/v1/persons", body, &answer)
		var refused *refusedError
		if errors.As(err, &refused) {
			switch refused.Code {
			case string(domain.CodePersonRecorded):
				continue
			case string(domain.CodeWarningsOpen):
				if body["accept"] == nil {
					body["accept"] = []domain.Code{domain.CodePersonAlike}
					continue
				}
			}
		}
		t.names[answer.PersonID.String()] = name
		if withIIN {
			t.iins.Store(answer.PersonID, domain.IIN(iin))
		}
		return person{answer.PersonID, name}, err
	}
}

// madeUpIIN returns an IIN that nobody has, since there is no month 99.
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

func (t *storyteller) dwelling(
	ctx context.Context, address string, owners ...map[string]any,
) (domain.DwellingID, error) {
	return t.dwellingFrom(ctx, address, nil, owners...)
}

// dwellingFrom records a dwelling of which more is known than its address and its owners.
func (t *storyteller) dwellingFrom(
	ctx context.Context, address string, more map[string]any, owners ...map[string]any,
) (domain.DwellingID, error) {
	if owners == nil {
		owners = []map[string]any{} // the API refuses null
	}
	var answer struct {
		DwellingID domain.DwellingID `json:"dwelling_id"`
	}
	body := map[string]any{
		"rka": fmt.Sprintf("02013%011d", rand.IntN(1e11)), "kato": "711310000", "address": address, "owners": owners,
	}
	maps.Copy(body, more)
	err := t.post(ctx, as(domain.RoleOperator), "/v1/dwellings", body, &answer)
	t.names[answer.DwellingID.String()] = address
	for _, o := range owners {
		if o["kind"] != nil { // no person, and nobody who lives there needs its consent
			continue
		}
		consent := map[string]any{
			"person_id": o["person_id"], "given_on": domain.DateOf(time.Now()), "basis": signedPaper("written_consent"),
		}
		t.consents[answer.DwellingID] = append(t.consents[answer.DwellingID], consent)
	}
	return answer.DwellingID, err
}

// signedPaper is what a desk has in hand when it states somebody's will.
func signedPaper(kind string) map[string]any {
	return map[string]any{
		"type": kind, "number": fmt.Sprint(rand.IntN(1e6)), "issued_on": domain.DateOf(time.Now()), "issuer": "өтініш иесі",
		"sha256": domain.TextDigest([]byte("the scanned paper")),
	}
}

func owns(p person, share string) map[string]any {
	return map[string]any{"person_id": p.id, "share": share}
}

type registration struct {
	RegistrationID domain.RegistrationID   `json:"registration_id"`
	Ended          []domain.RegistrationID `json:"ended"`
	Events         []event                 `json:"events"`
}

// register registers the person at the dwelling with the consent of its owners. A
// zero until stands for a permanent registration.
func (t *storyteller) register(
	ctx context.Context, p person, d domain.DwellingID, from, until domain.Date,
) (registration, error) {
	body := map[string]any{
		"person_id": p.id, "dwelling_id": d, "kind": "permanent", "effective_from": from, "consents": t.consents[d],
	}
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

// result is what an S001 application led to for one person.
type result struct {
	PersonID domain.PersonID         `json:"person_id"`
	Outcome  string                  `json:"outcome"`
	Ended    []domain.RegistrationID `json:"ended"`
	Code     domain.Code             `json:"code"`
}

// deregister files an S001 application and lets the co-owners confirm it. It expects
// that the application deregisters every person.
func (t *storyteller) deregister(
	ctx context.Context, by token.Principal, body map[string]any, persons ...person,
) error {
	var ids []domain.PersonID
	for _, p := range persons {
		ids = append(ids, p.id)
	}
	body["persons"] = ids
	if by.Role != domain.RoleCitizen {
		body["basis"] = signedPaper("application")
	}
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
			return fmt.Errorf(
				"case %s: %s was not deregistered but %s",
				answer.CaseID,
				t.names[r.PersonID.String()],
				r.Outcome,
			)
		}
		t.say("%s is deregistered (case %s)", t.names[r.PersonID.String()], answer.CaseID)
	}
	t.lastCase = answer.CaseID
	return nil
}

// residents prints who is registered at the dwelling and expects these persons.
func (t *storyteller) residents(ctx context.Context, d domain.DwellingID, want ...person) error {
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
		return fmt.Errorf(
			"%d persons are registered at %s, expected %d", len(answer.Residents), t.names[d.String()], len(want),
		)
	}
	for _, p := range want {
		if !found[p.id] {
			return fmt.Errorf("%s is not registered at %s", p.name, t.names[d.String()])
		}
	}
	return nil
}

// showHistory prints a history with both times and expects these types, in order.
func (t *storyteller) showHistory(ctx context.Context, path string, want ...string) error {
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
		return fmt.Errorf("the history at %s is %v, expected %v", path, got, want)
	}
	return nil
}

// subject returns the name of the person whom the event concerns.
func (t *storyteller) subject(e event) string {
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

// applicant is a person with an application, and with an entry once it is placed.
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

// certificate is a placement certificate.
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

// openList opens a list of the title. A commission keeps one list of a name, and a story may
// be told twice: then the title gets a number.
func (t *storyteller) openList(ctx context.Context, title string) (domain.ListID, error) {
	var answer struct {
		ListID domain.ListID `json:"list_id"`
	}
	name := title
	for told := 2; ; told++ {
		err := t.post(ctx, as(domain.RoleCommission), "/v1/queues", map[string]any{
			"body": "ҚР Қорғаныс министрлігі", "settlement": "Астана", "title": name,
		}, &answer)
		var refused *refusedError
		if !errors.As(err, &refused) || refused.Code != string(domain.CodeListOpened) {
			return answer.ListID, err
		}
		name = fmt.Sprintf("%s (%d)", title, told)
	}
}

// serves is the service of all who apply in the demo: in the body whose lists it tells of (Q41).
func serves() map[string]any {
	return map[string]any{
		"employer": "ҚР Қорғаныс министрлігі", "office": "бас маман", "since": domain.DateOf(time.Now()).AddMonths(-6),
		"basis": signedPaper("other"),
	}
}

func (t *storyteller) apply(ctx context.Context, list domain.ListID, p person, consent bool) (applicant, error) {
	return t.applyWith(ctx, list, p, map[string]any{"consent": consent})
}

// applyWith applies on the portal. more are further members of the application.
func (t *storyteller) applyWith(
	ctx context.Context, list domain.ListID, p person, more map[string]any,
) (applicant, error) {
	var answer struct {
		CaseID domain.CaseID `json:"case_id"`
	}
	body := map[string]any{
		"channel": "portal", "list_id": list, "applicant_id": p.id, "signature": map[string]any{"method": "eds"},
		"service": serves(),
	}
	maps.Copy(body, more)
	err := t.post(ctx, citizen(p.id), "/v1/housing-applications", body, &answer)
	return applicant{person: p, caseID: answer.CaseID}, err
}

func (t *storyteller) place(ctx context.Context, a *applicant) (decision, error) {
	var answer decision
	err := t.post(ctx, as(domain.RoleCommission), decisionPath(a.caseID), placing(), &answer)
	if err == nil && answer.Placement == nil {
		err = fmt.Errorf("case %s has no placement certificate", a.caseID)
	}
	if err == nil {
		a.entryID, a.certified = answer.Placement.EntryID, answer.Placement.Number
	}
	return answer, err
}

// placing is the decision to place an applicant after an examination without findings. In the loop
// one applicant owns the dwelling in which all of them live (Q28).
func placing() map[string]any {
	return map[string]any{
		"outcome": "place", "examination": map[string]any{"findings": []any{}},
		"accept": []string{"dwelling_not_stated"}, "accept_reasons": "the dwelling is in another settlement",
	}
}

// refuse refuses an application, with the findings of an examination where there are
// any.
func (t *storyteller) refuse(ctx context.Context, a applicant, ground, reasons string, found ...any) (decision, error) {
	var answer decision
	body := map[string]any{
		"outcome": "refuse", "ground": ground, "reasons": reasons,
		"exemption": map[string]any{"ground": "applicants_request", "reasons": "Өтініш беруші тыңдаудан бас тартты."},
	}
	if len(found) > 0 {
		body["examination"] = map[string]any{"findings": found}
	}
	if err := t.post(ctx, as(domain.RoleCommission), decisionPath(a.caseID), body, &answer); err != nil {
		return answer, err
	}
	if answer.Refusal == nil || answer.Refusal.Ground != ground {
		return answer, fmt.Errorf("case %s has no refusal on the ground %s", a.caseID, ground)
	}
	t.say("%s is refused: %s", a.name, ground)
	return answer, nil
}

// ownsDwelling is the finding that somebody owns a dwelling in the settlement.
func ownsDwelling(p person) map[string]any {
	return map[string]any{"kind": "dwelling_owned", "person_id": p.id, "source": "systems", "share": "1/1"}
}

// decisionPath is the path of the decision of a case.
func decisionPath(id domain.CaseID) string { return "/v1/cases/" + id.String() + "/decision" }

// entryPath is the path of the applicant's entry.
func entryPath(list domain.ListID, a *applicant) string {
	return "/v1/queues/" + list.String() + "/entries/" + a.entryID.String()
}

// number is the number of an entry, as its holder reads it.
type number struct {
	Number     *int `json:"number"`
	Of         int  `json:"of"`
	LastChange struct {
		Kind  string `json:"kind"`
		Event string `json:"event"`
	} `json:"last_change"`
}

// numbers prints the number of each applicant, as that citizen reads it, and expects
// the wanted ones. 0 stands for an entry that is not on the list.
func (t *storyteller) numbers(ctx context.Context, list domain.ListID, placed []*applicant, want ...int) error {
	var rows []table.Row
	for i, a := range placed {
		var n number
		if err := t.get(ctx, citizen(a.id), entryPath(list, a), &n); err != nil {
			return err
		}
		now, shown := 0, "—"
		if n.Number != nil {
			now, shown = *n.Number, fmt.Sprint(*n.Number)
		}
		rows = append(rows, table.Row{a.name, a.certified, shown, n.Of, n.LastChange.Kind})
		if now != want[i] {
			return fmt.Errorf("%s has number %d, expected %d", a.name, now, want[i])
		}
	}
	t.table(table.Row{"Person", "On the certificate", "Now", "Of", "Last changed by"}, rows)
	return nil
}

// change carries out a step of the entry.
func (t *storyteller) change(
	ctx context.Context, list domain.ListID, a *applicant, step string, body map[string]any,
) ([]event, error) {
	var answer struct {
		Events []event `json:"events"`
	}
	err := t.post(ctx, as(domain.RoleCommission), entryPath(list, a)+"/"+step, body, &answer)
	return answer.Events, err
}

// noticeTimeout is how long the story waits for a notice of the registry.
const noticeTimeout = 20 * time.Second

// await calls ask until it returns true.
func (t *storyteller) await(ctx context.Context, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited too long until %s", what)
		case <-tick.C:
		}
	}
}

// notified waits until the registry has notified the applicant of the decision (C11).
func (t *storyteller) notified(ctx context.Context, p person, id domain.CaseID) error {
	return t.await(ctx, "the decision of case "+id.String()+" is notified", func() (bool, error) {
		var c struct {
			NotifiedAt time.Time `json:"notified_at"`
		}
		err := t.get(ctx, citizen(p.id), "/v1/cases/"+id.String(), &c)
		return !c.NotifiedAt.IsZero(), err
	})
}

// inbox waits until the person has exactly these notices, each in the personal account
// and by the given way, if any, and prints the last.
func (t *storyteller) inbox(ctx context.Context, p person, way string, want ...string) error {
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
	if err := t.await(ctx, "every notice is sent", func() (bool, error) {
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
		ways := 1 // the personal account
		if way != "" {
			ways = 2
		}
		if len(n.Deliveries) != ways || n.Deliveries[0].State != "delivered" {
			return fmt.Errorf(
				"the notice %s of %s was delivered as %v, expected personal account and %s",
				n.Kind,
				p.name,
				n.Deliveries,
				way,
			)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("%s has the notices %v, expected %v", p.name, got, want)
	}
	too := ""
	if way != "" {
		too = ", each sent by " + way + " too"
	}
	t.say("Notices to %s: %d in the personal account%s. The last reads:", p.name, len(got), too)
	t.say("  “%s”", page.Notices[0].Text)
	return nil
}

// paper is a document that was issued in a case.
type paper struct {
	CertificateID domain.CertificateID `json:"certificate_id"`
	Kind          string               `json:"kind"`
	Number        string               `json:"number"`
	Title         string               `json:"title"`
	CheckCode     string               `json:"check_code"`
	CheckURL      string               `json:"check_url"`
}

// issued prints the documents of a case as the reader gets them and expects these
// kinds. It then checks the code of the last one, without a token.
func (t *storyteller) issued(ctx context.Context, by token.Principal, id domain.CaseID, want ...string) error {
	var c struct {
		Issued []paper `json:"issued"`
	}
	if err := t.get(ctx, by, "/v1/cases/"+id.String(), &c); err != nil {
		return err
	}
	if len(c.Issued) != len(want) {
		return fmt.Errorf("case %s has %d documents, expected %d", id, len(c.Issued), len(want))
	}
	var rows []table.Row
	for i := range c.Issued {
		p := &c.Issued[i]
		if err := t.get(ctx, by, "/v1/certificates/"+p.CertificateID.String(), p); err != nil {
			return err
		}
		if p.Kind != want[i] {
			return fmt.Errorf("case %s has a document %s, expected %s", id, p.Kind, want[i])
		}
		rows = append(rows, table.Row{p.Title, p.Number, p.CheckCode})
	}
	t.table(table.Row{"Document", "Number", "Check code"}, rows)

	last := c.Issued[len(c.Issued)-1]
	size := 0
	headers := t.seen()
	headers.Set("Accept", "application/pdf")
	if err := t.send(ctx, by, http.MethodGet, "/v1/certificates/"+last.CertificateID.String(), headers, nil, func(
		r io.Reader,
	) error {
		page, err := io.ReadAll(r)
		size = len(page)
		return err
	}); err != nil {
		return err
	}
	var checked struct {
		Number string `json:"number"`
		Status string `json:"status"`
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, last.CheckURL, nil)
	if err != nil {
		return err
	}
	response, err := t.http.Do(request) // without a token
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&checked); err != nil {
		return err
	}
	if checked.Number != last.Number || checked.Status != "valid" || size == 0 {
		return fmt.Errorf(
			"the check of %s answers %s for %s, and its page has %d bytes",
			last.Number,
			checked.Status,
			checked.Number,
			size,
		)
	}
	t.say("The code of the last one, checked without a token: %s is %s", checked.Number, checked.Status)
	return nil
}
