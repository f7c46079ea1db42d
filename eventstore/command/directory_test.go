package command_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

var (
	astana = domaintest.ID[domain.BodyID]("commission of Astana")
	almaty = domaintest.ID[domain.BodyID]("commission of Almaty")
	desk   = domaintest.ID[domain.BodyID]("desk")
)

// delivered is a log whose events come to a directory when the test says so.
type delivered struct {
	*memoryLog
	out chan domain.Delivery
}

func (d delivered) FollowBodies(context.Context) <-chan domain.Delivery { return d.out }

// deliver delivers what the log holds, and waits until the directory has taken it.
func (d delivered) deliver() {
	for _, rec := range d.since(0) {
		d.out <- domain.Delivery{Position: rec.Position, Recorded: &rec}
	}
	d.out <- domain.Delivery{CaughtUp: true}
	d.out <- domain.Delivery{} // taken only after the one before it has been folded
}

// directory returns a directory that follows the log. Its default bodies take accounts.
func directory(t *testing.T, l *memoryLog) (*command.Directory, delivered) {
	t.Helper()
	return following(t, l, command.NewDirectory(l, true))
}

// following has the directory follow the log.
func following(t *testing.T, l *memoryLog, d *command.Directory) (*command.Directory, delivered) {
	t.Helper()
	from := delivered{l, make(chan domain.Delivery)}
	done := make(chan struct{})
	go func() {
		d.Run(ctx, from)
		close(done)
	}()
	t.Cleanup(func() {
		close(from.out)
		<-done
	})
	from.deliver()
	return d, from
}

func recordBody(t *testing.T, h *command.Handler, id domain.BodyID, kind body.Kind) {
	t.Helper()
	must(t, "record "+id.String(), func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordBody(ctx, cmd, body.Record{BodyID: id, Kind: kind, Description: body.Description{
			Names: body.Names{Kazakh: "Орган", Russian: "Орган", English: "Body"},
		}}, command.Options{})
	})
	must(t, "appoint in "+id.String(), func(cmd domain.Command) (command.Receipt, error) {
		return h.AppointOfficial(ctx, cmd, id, body.Appoint{
			PersonID: aigul, Office: body.Head, From: domaintest.Day("2026-01-01"), Until: domaintest.Day("2027-01-01"),
			Basis: "order 1",
		}, command.Options{})
	})
}

func openAccount(
	h *command.Handler, id domain.BodyID, account string, known *command.Directory,
) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.OpenAccount(ctx, cmd, id, body.OpenAccount{Account: account, PersonID: aigul}, command.Options{}, known)
	}
}

// officials is a log with bodies and an account of one of them.
func officials(t *testing.T) (*memoryLog, *command.Handler, *command.Directory, delivered) {
	t.Helper()
	l := newLog()
	h := newHandler(l)
	if err := h.RecordDefaultBodies(ctx); err != nil {
		t.Fatal(err)
	}
	recordBody(t, h, astana, body.Commission)
	recordBody(t, h, almaty, body.Commission)
	recordBody(t, h, desk, body.Desk)
	d, from := directory(t, l)
	must(t, "open", openAccount(h, astana, "astana-1", d))
	from.deliver()
	return l, h, d, from
}

