package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/eventstore/command/adapters/mobilecitizens"
)

// citizens is the fourth act: an application signed with a one-time password, the
// correction of a wrong deregistration, and the access log.
func (t *storyteller) citizens(ctx context.Context) error {
	return inOrder(ctx, t.passwordSignature, t.remedy, t.accesses)
}

// passwordSignature signs an application with a one-time password. It reads the code
// in the outbox file of the server. Where a gateway sends the SMS, the step is left
// out.
func (t *storyteller) passwordSignature(ctx context.Context) error {
	t.title("22. An application signed by a one-time password")
	if _, err := os.Stat(outboxFile(t.data)); errors.Is(err, fs.ErrNotExist) {
		t.say("Left out: the server does not write its SMS to %s, so the code cannot be read here.", outboxFile(t.data))
		return nil
	}
	list, err := t.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Қостанай гарнизоны")
	if err != nil {
		return err
	}
	p, confirmed, err := t.personWithPhone(ctx)
	if err != nil {
		return err
	}
	if !confirmed {
		t.say("Left out: the server sends its SMS through a gateway, so the code cannot be read here.")
		return nil
	}

	key, path := uuid.NewString(), "/v1/housing-applications"
	application := map[string]any{"channel": "portal", "list_id": list, "applicant_id": p.id, "consent": true, "service": serves()}
	var preview struct {
		Digest string `json:"digest"`
	}
	if err := t.post(ctx, citizen(p.id), "/v1/signatures/preview", map[string]any{
		"request": "POST " + path, "idempotency_key": key, "application": application,
	}, &preview); err != nil {
		return err
	}
	var password struct {
		Challenge uuid.UUID `json:"challenge"`
		SentTo    string    `json:"sent_to"`
		Tries     int       `json:"tries"`
	}
	var refused *refusedError
	err = t.post(ctx, citizen(p.id), "/v1/otp", map[string]any{"digest": preview.Digest}, &password)
	if errors.As(err, &refused) && refused.Code == string(domain.CodeNotMobileCitizen) {
		t.say("Left out: the server uses another mobile-citizens base.")
		return nil
	}
	if err != nil {
		return err
	}
	code, err := codeIn(outboxFile(t.data), password.Challenge)
	if err != nil {
		return err
	}
	if code == "" {
		return fmt.Errorf("the outbox has no code of the challenge %s", password.Challenge)
	}
	t.say("A code for this one application is sent by SMS; %d tries", password.Tries)
	application["signature"] = map[string]any{"method": "otp", "challenge": password.Challenge, "code": code}
	var received struct {
		CaseID domain.CaseID `json:"case_id"`
	}
	if err := t.postUnder(ctx, key, citizen(p.id), path, application, &received); err != nil {
		return err
	}
	err = t.postUnder(ctx, uuid.NewString(), citizen(p.id), path, application, &struct{}{})
	if !errors.As(err, &refused) || refused.Code != string(domain.CodePasswordUsed) {
		return fmt.Errorf("a used code was answered with %v", err)
	}
	t.say("It signs the application (case %s); used again, it is refused: %s", received.CaseID, refused.Code)
	return t.inbox(ctx, p, "SMS", "application_received")
}

