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

// citizens is the fourth act: what somebody does with nothing but a telephone,
// what becomes of a deregistration that was wrong, and who has read of whom.
func (t *teller) citizens(ctx context.Context) error {
	for _, act := range []func(context.Context) error{t.byPassword, t.madeGood, t.accesses} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// demoPhone is nobody's.
const demoPhone = "+77010000042"

// byPassword applies by a one-time password. It reads the code where the server
// writes its SMS, and is left out where a gateway carries them to a telephone.
func (t *teller) byPassword(ctx context.Context) error {
	t.title("22. An application signed by a one-time password")
	if _, err := os.Stat(outboxFile(t.data)); errors.Is(err, fs.ErrNotExist) {
		t.say("Left out: the server does not write its SMS to %s, so nobody here can read the code.", outboxFile(t.data))
		return nil
	}
	list, err := t.openList(ctx, "Қызметтік тұрғын үйге мұқтаждар, Қостанай гарнизоны")
	if err != nil {
		return err
	}
	p, err := t.record(ctx, "Нұрсұлу Жақсыбекова", "1995-03-08", "citizen", true)
	if err != nil {
		return err
	}
	var contacts struct {
		Phone string `json:"phone"`
	}
	if err := t.post(ctx, citizen(p.id), "/v1/me/contacts", map[string]any{"phone": demoPhone, "language": "kk"}, &contacts); err != nil {
		return err
	}
	iin, _ := t.iins.Load(p.id)
	if err := mobilecitizens.NewFile(mobileCitizensFile(t.data), t.keys.person.PersonID).Bind(iin.(domain.IIN), demoPhone); err != nil {
		return err
	}
	t.say("%s confirms her telephone, %s, and the mobile-citizens base knows it", p.name, contacts.Phone)

	key, path := uuid.NewString(), "/v1/housing-applications"
	application := map[string]any{"channel": "portal", "list_id": list, "applicant_id": p.id, "consent": true}
	var preview struct {
		Digest string `json:"digest"`
	}
	if err := t.post(ctx, citizen(p.id), "/v1/signatures/preview", map[string]any{"request": "POST " + path, "idempotency_key": key, "application": application}, &preview); err != nil {
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
		t.say("Left out: the server asks another mobile-citizens base.")
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
		t.say("Left out: a gateway has carried the SMS away, and its code with it.")
		return nil
	}
	t.say("A code for this one application goes to %s; %d tries", password.SentTo, password.Tries)
	application["signature"] = map[string]any{"method": "otp", "challenge": password.Challenge, "code": code}
	var received struct {
		CaseID domain.CaseID `json:"case_id"`
	}
	if err := t.postUnder(ctx, key, citizen(p.id), path, application, &received); err != nil {
		return err
	}
	err = t.postUnder(ctx, uuid.NewString(), citizen(p.id), path, application, &struct{}{})
	if !errors.As(err, &refused) || refused.Code != string(domain.CodePasswordUsed) {
		return fmt.Errorf("a code that had signed was answered with %v", err)
	}
	t.say("It signs the application (case %s), and nothing else: %s", received.CaseID, refused.Code)
	return t.inbox(ctx, p, "SMS", "application_received")
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// codeIn returns the code of the challenge; "" where the outbox does not hold it.
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
		// The last line may be under way; it is not this one, which was answered.
		if json.Unmarshal(line, &sms) == nil && sms.ID == challenge {
			return sixDigits.FindString(sms.Text), nil
		}
	}
	return "", nil
}

// madeGood tells of a deregistration that was wrong: whom it concerned complains
// (R16), and it is corrected by an act that refers to it (R14).
func (t *teller) madeGood(ctx context.Context) error {
	t.title("23. Somebody was deregistered who lives there: a complaint, and its remedy")
	owner, err := t.record(ctx, "Марат Досжанов", "1970-08-30", "citizen", true)
	if err != nil {
		return err
	}
	tenant, err := t.record(ctx, "Әлия Сапарова", "1996-06-12", "citizen", true)
	if err != nil {
		return err
	}
	home, err := t.dwelling(ctx, "Тараз, Төле би даңғылы, 60-үй, 7-пәтер", owns(owner, "1/1"))
	if err != nil {
		return err
	}
	registered, err := t.register(ctx, tenant, home, domain.DateOf(time.Now()).AddMonths(-3), domain.Date{})
	if err != nil {
		return err
	}
	if err := t.deregister(ctx, citizen(owner.id), map[string]any{
		"channel": "portal", "ground": "owner_application", "dwelling_id": home, "applicant_id": owner.id, "signature": map[string]any{"method": "eds"},
	}, tenant); err != nil {
		return err
	}
	provider, path := as(domain.RoleProvider), "/v1/cases/"+t.lastCase.String()
	if err := t.post(ctx, citizen(tenant.id), path+"/complaint", map[string]any{"grounds": "Мен осында тұрамын."}, &struct{}{}); err != nil {
		return err
	}
	t.say("%s complains: she is no applicant, but it is she whom it concerns", tenant.name)
	if err := t.post(ctx, provider, path+"/complaint-decision", map[string]any{"outcome": "satisfied_by_body", "reasons": "Ол сонда тұрады."}, &struct{}{}); err != nil {
		return err
	}
	type outcome struct {
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
	var before, after outcome
	if err := t.get(ctx, provider, path, &before); err != nil {
		return err
	}
	if len(before.Owed) != 1 || before.Owed[0].Duty != "remedy" {
		return fmt.Errorf("after the complaint the body owes %v, told was a remedy", before.Owed)
	}
	t.say("The body agrees, and owes a remedy until %s", before.Owed[0].By)
	var mended registration
	if err := t.post(ctx, provider, "/v1/persons/"+tenant.id.String()+"/corrections", map[string]any{
		"ground": "complaint_upheld", "reasons": "Ол сонда тұрады.", "accept": []string{string(domain.CodeCaseContradicted)},
		"changes": []map[string]any{{"registration_id": registered.RegistrationID, "fact": "ending", "action": "annul"}},
	}, &mended); err != nil {
		return err
	}
	if len(mended.Events) != 1 {
		return fmt.Errorf("the correction is %d events, told was one", len(mended.Events))
	}
	act := domain.EventRef{Stream: mended.Events[0].Stream, Revision: mended.Events[0].Revision}
	if err := t.post(ctx, provider, path+"/remedy", map[string]any{"how": "corrected", "acts": []domain.EventRef{act}}, &struct{}{}); err != nil {
		return err
	}
	if err := t.get(ctx, provider, path, &after); err != nil {
		return err
	}
	if after.State != "granted" || after.Remedy.How != "corrected" || !slices.Equal(after.Remedy.Acts, []domain.EventRef{act}) || len(after.Owed) != 0 {
		return fmt.Errorf("after the remedy the case is %+v", after)
	}
	t.say("%s names the ending that was wrong; both stay in the log, and so does the case: %s", act, after.State)
	return t.residents(ctx, home, tenant)
}

// accesses shows who has read the data of the applicant of the long way, and
// expects that a look-up in other systems is among it.
func (t *teller) accesses(ctx context.Context) error {
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
	t.say("%d accesses, each kind shown once: no answer was given, and no look-up recorded, before its entry.", len(page.Accesses))
	return nil
}