func TestAnAccountActsForTheBodyThatNamesIt(t *testing.T) {
	_, _, d, _ := officials(t)
	today := domaintest.Today()
	for _, test := range []struct {
		name    string
		account string
		role    domain.Role
		claimed domain.BodyID
		on      domain.Date
		body    domain.BodyID // zero: the account is not accepted
		person  domain.PersonID
	}{
		{"for its body", "astana-1", domain.RoleCommission, astana, today, astana, aigul},
		{"for the body that has it where none is claimed", "astana-1", domain.RoleCommission, domain.BodyID{}, today,
			astana, aigul},
		{"for no other body", "astana-1", domain.RoleCommission, almaty, today, domain.BodyID{}, domain.PersonID{}},
		{"not for the default body", "astana-1", domain.RoleCommission, body.Default(domain.RoleCommission), today,
			domain.BodyID{}, domain.PersonID{}},
		{"with no other role", "astana-1", domain.RoleAuditor, astana, today, domain.BodyID{}, domain.PersonID{}},
		{"not after the term of its official", "astana-1", domain.RoleCommission, astana, domaintest.Day("2027-01-01"),
			domain.BodyID{}, domain.PersonID{}},
		{"an account that no body has, for the default body", "commission-1", domain.RoleCommission, domain.BodyID{},
			today, body.Default(domain.RoleCommission), domain.PersonID{}},
		{"an account that no body has, for no other body", "commission-1", domain.RoleCommission, astana, today,
			domain.BodyID{}, domain.PersonID{}},
		{"for no body that is not recorded", "astana-1", domain.RoleCommission,
			domaintest.ID[domain.BodyID]("unknown"), today, domain.BodyID{}, domain.PersonID{}},
		{"an account that no body has, for no body that is not recorded", "commission-1", domain.RoleCommission,
			domaintest.ID[domain.BodyID]("unknown"), today, domain.BodyID{}, domain.PersonID{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := d.Resolve(ctx, test.account, test.role, test.claimed, test.on)
			if test.body.IsZero() {
				if err == nil || domain.CodeOf(err) != "" {
					t.Errorf("accepted for %+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Body.ID != test.body || got.PersonID != test.person {
				t.Errorf("acts for %+v as %v: %v", got.Body, got.PersonID, err)
			}
		})
	}
}

// TestAnAccountThatNoBodyHasIsOfAnAdministrator, or it is refused with a code of its own,
// whether its token names the default body or none. An account that the default body has acts
// for it, as for every other body.
func TestAnAccountThatNoBodyHasIsOfAnAdministrator(t *testing.T) {
	l := newLog()
	h := newHandler(l)
	if err := h.RecordDefaultBodies(ctx); err != nil {
		t.Fatal(err)
	}
	d, from := following(t, l, command.NewDirectory(l, false))
	for _, kind := range body.Kinds {
		role := kind.Role()
		for _, claimed := range []domain.BodyID{{}, body.Default(role)} {
			want := domain.CodeAccountNoBody
			if role == domain.RoleAdministrator {
				want = ""
			}
			got, err := d.Resolve(ctx, string(role)+"-1", role, claimed, domaintest.Today())
			if domain.CodeOf(err) != want || (err == nil) != (want == "") {
				t.Errorf("%s for the body %v: %+v, %v", role, claimed, got.Body, err)
			}
			if err != nil && !domain.IsKind(err, domain.Forbidden) {
				t.Errorf("%s: %v is not a refusal of rights", role, err)
			}
		}
	}

	commission := body.Default(domain.RoleCommission)
	must(t, "appoint in the default body", func(cmd domain.Command) (command.Receipt, error) {
		return h.AppointOfficial(ctx, cmd, commission, body.Appoint{
			PersonID: aigul, Office: body.Head, From: domaintest.Day("2026-01-01"), Until: domaintest.Day("2027-01-01"),
			Basis: "order 1",
		}, command.Options{})
	})
	must(t, "open in the default body", openAccount(h, commission, "commission-1", d))
	from.deliver()
	got, err := d.Resolve(ctx, "commission-1", domain.RoleCommission, domain.BodyID{}, domaintest.Today())
	if err != nil || got.Body.ID != commission || got.PersonID != aigul {
		t.Errorf("an account of the default body: %+v, %v", got, err)
	}
}

func TestAnAccountThatIsNotDeliveredYetIsAccepted(t *testing.T) {
	l, h, d, _ := officials(t)
	fresh := domaintest.ID[domain.BodyID]("recorded a moment ago")
	recordBody(t, h, fresh, body.Commission)
	must(t, "open a moment ago", openAccount(h, fresh, "fresh-1", d))
	got, err := d.Resolve(ctx, "fresh-1", domain.RoleCommission, fresh, domaintest.Today())
	if err != nil || got.Body.ID != fresh || got.PersonID != aigul {
		t.Errorf("%+v, %v", got, err)
	}
	must(t, "open in a body that is delivered", openAccount(h, astana, "astana-2", d))
	got, err = d.Resolve(ctx, "astana-2", domain.RoleCommission, astana, domaintest.Today())
	if err != nil || got.PersonID != aigul {
		t.Errorf("of a body that is delivered: %+v, %v", got, err)
	}
	reads := l.reads
	if _, err := d.Resolve(ctx, "astana-1", domain.RoleCommission, astana, domaintest.Today()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Resolve(ctx, "any", domain.RoleCommission, domain.BodyID{}, domaintest.Today()); err != nil {
		t.Fatal(err)
	}
	if l.reads != reads {
		t.Errorf("what was delivered costs %d reads of the log", l.reads-reads)
	}
}

func TestAClosedAccountIsRefusedOnceItIsDelivered(t *testing.T) {
	_, h, d, from := officials(t)
	from.deliver() // once more, up to the last event
	must(t, "close", func(cmd domain.Command) (command.Receipt, error) {
		return h.CloseAccount(ctx, cmd, astana, body.CloseAccount{Account: "astana-1", Reasons: "left"}, command.Options{})
	})
	from.deliver()
	// A subscription that begins anew delivers the opening once more, and not yet the closing.
	again := from.since(0)
	for _, rec := range again[:len(again)-1] {
		from.out <- domain.Delivery{Position: rec.Position, Recorded: &rec}
	}
	from.out <- domain.Delivery{}
	if all, err := d.Bodies(ctx); err != nil || !slices.ContainsFunc(all, func(b *body.Body) bool {
		return b.ID == astana && len(b.Accounts) == 1 && len(b.Officials) == 1
	}) {
		t.Errorf("what was delivered twice is folded twice: %v", err)
	}
	for _, claimed := range []domain.BodyID{astana, {}} {
		if got, err := d.Resolve(ctx, "astana-1", domain.RoleCommission, claimed, domaintest.Today()); err == nil {
			t.Errorf("accepted for %+v", got.Body)
		}
	}
}

// TestC31_TheAccountOfAConsumerNamesNobody: its system goes on when officials leave, and ends with the account.
func TestC31_TheAccountOfAConsumerNamesNobody(t *testing.T) {
	_, h, d, from := officials(t)
	tax := domaintest.ID[domain.BodyID]("tax")
	must(t, "record", func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordBody(ctx, cmd, body.Record{BodyID: tax, Kind: body.Consumer, Description: body.Description{
			Names: body.Names{Kazakh: "Орган", Russian: "Орган", English: "Body"},
		}}, command.Options{})
	})
	must(t, "open", func(cmd domain.Command) (command.Receipt, error) {
		return h.OpenAccount(ctx, cmd, tax, body.OpenAccount{Account: "tax-1"}, command.Options{}, d)
	})
	must(t, "allow", func(cmd domain.Command) (command.Receipt, error) {
		return h.AllowConsumer(ctx, cmd, tax, body.Allow{Allowance: body.Allowance{
			Facts: domain.FactKinds, WholeCountry: true, Basis: "agreement 14",
		}}, command.Options{})
	})
	from.deliver()
	got, err := d.Resolve(ctx, "tax-1", domain.RoleConsumer, domain.BodyID{}, domaintest.Today())
	if err != nil || got.Body.ID != tax || !got.PersonID.IsZero() || got.Body.Allowance == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := d.Resolve(ctx, "tax-1", domain.RoleAuditor, domain.BodyID{}, domaintest.Today()); err == nil {
		t.Error("the account has another role too")
	}
	must(t, "end the allowance", func(cmd domain.Command) (command.Receipt, error) {
		return h.EndAllowance(ctx, cmd, tax, body.EndAllowance{Reasons: "r"}, command.Options{})
	})
	must(t, "close", func(cmd domain.Command) (command.Receipt, error) {
		return h.CloseAccount(ctx, cmd, tax, body.CloseAccount{Account: "tax-1", Reasons: "r"}, command.Options{})
	})
	from.deliver()
	if b, err := d.Body(ctx, tax); err != nil || b.Allowance != nil {
		t.Errorf("after the end of the allowance: %+v, %v", b, err)
	}
	if _, err := d.Resolve(ctx, "tax-1", domain.RoleConsumer, domain.BodyID{}, domaintest.Today()); err == nil {
		t.Error("a closed account is accepted")
	}
}

// TestNobodyActsForABodyWithAnUnreadableEvent: the event may have closed their account. Other
// bodies are not held up.
func TestNobodyActsForABodyWithAnUnreadableEvent(t *testing.T) {
	_, h, d, from := officials(t)
	must(t, "open in almaty", openAccount(h, almaty, "almaty-1", d))
	from.deliver()
	unread := &eventstore.UnreadableError{Event: domain.EventRef{Stream: astana.Stream(), Revision: 9}}
	from.out <- domain.Delivery{Recorded: &domain.Recorded{Stream: astana.Stream(), Revision: 9}, Poison: unread}
	from.out <- domain.Delivery{}
	_, err := d.Resolve(ctx, "astana-1", domain.RoleCommission, astana, domaintest.Today())
	if domain.CodeOf(err) != domain.CodeRecordUnread {
		t.Errorf("%v, want %q", err, domain.CodeRecordUnread)
	}
	if _, err := d.Resolve(ctx, "almaty-1", domain.RoleCommission, almaty, domaintest.Today()); err != nil {
		t.Errorf("another body: %v", err)
	}
}

// TestAnEventInTheStreamOfAnotherBodyMakesNoAccount: the revision of a stream guards its own
// body alone, so what another stream says of it was never decided on it.
func TestAnEventInTheStreamOfAnotherBodyMakesNoAccount(t *testing.T) {
	_, _, d, from := officials(t)
	from.out <- domain.Delivery{Recorded: &domain.Recorded{
		Stream: almaty.Stream(), Revision: 99, Event: body.AccountOpened{BodyID: astana, Account: "stray-1", PersonID: aigul},
	}}
	from.out <- domain.Delivery{}
	if got, err := d.Resolve(ctx, "stray-1", domain.RoleCommission, astana, domaintest.Today()); err == nil {
		t.Errorf("it acts for %+v", got.Body)
	}
}

func TestTheDefaultBodiesAreKnownBeforeTheLogHasThem(t *testing.T) {
	d, _ := directory(t, newLog())
	id := body.Default(domain.RoleCommission)
	got, err := d.Resolve(ctx, "commission-1", domain.RoleCommission, domain.BodyID{}, domaintest.Today())
	if err != nil || got.Body.ID != id {
		t.Errorf("%+v, %v", got.Body, err)
	}
}

func TestNoTwoBodiesHaveAnAccountOfOneName(t *testing.T) {
	_, h, d, from := officials(t)
	if _, err := openAccount(h, almaty, "astana-1", d)(envelope("take")); domain.CodeOf(err) != domain.CodeAccountTaken {
		t.Errorf("the name of another body's account is taken: %v", err)
	}

	// Two at the same moment, of which neither directory knows the other's.
	late, _ := directory(t, newLog())
	must(t, "first", openAccount(h, almaty, "shared", late))
	must(t, "second", openAccount(h, astana, "shared", late))
	from.deliver()
	if got, err := d.Resolve(ctx, "shared", domain.RoleCommission, domain.BodyID{}, domaintest.Today()); err != nil ||
		got.Body.ID != almaty {
		t.Errorf("the account of the first acts for %+v: %v", got, err)
	}
	if got, err := d.Resolve(ctx, "shared", domain.RoleCommission, astana, domaintest.Today()); err == nil {
		t.Errorf("the account of the second acts for %+v", got.Body)
	}
}

func TestTheDefaultBodiesAreRecordedOnce(t *testing.T) {
	l := newLog()
	for range 2 {
		if err := newHandler(l).RecordDefaultBodies(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(l.since(0)); got != len(body.Kinds) {
		t.Errorf("%d events, want one for each of %v", got, body.Kinds)
	}
}

func TestABodyAboveIsARecordedBody(t *testing.T) {
	_, h, _, _ := officials(t)
	record := body.Record{
		BodyID: domaintest.ID[domain.BodyID]("below"), Kind: body.Commission,
		Description: body.Description{
			Names:  body.Names{Kazakh: "Орган", Russian: "Орган", English: "Body"},
			Parent: domaintest.ID[domain.BodyID]("unknown"),
		},
	}
	if _, err := h.RecordBody(ctx, envelope("below"), record, command.Options{}); domain.CodeOf(err) !=
		domain.CodeBodyUnknown {
		t.Errorf("below an unknown body: %v", err)
	}
	record.Parent = astana
	if _, err := h.RecordBody(ctx, envelope("below"), record, command.Options{}); err != nil {
		t.Error(err)
	}
}

// endBody ends a body into another one.
func endBody(h *command.Handler, id, heir domain.BodyID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.EndBody(ctx, cmd, id, heir, body.End{How: body.Merged, Basis: "resolution 119"}, command.Options{})
	}
}

// TestC27_AnHeirIsFoundInOneLook, also behind several bodies that ended one after the other.
func TestC27_AnHeirIsFoundInOneLook(t *testing.T) {
	_, h, d, from := officials(t)
	third := domaintest.ID[domain.BodyID]("third commission")
	recordBody(t, h, third, body.Commission)
	must(t, "astana into almaty", endBody(h, astana, almaty))
	must(t, "almaty into third", endBody(h, almaty, third))
	from.deliver()
	heirs, err := d.Heirs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []domain.BodyID{astana, almaty, third} {
		if got := heirs.Of(id); got != third {
			t.Errorf("the heir of %s is %s", id, got)
		}
	}
	former, err := d.Former(ctx, third)
	if err != nil || len(former) != 2 {
		t.Errorf("in whose place it is: %v, %v", former, err)
	}
	if _, err := d.Resolve(ctx, "astana-1", domain.RoleCommission, astana, domaintest.Today()); err == nil ||
		!strings.Contains(err.Error(), third.String()) {
		t.Errorf("an account of a body that has ended: %v", err)
	}
}

// TestC27_OfTwoBodiesThatEndIntoEachOtherTheFirstInTheLogEnds in every process.
func TestC27_OfTwoBodiesThatEndIntoEachOtherTheFirstInTheLogEnds(t *testing.T) {
	l, h, d, from := officials(t)
	must(t, "astana into almaty", endBody(h, astana, almaty))
	// Another process decided at the same moment, on what it knew.
	at, id := len(l.stream(almaty.Stream())), domaintest.ID[domain.CommandID]("at the same moment")
	e := body.Ended{BodyID: almaty, How: body.Merged, SuccessorID: astana, Basis: "r", EndedAt: domaintest.Noon()}
	if _, err := l.Append(ctx, almaty.Stream(), eventstore.Expected(at-1), []eventstore.NewEvent{
		{ID: id.UUID, Event: e, Meta: domain.Meta{Causation: id}},
	}); err != nil {
		t.Fatal(err)
	}
	from.deliver()
	heirs, err := d.Heirs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if heirs.Of(astana) != almaty || heirs.Of(almaty) != almaty {
		t.Errorf("the heirs are %s and %s, want %s", heirs.Of(astana), heirs.Of(almaty), almaty)
	}
	if b, err := d.Body(ctx, almaty); err != nil || b.Ended != nil {
		t.Errorf("both have ended: %v", err)
	}
}
