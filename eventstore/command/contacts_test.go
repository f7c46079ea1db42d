package command_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// own is the envelope of a citizen's own command of that name.
func own(name string) domain.Command {
	cmd := envelope(name)
	cmd.Role, cmd.Channel = domain.RoleCitizen, domain.ChannelPortal
	return cmd
}

// stateContacts has the person state contacts, and returns the event.
func stateContacts(
	t testing.TB, h *command.Handler, name string, who domain.PersonID, c residence.StateContacts,
) residence.ContactsStated {
	t.Helper()
	r, err := h.StateContacts(ctx, own(name), who, c, command.Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r.Events[0].Event.(residence.ContactsStated)
}

// confirm has the person state contacts and hand in their codes.
func confirm(t testing.TB, l *memoryLog, who domain.PersonID, c residence.StateContacts) {
	t.Helper()
	name := "contacts of " + who.String() + string(c.Phone+c.Email)
	h := newHandler(l, withPasswords(nobodysPhones, &post{}))
	e := stateContacts(t, h, name, who, c)
	for _, contact := range e.Codes {
		code := domain.Personal(passwordKey.Code(e.Challenge(contact), e.Digits))
		if _, err := h.ConfirmContact(ctx, own(name+string(contact)), who, contact, code, command.Options{}); err != nil {
			t.Fatalf("%s: %v", contact, err)
		}
	}
}

var nobodysPhones = phones{}

var sixDigits = regexp.MustCompile("[0-9]{6}")

func TestC11_AContactIsInForceWithTheCodeThatWasSentThere(t *testing.T) {
	l, sent := world(t), &post{}
	h := newHandler(l, withPasswords(nobodysPhones, sent))
	c := residence.StateContacts{Phone: "+77010000001", Email: "aigul@example.kz", Language: domain.English}
	e := stateContacts(t, h, "state", aigul, c)
	if p, err := h.Person(ctx, aigul); err != nil || p.Contacts.Phone != "" || p.Contacts.Email != "" {
		t.Fatalf("in force before any code: %v, %v", p.Contacts, err)
	}
	messages := sent.messages()
	if len(messages) != 2 {
		t.Fatalf("%d messages were sent, want an SMS and an e-mail", len(messages))
	}
	for contact, to := range map[residence.Contact]domain.Personal{residence.Phone: c.Phone, residence.Email: c.Email} {
		m := messages[e.Challenge(contact).UUID]
		code := domain.Personal(sixDigits.FindString(string(m.Text)))
		if m.To != to || code == "" || !strings.Contains(string(m.Text), "30 minutes") {
			t.Errorf("to %q: %q", string(m.To), string(m.Text))
		}
		if _, err := h.ConfirmContact(ctx, own("wrong "+string(contact)), aigul, contact, "000000", command.Options{}); code != "000000" &&
			domain.CodeOf(err) != domain.CodeContactCodeWrong {
			t.Errorf("a wrong code: %v", err)
		}
		if _, err := h.ConfirmContact(ctx, own(string(contact)), aigul, contact, code, command.Options{}); err != nil {
			t.Errorf("the code: %v", err)
		}
	}
	if p, err := h.Person(ctx, aigul); err != nil || p.Contacts.Phone != c.Phone || p.Contacts.Email != c.Email {
		t.Errorf("in force after the codes: %v, %v", p.Contacts, err)
	}
}

func TestC11_ADryRunTellsNotWhetherACodeIsRight(t *testing.T) {
	l := world(t)
	h := newHandler(l, withPasswords(nobodysPhones, &post{}))
	e := stateContacts(t, h, "state", aigul, residence.StateContacts{Phone: "+77010000001", Language: domain.Kazakh})
	n := l.len()
	right := domain.Personal(passwordKey.Code(e.Challenge(residence.Phone), e.Digits))
	for i, code := range []domain.Personal{right, "000000", "111111"} {
		r, err := h.ConfirmContact(
			ctx, own(fmt.Sprint("try ", i)), aigul, residence.Phone, code, command.Options{DryRun: true},
		)
		if err != nil || !r.Planned {
			t.Errorf("%v, %v", r, err)
		}
	}
	if l.len() != n {
		t.Errorf("recorded %v", typesOf(l.since(n)))
	}
}

func TestC11_TheSameWrongCodeSentAgainCostsOneTry(t *testing.T) {
	l := world(t)
	h := newHandler(l, withPasswords(nobodysPhones, &post{}))
	stateContacts(t, h, "state", aigul, residence.StateContacts{Phone: "+77010000001", Language: domain.Kazakh})
	n := l.len()
	for range 3 {
		_, err := h.ConfirmContact(ctx, own("try"), aigul, residence.Phone, "xxxxxx", command.Options{})
		if domain.CodeOf(err) != domain.CodeContactCodeWrong {
			t.Fatal(err)
		}
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"residence: ContactCodeRejected"}) {
		t.Errorf("recorded %v", got)
	}
}

