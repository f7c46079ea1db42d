// Package domaintest lets tests of the deciders read as specifications: given
// what has happened, when a command is given, then these events happen, or it
// is refused with a code and the field at fault.
package domaintest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Spec is one specification of a decider of the state S.
type Spec[S any] struct {
	Name    string // begins with the id of the rule that it proves
	Given   []domain.Event
	When    func(*S) ([]domain.Event, error)
	Then    []domain.Event // what happens; or
	Refused domain.Code    // why nothing does,
	Field   string         // and which field is to blame
}

// State is a fold of one stream.
type State[S any] interface {
	*S
	Apply(domain.Recorded)
}

// Run proves the specifications. It asks every decider twice: one that changed
// its state would contradict itself.
func Run[S any, P State[S]](t *testing.T, specs []Spec[S]) {
	t.Helper()
	for _, spec := range specs {
		t.Run(spec.Name, func(t *testing.T) {
			t.Helper()
			s := Fold[S, P](spec.Given...)
			for range 2 {
				got, err := spec.When(s)
				if spec.Refused == "" {
					Happened(t, got, err, spec.Then...)
				} else {
					Refused(t, got, err, spec.Refused, spec.Field)
				}
			}
		})
	}
}

// Happened fails the test unless exactly these events were decided.
func Happened(t testing.TB, got []domain.Event, err error, want ...domain.Event) {
	t.Helper()
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if diff := Diff(want, got); diff != "" {
		t.Fatalf("decided (-want +got):\n%s", diff)
	}
}

// Refused fails the test unless the decider refused with the code, blamed the
// field and decided nothing.
func Refused(t testing.TB, got []domain.Event, err error, code domain.Code, field string) {
	t.Helper()
	if len(got) != 0 {
		t.Fatalf("decided %v, want the refusal %s", Types(got), code)
	}
	var refusal *domain.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v, want the refusal %s", err, code)
	}
	if refusal.Code != code || refusal.Field != field {
		t.Fatalf("refused with %s at %q, want %s at %q", refusal.Code, refusal.Field, code, field)
	}
	if refusal.Message == "" {
		t.Fatalf("the refusal %s does not say how to mend it", code)
	}
}

// Diff compares events, or values that hold some; "" where they are equal. A
// time is the same instant, whatever its zone.
func Diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b domain.Date) bool { return a == b }),
		cmp.Transformer("show", func(d domain.PersonalDate) string { text, _ := d.MarshalText(); return string(text) }),
		cmpopts.EquateComparable(rules.Fraction{}),
		// Shown in a failing test only, and invented there.
		cmp.Transformer("show", func(p domain.Personal) string { return string(p) }),
		cmp.Transformer("show", func(i domain.IIN) string { return string(i) }))
}

// Types names the types of the events.
func Types(events []domain.Event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.EventType()
	}
	return names
}

// Fold returns the state after the events, recorded one after another.
func Fold[S any, P State[S]](events ...domain.Event) *S {
	s := new(S)
	for i, e := range events {
		P(s).Apply(Recorded(i, e))
	}
	return s
}

// Recorded returns the event as the log would hold it as the i-th of its
// stream: at position 100+i, caused by [Command] at noon.
func Recorded(i int, e domain.Event) domain.Recorded {
	return domain.Recorded{
		ID: ID[domain.CommandID](e.EventType() + string(rune('a'+i))).UUID, Revision: uint64(i), Position: domain.Position(100 + i),
		Created: Noon(), Event: e, Meta: domain.Meta{Causation: Command().ID, Actor: Command().Actor, Role: Command().Role, Channel: Command().Channel},
	}
}

// ID returns an id of the type for a name, always the same one.
func ID[T ~struct{ uuid.UUID }](name string) T {
	return T(struct{ uuid.UUID }{domain.DeriveID(uuid.NameSpaceOID, name)})
}

// Signed is the evidence that a signature of that person by the method leaves.
func Signed(m domain.SignatureMethod, signer domain.PersonID) domain.Evidence {
	if m != domain.SignatureEDS && m != domain.SignatureOTP {
		return domain.Evidence{}
	}
	e := domain.EvidenceOf(signer, []byte(`{"application":{}}`))
	if m == domain.SignatureEDS {
		e.CMS, e.Certificate = domain.PersonalBytes("a signature"), "2a"
	} else {
		e.Challenge = ID[domain.ChallengeID]("challenge")
	}
	return e
}

// Basis is a document that is named whole.
func Basis() domain.Basis {
	return domain.Basis{
		Type: domain.DocumentTitle, Number: "17-304", IssuedOn: Day("2026-03-10"), Issuer: "notary",
		SHA256: domain.Personal(domain.TextDigest([]byte("a file"))),
	}
}

// Day reads YYYY-MM-DD.
func Day(s string) domain.Date {
	d, err := domain.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// Noon is the instant at which the specifications happen: 15 March 2026, 12:00
// in [domain.Zone].
func Noon() time.Time { return time.Date(2026, 3, 15, 12, 0, 0, 0, domain.Zone) }

// Today is the day of [Noon].
func Today() domain.Date { return domain.DateOf(Noon()) }

// Command is the envelope of a command at [Noon]: a desk of the State
// Corporation, which files on paper.
func Command() domain.Command {
	return domain.Command{
		ID: ID[domain.CommandID]("order"), Actor: "desk-7", Role: domain.RoleOperator,
		Channel: domain.ChannelStateCorp, Now: Noon(),
	}
}

// CommandOn is [Command] at noon of another day.
func CommandOn(day string) domain.Command {
	o := Command()
	o.Now = Day(day).Start().Add(12 * time.Hour)
	return o
}

// CommandThrough is [Command] through another channel.
func CommandThrough(c domain.Channel) domain.Command {
	o := Command()
	o.Channel = c
	return o
}