// personWithPhone records a person whose telephone is confirmed and in the
// mobile-citizens base; confirmed is false where the code of the telephone cannot be read.
func (t *storyteller) personWithPhone(ctx context.Context) (p person, confirmed bool, err error) {
	p, err = t.record(ctx, "Нұрсұлу Жақсыбекова", "1995-03-08", "citizen", true)
	if err != nil {
		return p, false, err
	}
	phone := demoPhone()
	_, confirmed, err = t.confirmContact(ctx, p, "phone", phone)
	if err != nil || !confirmed {
		return p, false, err
	}
	iin, _ := t.iins.Load(p.id)
	base := mobilecitizens.NewFile(mobileCitizensFile(t.data), t.keys.person.PersonID)
	if err := base.Bind(iin.(domain.IIN), domain.Personal(phone)); err != nil {
		return p, false, err
	}
	t.say("%s confirms her telephone with a code, and the mobile-citizens base has it", p.name)
	return p, true, nil
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// codeIn returns the code of the challenge; empty where the outbox does not have it.
func codeIn(outbox string, challenge uuid.UUID) (string, error) {
	text, err := os.ReadFile(outbox)
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(text) {
		var sms struct {
			ID   uuid.UUID `json:"id"`
			Text string    `json:"text"`
		}
		// The last line may be incomplete, but it is not this one: the server has answered.
		if json.Unmarshal(line, &sms) == nil && sms.ID == challenge {
			return sixDigits.FindString(sms.Text), nil
		}
	}
	return "", nil
}

// remedy shows how a wrong deregistration is corrected: the person whom it concerns
// complains (R16), and a correction refers to the wrong fact (R14).
func (t *storyteller) remedy(ctx context.Context) error {
	t.title("23. A wrong deregistration: a complaint, and its remedy")
	tenant, home, wronglyEnded, err := t.wrongDeregistration(ctx)
	if err != nil {
		return err
	}
	provider, path := as(domain.RoleProvider), "/v1/cases/"+t.lastCase.String()
	if err := t.post(ctx, citizen(tenant.id), path+"/complaint", map[string]any{
		"grounds": "Мен осында тұрамын.",
	}, &struct{}{}); err != nil {
		return err
	}
	t.say("%s complains: she is not the applicant, but the decision concerns her", tenant.name)
	if err := t.post(ctx, provider, path+"/complaint-decision", map[string]any{
		"outcome": "satisfied_by_body", "reasons": "Ол сонда тұрады.",
	}, &struct{}{}); err != nil {
		return err
	}
	var before, after complainedCase
	if err := t.get(ctx, provider, path, &before); err != nil {
		return err
	}
	if len(before.Owed) != 1 || before.Owed[0].Duty != "remedy" {
		return fmt.Errorf("after the complaint the body owes %v, expected a remedy", before.Owed)
	}
	t.say("The body agrees and must remedy it by %s", before.Owed[0].By)
	var correction registration
	if err := t.post(ctx, provider, "/v1/persons/"+tenant.id.String()+"/corrections", map[string]any{
		"ground": "complaint_upheld", "reasons": "Ол сонда тұрады.", "accept": []string{string(domain.CodeCaseContradicted)},
		"changes": []map[string]any{{"registration_id": wronglyEnded, "fact": "ending", "action": "annul"}},
	}, &correction); err != nil {
		return err
	}
	if len(correction.Events) != 1 {
		return fmt.Errorf("the correction is %d events, expected one", len(correction.Events))
	}
	act := domain.EventRef{Stream: correction.Events[0].Stream, Revision: correction.Events[0].Revision}
	if err := t.post(ctx, provider, path+"/remedy", map[string]any{
		"how": "corrected", "acts": []domain.EventRef{act},
	}, &struct{}{}); err != nil {
		return err
	}
	if err := t.get(ctx, provider, path, &after); err != nil {
		return err
	}
	if after.State != "granted" || len(after.Owed) != 0 ||
		after.Remedy.How != "corrected" || !slices.Equal(after.Remedy.Acts, []domain.EventRef{act}) {
		return fmt.Errorf("after the remedy the case is %+v", after)
	}
	t.say("%s annuls the wrong ending; both stay in the log, and the case stays %s", act, after.State)
	return t.residents(ctx, home, tenant)
}

// complainedCase is a case after a complaint, as the API shows it.
type complainedCase struct {
	State string `json:"state"`
	Owed  []struct {
		Duty string      `json:"duty"`
		By   domain.Date `json:"by"`
	} `json:"owed"`
	Remedy struct {
		How  string            `json:"how"`
		Acts []domain.EventRef `json:"acts"`
	} `json:"remedy"`
}

// wrongDeregistration deregisters a tenant who still lives in the dwelling.
func (t *storyteller) wrongDeregistration(ctx context.Context) (
	tenant person, home domain.DwellingID, wronglyEnded domain.RegistrationID, err error,
) {
	owner, err := t.record(ctx, "Марат Досжанов", "1970-08-30", "citizen", true)
	if err != nil {
		return tenant, home, wronglyEnded, err
	}
	if tenant, err = t.record(ctx, "Әлия Сапарова", "1996-06-12", "citizen", true); err != nil {
		return tenant, home, wronglyEnded, err
	}
	if home, err = t.dwelling(ctx, "Тараз, Төле би даңғылы, 60-үй, 7-пәтер", owns(owner, "1/1")); err != nil {
		return tenant, home, wronglyEnded, err
	}
	registered, err := t.register(ctx, tenant, home, domain.DateOf(time.Now()).AddMonths(-3), domain.Date{})
	if err != nil {
		return tenant, home, wronglyEnded, err
	}
	err = t.deregister(ctx, citizen(owner.id), map[string]any{
		"channel": "portal", "ground": "owner_application", "dwelling_id": home, "applicant_id": owner.id,
		"signature": map[string]any{"method": "eds"},
	}, tenant)
	return tenant, home, registered.RegistrationID, err
}

// accesses prints who has read the data of the applicant of the whole procedure, and
// expects a look-up in other systems among it.
func (t *storyteller) accesses(ctx context.Context) error {
	t.title("24. Who has read the data of %s, and why", t.applicant.name)
	var page struct {
		Accesses []struct {
			Reader    string      `json:"reader"`
			Role      domain.Role `json:"role"`
			Operation string      `json:"operation"`
			Purpose   string      `json:"purpose"`
			Scope     []string    `json:"scope"`
		} `json:"accesses"`
		Next string `json:"next"`
	}
	if err := t.get(ctx, citizen(t.applicant.id), "/v1/me/accesses?limit=100", &page); err != nil {
		return err
	}
	seen := map[string]bool{}
	var rows []table.Row
	looked := false
	for _, a := range page.Accesses {
		scope := strings.Join(a.Scope, ", ")
		looked = looked || a.Operation == accesslog.LookUp && scope == "real_estate"
		if row := fmt.Sprint(a.Reader, a.Role, a.Operation, a.Purpose, scope); !seen[row] {
			seen[row] = true
			rows = append(rows, table.Row{a.Reader, a.Role, a.Operation, scope, a.Purpose})
		}
	}
	t.table(table.Row{"Who", "As", "What", "Of", "Why"}, rows)
	if !looked || page.Next != "" {
		return fmt.Errorf("%s sees no look-up of real estate among %d accesses", t.applicant.name, len(page.Accesses))
	}
	t.say(
		"%d accesses, each kind shown once. The registry records the access first and answers then.",
		len(page.Accesses),
	)
	return nil
}