// TestC19_C11_CodesToOneTelephoneAreCountedWhoeverAsks: ten persons state the same
// telephone, and neither an eleventh nor somebody who signs gets one more there.
func TestC19_C11_CodesToOneTelephoneAreCountedWhoeverAsks(t *testing.T) {
	const phone = domain.Personal("+77010000009")
	l, sent := world(t), &post{}
	h := newHandler(l, withPasswords(phones{"999999000012": phone}, sent))
	confirm(t, l, erlan, residence.StateContacts{Phone: phone, Language: domain.Kazakh})
	for i := range 9 {
		who := domaintest.ID[domain.PersonID](fmt.Sprint("stranger ", i))
		must(t, who.String(), recordPerson(h, who))
		stateContacts(t, h, "state "+who.String(), who, residence.StateContacts{Phone: phone, Language: domain.Kazakh})
	}
	n := l.len()
	_, err := h.StateContacts(
		ctx, own("one more"), daur, residence.StateContacts{Phone: phone, Language: domain.Kazakh}, command.Options{},
	)
	if domain.CodeOf(err) != domain.CodeTooManyCodes {
		t.Errorf("one more statement: %v", err)
	}
	_, _, err = h.SendPassword(ctx, own("sign"), erlan, domain.Personal(domain.TextDigest(signedText)), command.Options{})
	if domain.CodeOf(err) != domain.CodeTooManyCodes {
		t.Errorf("a one-time password: %v", err)
	}
	if l.len() != n || len(sent.messages()) != 9 {
		t.Errorf("recorded %v, and %d messages were sent", typesOf(l.since(n)), len(sent.messages()))
	}
	stateContacts(t, h, "another telephone", daur, residence.StateContacts{Phone: "+77010000010", Language: domain.Kazakh})
	if len(sent.messages()) != 10 {
		t.Error("another telephone got no code")
	}
	for _, rec := range l.since(0) {
		if _, ok := rec.Event.(otp.CodeSent); ok && strings.Contains(rec.Stream, "7701") {
			t.Errorf("the stream %s tells the telephone", rec.Stream)
		}
	}
}

// TestC11_AStopBeforeTheCodeIsSentIsMadeGoodByTheSameCommand: the statement is in the log
// and the gateway has nothing.
func TestC11_AStopBeforeTheCodeIsSentIsMadeGoodByTheSameCommand(t *testing.T) {
	l, sent := world(t), &post{}
	away := newHandler(l, withPasswords(nobodysPhones, &post{answer: func(command.Message) error { return errLost }}))
	c := residence.StateContacts{Phone: "+77010000001", Language: domain.Kazakh}
	n := l.len()
	if _, err := away.StateContacts(ctx, own("state"), aigul, c, command.Options{}); domain.CodeOf(err) != domain.CodeContactCodeNotSent {
		t.Fatal(err)
	}
	for range 2 {
		stateContacts(t, newHandler(l, withPasswords(nobodysPhones, sent)), "state", aigul, c)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"contact: CodeSent", "residence: ContactsStated"}) {
		t.Errorf("recorded %v", got)
	}
	if len(sent.messages()) != 1 {
		t.Errorf("%d messages have an id of their own", len(sent.messages()))
	}
}

func TestC11_ADryRunOfAStatementSendsAndRecordsNothing(t *testing.T) {
	l, sent := world(t), &post{}
	h := newHandler(l, withPasswords(nobodysPhones, sent))
	n := l.len()
	r, err := h.StateContacts(ctx, own("state"), aigul,
		residence.StateContacts{Phone: "+77010000001", Language: domain.Kazakh}, command.Options{DryRun: true})
	if err != nil || !r.Planned || l.len() != n || len(sent.messages()) > 0 {
		t.Errorf("%v, %v, recorded %v, and %d messages were sent", r, err, typesOf(l.since(n)), len(sent.messages()))
	}
}

// TestC11_AStatementThatIsRepeatedSendsNoCodeThatIsOfNoUse: a code for each contact is
// on its way already, and a second message with it would tell a stranger.
func TestC11_AStatementThatIsRepeatedSendsNoCodeThatIsOfNoUse(t *testing.T) {
	c := residence.StateContacts{Phone: "+77010000001", Email: "aigul@example.kz", Language: domain.Kazakh}
	for name, since := range map[string]struct {
		happened func(t *testing.T, l *memoryLog, h *command.Handler, e residence.ContactsStated)
		after    time.Duration
		ways     []notice.Way // where the code of the contact is sent again
	}{
		"nothing happened": {
			func(*testing.T, *memoryLog, *command.Handler, residence.ContactsStated) {}, 0,
			[]notice.Way{notice.Email, notice.SMS},
		},
		"one contact is confirmed": {
			func(t *testing.T, _ *memoryLog, h *command.Handler, e residence.ContactsStated) {
				code := domain.Personal(passwordKey.Code(e.Challenge(residence.Phone), e.Digits))
				if _, err := h.ConfirmContact(ctx, own("confirm"), aigul, residence.Phone, code, command.Options{}); err != nil {
					t.Fatal(err)
				}
			}, 0, []notice.Way{notice.Email},
		},
		"other contacts were stated": {
			func(t *testing.T, _ *memoryLog, h *command.Handler, _ residence.ContactsStated) {
				stateContacts(t, h, "others", aigul, residence.StateContacts{Phone: "+77010000002", Language: domain.Kazakh})
			}, 0, nil,
		},
		"the codes are too old": {
			func(*testing.T, *memoryLog, *command.Handler, residence.ContactsStated) {}, 30 * time.Minute, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			h := newHandler(l, withPasswords(nobodysPhones, &post{}))
			since.happened(t, l, h, stateContacts(t, h, "state", aigul, c))
			n, sent := l.len(), &post{}
			cmd := own("state")
			cmd.Now = cmd.Now.Add(since.after)
			again := newHandler(l, withPasswords(nobodysPhones, sent))
			if _, err := again.StateContacts(ctx, cmd, aigul, c, command.Options{}); err != nil {
				t.Fatal(err)
			}
			var ways []notice.Way
			for _, m := range sent.messages() {
				ways = append(ways, m.Way)
			}
			slices.Sort(ways)
			if !slices.Equal(ways, since.ways) || l.len() != n {
				t.Errorf("sent by %v, want %v; recorded %v", ways, since.ways, typesOf(l.since(n)))
			}
		})
	}
}

// TestC11_AChangeOfContactsIsToldWhereThePersonWasReachedBefore: also when the new
// contact is in force before the notice is sent.
func TestC11_AChangeOfContactsIsToldWhereThePersonWasReachedBefore(t *testing.T) {
	l := telling(t)
	notifier(l, book{l}, &post{}, clock).Once(ctx)
	notifier(l, book{l}, &post{}, clock).Once(ctx)
	confirm(t, l, aigul, residence.StateContacts{Phone: "+77019999999", Language: domain.Russian})
	p := &post{}
	for range 2 {
		notifier(l, book{l}, p, clock).Once(ctx)
	}
	for _, m := range p.messages() {
		if m.To != "+77010000001" || m.Way != notice.SMS || !strings.Contains(string(m.Text), "другие контактные данные") {
			t.Errorf("sent to %q: %q", string(m.To), string(m.Text))
		}
	}
	if len(p.messages()) != 1 {
		t.Errorf("%d messages", len(p.messages()))
	}
}
